// LoopStep: what one step of the loop of drafts, checks and repairs did: in rondo/why, the data of
// actions and the JSON of commands.
//
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace rondo::assist {

enum class StepVerdict {
  kPassed,    // nothing was wrong
  kRepaired,  // it was, and is not any more
  kFailed,    // it was, and is still
  kSkipped,   // the check says nothing here: no grammar, not trusted
};

std::string_view verdict_name(StepVerdict verdict);  // "passed", ...

struct LoopStep {
  int32_t step = 1;      // from 1; several entries may be of one step
  std::string focus;     // the check and the construct: "parse: if region == CA"
  int64_t n_tokens = 0;  // generated in it
  StepVerdict verdict = StepVerdict::kPassed;

  bool operator==(const LoopStep&) const = default;
};

// What step 1 looks at: the line that the answer goes on with.
std::string draft_focus(std::string_view line_before);

// [{"step", "focus", "tokens_generated", "verdict"}]
Json loop_steps_json(const std::vector<LoopStep>& steps);

}  // namespace rondo::assist
