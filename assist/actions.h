// Actions: lists and makes the code actions of one workspace folder.
//
// Thread: any may call, no call waits. Two threads of its own: one lists, which must be quick, one
// makes, one action after the other. `done` comes from them, exactly once.
// Ownership: borrows index and engine, which must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "assist/action.h"
#include "base/status.h"
#include "engine/engine.h"
#include "workspace/block_index.h"

namespace rondo::assist {

struct ActionsOptions {
  std::string folder;  // where the indexed files lie, absolute; empty: nowhere
  ActionAbilities abilities;
  // Whether generated code may run in the folder now; called on its threads. Unset: no.
  std::function<bool()> runs_code;
  // Why the model must not read a document, a sentence without its end; nothing when it may. Called
  // on its threads; unset: all may be read.
  std::function<std::optional<std::string>(const workspace::Document&)> refuse;
};

// One that was offered is to be made.
struct ActionOrder {
  workspace::DocumentSnapshot document;
  Action action;
  std::string client;  // names cursor sequences
  // Told in a few words what is being done, from its thread. Set.
  std::function<void(std::string message)> report;
};

class Actions {
 public:
  Actions(engine::Engine& engine, const workspace::BlockIndex& index, ActionsOptions options);
  ~Actions();

  // Errors through `done`: Cancelled. None is offered in documents that the model must not read.
  void list(ActionQuery query, std::stop_token stop,
            std::function<void(Result<std::vector<Action>>)> done);

  // Errors through `done`: as ActionKind::make says; InvalidArgument for kinds that there are not;
  // Unavailable when too many wait.
  void make(ActionOrder order, std::stop_token stop,
            std::function<void(Result<ActionOutcome>)> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::assist
