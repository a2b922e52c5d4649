// Abilities: what a model can do, as far as its own files say it.
//
// Thread: values; pure functions.
#pragma once

#include <string>

#include "base/json.h"
#include "engine/model_config.h"

namespace rondo::lsp {

struct Abilities {
  std::string name;            // of its folder
  bool fills_in = false;       // completes at a cursor
  bool several_lines = false;  // its answers are longer than a line
  bool reads_others = false;   // was trained to read other files beside the one at the cursor
  bool chats = false;          // was trained to be talked to, in a way that we know
};

// `config` is of the model in `folder`.
Abilities read_abilities(const std::string& folder, const engine::ModelConfig& config);

// For people: "loopcoder-mini: single lines, no chat".
std::string sentence(const Abilities& abilities);
Json to_json(const Abilities& abilities);

// How to use another model, for people.
std::string larger_model_hint(const std::string& user_file);

}  // namespace rondo::lsp
