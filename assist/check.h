// Check: a program that must pass in an edited tree: a formatter, a linter, a type checker, a
// build, the tests.
//
// Thread: values and pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::assist {

struct Check {
  std::string name;                // in reports
  std::vector<std::string> words;  // the program and its arguments; no shell reads them
  std::chrono::seconds time{300};
  int64_t memory_bytes = int64_t{4} << 30;  // of each of its processes
  // It passes too when it tells of problems (build_log.h) that it told of before any edit.
  bool no_worse = false;
};

// "pytest -k 'a b'" as words: blanks part them, quotes of either kind keep them together. Nothing
// else means anything. Errors: InvalidArgument, a sentence, when a quote is open or there is no
// word.
Result<std::vector<std::string>> command_words(std::string_view command);

// A check of the command line, with the limits above; its name is the program's.
Result<Check> check_of(std::string_view command);

}  // namespace rondo::assist
