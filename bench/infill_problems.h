// Problems of HumanEval-Infilling in the format in which it is published (JSON lines): task_id,
// prompt, suffix, canonical_solution, test, entry_point.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::bench {

struct InfillProblem {
  std::string task_id;  // "SingleLineInfilling/HumanEval/0/L0"
  std::string prompt;
  std::string suffix;
  std::string solution;
  std::string test;         // defines check(candidate)
  std::string entry_point;  // what it checks

  bool is_single_line() const { return task_id.starts_with("SingleLine"); }
};

// Errors: InvalidArgument naming the line that is none, or that the text is compressed.
Result<std::vector<InfillProblem>> read_problems(std::string_view jsonl);

// The program that checks an answer: it ends with an error when the answer is wrong.
std::string test_program(const InfillProblem& problem, std::string_view answer);

}  // namespace rondo::bench
