#include "assist/action_work.h"

#include <utility>

namespace rondo::assist {

Result<StepOutcome> fill_hole(const ActionWork& work, const Hole& hole) {
  auto state = std::make_shared<workspace::Document>(work.scene.document());
  state->text = std::make_shared<const workspace::Text>(hole.text);
  if (!hole.path.empty()) state->path = hole.path;
  StepParams params = {.document = std::move(state),
                       .hole = hole.bytes,
                       .depth = hole.depth,
                       .n_candidates = hole.n_candidates,
                       .max_tokens = hole.max_tokens,
                       .length = hole.length,
                       .until = hole.until,
                       .objects = hole.objects,
                       .client = work.client + ":action"};
  params.drafting.folder = work.folder;
  ASSIGN_OR_RETURN(StepOutcome outcome,
                   run_steps(work.engine, work.scene.index, params, work.stop));
  if (outcome.text.empty()) return not_found_error("Nothing was changed: " + outcome.silence);
  if (!outcome.parses) {
    return not_found_error("Nothing was changed: what the model wrote does not parse");
  }
  return outcome;
}

}  // namespace rondo::assist
