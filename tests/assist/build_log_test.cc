// What real tools say, each as it says it.
#include "assist/build_log.h"

#include <gtest/gtest.h>

namespace rondo::assist {
namespace {

struct LogCase {
  const char* tool;
  const char* log;
  std::vector<Problem> problems;
};

const LogCase kLogs[] = {
    {"gcc",
     "In file included from a.c:1:\nsrc/a.c: In function 'main':\n"
     "src/a.c:3:11: error: 'coutn' undeclared (first use in this function); did you mean 'count'?\n"
     "    3 |   return coutn;\n      |          ^~~~~\n      |          count\n"
     "src/a.c:3:11: note: each undeclared identifier is reported only once\n",
     {{"src/a.c", 3, 11, "'coutn' undeclared (first use in this function); did you mean 'count'?",
       ""}}},
    {"clang, warnings beside an error",
     "/ws/src/a.cc:4:3: warning: unused variable 'x' [-Wunused-variable]\n"
     "\x1B[1m/ws/src/a.cc:5:1: \x1B[0m\x1B[31merror: \x1B[0mexpected ';' after expression\n",
     {{"src/a.cc", 5, 1, "expected ';' after expression", ""}}},
    {"ruff",
     "src/a.py:3:12: F821 Undefined name `widht`\nFound 1 error.\n",
     {{"src/a.py", 3, 12, "Undefined name `widht`", "F821"}}},
    {"pyflakes", "./a.py:2:5: undefined name 'os'\n", {{"a.py", 2, 5, "undefined name 'os'", ""}}},
    {"mypy",
     "pkg/a.py:7: error: Name \"widht\" is not defined  [name-defined]\n"
     "Found 1 error in 1 file (checked 1 source file)\n",
     {{"pkg/a.py", 7, 0, "Name \"widht\" is not defined  [name-defined]", "name-defined"}}},
    {"go",
     "# example.com/x\n./main.go:6:2: undefined: coutn\n",
     {{"main.go", 6, 2, "undefined: coutn", ""}}},
    {"tsc",
     "src/a.ts(3,5): error TS2304: Cannot find name 'widht'.\n",
     {{"src/a.ts", 3, 5, "Cannot find name 'widht'.", "2304"}}},
    {"eslint",
     "\n/ws/src/a.js\n  2:10  error  'widht' is not defined  no-undef\n\n\xE2\x9C\x96 1 problem\n",
     {{"src/a.js", 2, 10, "'widht' is not defined", "no-undef"}}},
    {"rustc",
     "error[E0425]: cannot find value `coutn` in this scope\n --> src/main.rs:3:20\n  |\n"
     "3 |     println!(\"{}\", coutn);\n  |                    ^^^^^ help: a local variable with a "
     "similar name exists: `count`\n\nerror: aborting due to previous error\n",
     {{"src/main.rs", 3, 20, "cannot find value `coutn` in this scope", "E0425"}}},
    {"cmake",
     "CMake Error at CMakeLists.txt:5 (add_executable):\n  Cannot find source file:\n\n    a.cc\n",
     {{"CMakeLists.txt", 5, 0, "Cannot find source file:", ""}}},
    {"python",
     "Traceback (most recent call last):\n  File \"/ws/run.py\", line 9, in <module>\n    main()\n"
     "  File \"/ws/app/main.py\", line 4, in main\n    return widht\n"
     "  File \"/usr/lib/python3.11/json/decoder.py\", line 1, in decode\n"
     "NameError: name 'widht' is not defined\n",
     {{"app/main.py", 4, 0, "NameError: name 'widht' is not defined", ""}}},
    {"a syntax error of python",
     "  File \"/ws/a.py\", line 1\n    def f()\n           ^\nSyntaxError: expected ':'\n",
     {{"a.py", 1, 0, "SyntaxError: expected ':'", ""}}},
    {"pytest",
     "    def area(w):\n>       return widht\nE       NameError: name 'widht' is not defined\n\n"
     "app/area.py:2: NameError\n=== short test summary info ===\n",
     {{"app/area.py", 2, 0, "NameError: name 'widht' is not defined", ""}}},
    {"a file outside", "/usr/include/stdio.h:3:1: error: no\n", {}},
    {"what is no problem", "all 3 tests passed at 12:30:01\n", {}},
};

TEST(BuildLog, IsReadAsToolsWriteIt) {
  for (const LogCase& c : kLogs) EXPECT_EQ(read_build_log(c.log, "/ws"), c.problems) << c.tool;
}

TEST(BuildLog, IsTheSameInSegmentsOfAnySize) {
  for (const LogCase& c : kLogs) {
    const std::string_view log = c.log;
    for (const size_t n : {size_t{1}, size_t{7}, size_t{30}}) {
      BuildLog cut("/ws");
      for (size_t at = 0; at < log.size(); at += n) cut.add(log.substr(at, n));
      EXPECT_EQ(cut.problems(), c.problems) << c.tool << " in segments of " << n;
    }
  }
}

// In the middle of many megabytes, behind a line that is too long to be one.
TEST(BuildLog, MissesNothingOfALongOne) {
  BuildLog log("/ws");
  const std::string noise(kMaxLineBytes * 2, 'x');
  log.add("a.c:1:1: error: first\n" + noise);
  for (int i = 0; i < 8 * 1024; ++i) log.add("[" + std::to_string(i) + "/9] cc -c a.c -o a.o\n");
  log.add("b.c:2:2: error: middle\n");
  for (int i = 0; i < 64; ++i) log.add(noise);
  log.add("\nc.c:3:3: error: last");
  const auto problems = log.problems();
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[1].message, "middle");
  EXPECT_EQ(problems[2].message, "last");
}

TEST(BuildLog, SaysTheSameThingOnce) {
  EXPECT_EQ(read_build_log("a.c:1:1: error: no\na.c:1:1: error: no\n", "/ws").size(), 1u);
}

}  // namespace

void PrintTo(const Problem& problem, std::ostream* out) {
  *out << problem.path << ":" << problem.line << ":" << problem.column << ": " << problem.message
       << " [" << problem.code << "]";
}

}  // namespace rondo::assist
