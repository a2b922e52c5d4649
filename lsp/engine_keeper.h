// EngineKeeper: the one engine of a process. It is loaded by a thread of its own when somebody
// first wants it, and stays; when nobody asks it anything it rests (engine.h).
//
// Thread: the loop. Ownership: owns the engine and its thread; borrows the Loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/status.h"
#include "engine/engine.h"
#include "lsp/abilities.h"
#include "lsp/loop.h"

namespace rondo::lsp {

struct EngineSource {
  // Why there is no engine.model; ok: it is a folder.
  Status model_found;
  engine::EngineOptions engine;
  // How it is loaded, on the keeper's thread.
  std::function<Result<std::unique_ptr<engine::Engine>>(const engine::EngineOptions&)> load =
      engine::Engine::load;
};

class EngineKeeper {
 public:
  using Loaded = std::function<void(const Result<engine::Engine*>& engine)>;

  EngineKeeper(Loop& loop, EngineSource source);

  // `loaded` runs on the loop with the engine or with the reason why there is none: the next who
  // wants it makes us try again.
  void want(Loaded loaded);
  // Runs `work` on the keeper's thread, after what was given before.
  void behind(std::function<void()> work);

  // Null while there is none.
  engine::Engine* engine() const { return engine_.get(); }
  // Of the engine; nothing before there was one.
  const Abilities& abilities() const { return abilities_; }
  // "none", "loading", "ready" or "failed".
  std::string state() const;
  const EngineSource& source() const { return source_; }

 private:
  void load();
  void loaded(Result<std::unique_ptr<engine::Engine>> engine, Abilities abilities);

  Loop& loop_;
  const EngineSource source_;
  std::unique_ptr<engine::Engine> engine_;
  Abilities abilities_;
  std::vector<Loaded> waiting_;
  bool loading_ = false;
  bool failed_ = false;

  BoundedQueue<std::function<void()>> queue_{1024};
  std::jthread thread_;  // last: ends before what it uses goes
};

}  // namespace rondo::lsp
