#include "assist/loop_step.h"

#include "base/characters.h"

namespace rondo::assist {

std::string_view verdict_name(StepVerdict verdict) {
  switch (verdict) {
    case StepVerdict::kPassed:
      return "passed";
    case StepVerdict::kRepaired:
      return "repaired";
    case StepVerdict::kFailed:
      return "failed";
    case StepVerdict::kSkipped:
      return "skipped";
  }
  return {};
}

std::string draft_focus(std::string_view line_before) {
  return "draft: " + std::string(trimmed(line_before, " \t").substr(0, 60));
}

Json loop_steps_json(const std::vector<LoopStep>& steps) {
  Json json = Json::array();
  for (const LoopStep& step : steps) {
    json.push_back({{"step", step.step},
                    {"focus", step.focus},
                    {"tokens_generated", step.n_tokens},
                    {"verdict", verdict_name(step.verdict)}});
  }
  return json;
}

}  // namespace rondo::assist
