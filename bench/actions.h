// How often code actions are offered, apply, and are right: on real files in which what they bring
// back was taken out (action_cases.h), through the product's own list and edit.
//
// Thread: blocks. Ownership: borrows engine and corpus.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "engine/engine.h"

namespace rondo::bench {

struct ActionsOptions {
  int64_t n_cases = 100;  // of each action
  uint64_t seed = 1;
  std::vector<std::string> actions;  // empty: all of measured_actions()
  // Told of each case that was not right: where it is, what came of it and what was wanted. May be
  // empty.
  std::function<void(const std::string& wrong)> on_wrong;
};

struct ActionScore {
  std::string action;
  int64_t n_cases = 0;
  int64_t n_offered = 0;
  int64_t n_applied = 0;  // an edit came, and the text parses no worse than before it was spoilt
  double n_right = 0;     // as far as what was taken out is back
  // A case each: of a text that was just edited, and once more at a move of the cursor.
  std::vector<double> edit_list_ms;
  std::vector<double> move_list_ms;
  std::vector<double> make_ms;  // of those offered
};

// REQUIRES: engine.config().fim and engine.config().segment. Errors: InvalidArgument for an unknown
// action; NotFound when a corpus gives no case at all; those of chunker and engine.
Result<std::vector<ActionScore>> measure_actions(engine::Engine& engine, const Corpus& corpus,
                                                 const ActionsOptions& options);

std::string actions_table(const std::vector<ActionScore>& scores);
Json actions_json(const std::vector<ActionScore>& scores);

}  // namespace rondo::bench
