// ActionWork: what an action has while it is made.
//
// Thread: the one that makes it. Borrows everything.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "assist/action_scene.h"
#include "assist/step_loop.h"
#include "engine/engine.h"

namespace rondo::assist {

struct ActionWork {
  const ActionScene& scene;
  engine::Engine& engine;
  std::string folder;  // where the indexed files lie, absolute; empty: nowhere
  std::string client;  // names cursor sequences
  std::stop_token stop;
  // Told in a few words what is being done. Set.
  std::function<void(std::string message)> report;
};

// A hole to be filled in a state of the document that is being edited.
struct Hole {
  std::string path;  // of another file than the document; empty: the document's
  std::string text;  // the whole text, LF or as the document; the hole cut out or not
  workspace::ByteRange bytes;
  AnswerLength length = AnswerLength::kLine;
  int32_t depth = 3;
  int32_t n_candidates = 2;
  int32_t max_tokens = 0;
  std::vector<std::string> until;                        // StepParams::until
  std::function<bool(std::string_view answer)> objects;  // StepParams::objects
};

// What the step loop puts into the hole. Errors: its own; NotFound with the reason when there is no
// answer.
Result<StepOutcome> fill_hole(const ActionWork& work, const Hole& hole);

}  // namespace rondo::assist
