#include "bench/infill_problems.h"

#include <algorithm>

#include "base/json.h"

namespace rondo::bench {

Result<std::vector<InfillProblem>> read_problems(std::string_view jsonl) {
  if (jsonl.starts_with("\x1f\x8b")) {
    return invalid_argument_error("the problems are compressed: unpack them with gunzip first");
  }
  std::vector<InfillProblem> problems;
  for (int64_t line = 1; !jsonl.empty(); ++line) {
    const size_t end = std::min(jsonl.find('\n'), jsonl.size());
    const std::string text(jsonl.substr(0, end));
    jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
    if (text.empty()) continue;
    const Result<Json> json = parse_json(text, "line " + std::to_string(line));
    InfillProblem problem;
    bool whole = json.ok();
    const auto take = [&](std::string_view name, std::string& member) {
      const auto value = whole ? json_get<std::string>(*json, name) : std::nullopt;
      whole = value.has_value();
      if (whole) member = *value;
    };
    take("task_id", problem.task_id);
    take("prompt", problem.prompt);
    take("suffix", problem.suffix);
    take("canonical_solution", problem.solution);
    take("test", problem.test);
    take("entry_point", problem.entry_point);
    if (!whole) {
      return invalid_argument_error(
          "line " + std::to_string(line) +
          " is no problem: an object with task_id, prompt, suffix, canonical_solution, test and "
          "entry_point");
    }
    problems.push_back(std::move(problem));
  }
  return problems;
}

std::string test_program(const InfillProblem& problem, std::string_view answer) {
  return problem.prompt + std::string(answer) + problem.suffix + "\n" + problem.test + "\ncheck(" +
         problem.entry_point + ")\n";
}

}  // namespace rondo::bench
