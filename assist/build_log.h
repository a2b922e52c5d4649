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
// A log may be of any length: it is read in segments, line by line, and only what it tells of is
// kept.
//
// Thread: one for each reader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::assist {

inline constexpr size_t kMaxProblems = 1000;        // what comes behind them follows from them
inline constexpr size_t kMaxLineBytes = 64 * 1024;  // what is longer is no message

struct Problem {
  std::string path;     // relative to the root, with '/'
  int64_t line = 0;     // counted from 1
  int64_t column = 0;   // counted from 1, in bytes or characters as the tool counts; 0: not said
  std::string message;  // a line
  std::string code;     // by which the tool names what is wrong: "F821", "no-undef"; may be empty

  bool operator==(const Problem&) const = default;
};

class BuildLog {
 public:
  // `root`: the folder of the files.
  explicit BuildLog(std::string root);
  BuildLog(BuildLog&& other) noexcept;
  ~BuildLog();

  // The next segment of the log, cut anywhere.
  void add(std::string_view segment);
  // Each problem of a file below the root once, in the order of the log. Notes are none, nor are
  // warnings where there are errors too. The log is at its end.
  std::vector<Problem> problems();

 private:
  class Reader;
  std::string rest_;  // the beginning of a line
  std::unique_ptr<Reader> reader_;
};

// Of a log that is there as a whole.
std::vector<Problem> read_build_log(std::string_view log, std::string_view root);

}  // namespace rondo::assist
