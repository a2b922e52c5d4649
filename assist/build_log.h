// BuildLog: what compilers, linters, type checkers and tests say is wrong where, read from their
// output.
//
//     gcc, clang, ruff, flake8, pyflakes, mypy, go, eslint -f unix    path:line:col: what
//     tsc                       path(line,col): error TS2304: what
//     rustc, cargo              error[E0425]: what, and below it " --> path:line:col"
//     eslint                    a path, and below it "  line:col  error  what  rule"
//     cmake                     CMake Error at path:line (command): what, on the lines below
//     python, unittest          Traceback, File "path", line N, and at its end "NameError: what"
//     pytest                    "E   what", and below it "path:line: NameError"
//
// Of a long log the beginning of each problem is enough: lines are looked at one by one, and of
// what is longer than kMaxLogBytes the middle is left out, since tools sum up at the end and the
// first errors are what others follow from.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::assist {

inline constexpr size_t kMaxLogBytes = size_t{4} << 20;
inline constexpr size_t kMaxProblems = 1000;

struct Problem {
  std::string path;     // relative to the root, with '/'
  int64_t line = 0;     // counted from 1
  int64_t column = 0;   // counted from 1, in bytes or characters as the tool counts; 0: not said
  std::string message;  // a line
  std::string code;     // by which the tool names what is wrong: "F821", "no-undef"; may be empty

  bool operator==(const Problem&) const = default;
};

// Each problem of a file below `root` once, in the order of the log. Notes are none, nor are
// warnings where there are errors too.
std::vector<Problem> read_build_log(std::string_view log, std::string_view root);

}  // namespace rondo::assist
