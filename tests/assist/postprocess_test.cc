#include "assist/postprocess.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace rondo::assist {
namespace {

struct Case {
  const char* name;
  const char* generated;
  Surroundings around;
  const char* expected;  // "": nothing is shown
};

const Case kCases[] = {
    {"plain", "x + 1", {"return ", "", ""}, "x + 1"},
    {"trailing blanks go", "x + 1  \t", {"return ", "", ""}, "x + 1"},
    {"a closer that stands there already",
     "queue_.pop(&job))",
     {"if (", ")", ""},
     "queue_.pop(&job)"},
    {"a closer of its own stays", "f(x)", {"y = g(", ")", ""}, "f(x)"},
    {"closer and colon", "self.items):", {"for i in range(len(", "):", ""}, "self.items"},
    {"two closers", "a[i]))", {"f(g(", "))", ""}, "a[i]"},
    {"a quote", "hello\"", {"print(\"", "\")", ""}, "hello"},
    {"the whole rest of the line", "b, c)", {"f(a, ", ", c)", ""}, "b"},
    {"one letter in common is no overlap", "data", {"x = ", "a", ""}, "data"},
    {"a second line when text follows", "a,\n  b", {"f(", ")", ""}, "a,"},
    {"repeats the next line", "return total", {"    ", "", "    return total"}, ""},
    {"the same text behind other text is wanted",
     "return total",
     {"if x: ", "", "    return total"},
     "return total"},
    {"nothing", " \n", {"x", "", ""}, ""},
    {"more lines", "a\n  b", {"  ", "", "c"}, "a\n  b"},
};

TEST(FitText, FitsWhatStandsAround) {
  for (const Case& c : kCases) {
    const FittedText fitted = fit_text(c.generated, c.around);
    EXPECT_EQ(fitted.text, c.expected) << c.name;
    EXPECT_EQ(fitted.silence.empty(), !fitted.text.empty()) << c.name;
  }
}

struct GoldenCase {
  std::string name;
  std::string document;  // with the cursor at ^
  std::string generated;
  std::string shown;
};

std::string read_cases_file() {
  std::ifstream file(RONDO_SOURCE_DIR "/tests/assist/postprocess.cases", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string with_tabs = text.str();
  for (size_t at = with_tabs.find("\\t"); at != with_tabs.npos; at = with_tabs.find("\\t", at))
    with_tabs.replace(at, 2, "\t");
  return with_tabs;
}

std::vector<GoldenCase> golden_cases() {
  std::vector<GoldenCase> cases;
  std::istringstream lines(read_cases_file());
  std::string* part = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({.name = line.substr(4)});
      part = &cases.back().document;
    } else if (line == "--- generated") {
      part = &cases.back().generated;
    } else if (line == "--- shown") {
      part = &cases.back().shown;
    } else if (part != nullptr) {
      *part += line + "\n";
    }
  }
  return cases;
}

// Without the line end, or the blank line, that the file has behind it.
std::string trimmed_end(const std::string& text) {
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

TEST(FitText, FollowsTheGoldenCases) {
  std::set<std::string> rules;
  for (const GoldenCase& golden : golden_cases()) {
    rules.insert(golden.name.substr(0, golden.name.find(':')));
    std::string document = golden.document;
    const size_t cursor = document.find('^');
    ASSERT_NE(cursor, document.npos) << golden.name;
    document.erase(cursor, 1);
    const workspace::Text text(document);
    const FittedText fitted = fit_text(trimmed_end(golden.generated),
                                       surroundings_of(text, static_cast<int64_t>(cursor)));
    const std::string expected = trimmed_end(golden.shown);
    EXPECT_EQ(fitted.text, expected == "(nothing)" ? "" : expected) << golden.name;
  }
  EXPECT_EQ(rules, (std::set<std::string>{"blanks", "closers", "indentation", "one line",
                                          "repetition", "suffix overlap"}));
}

TEST(SurroundingsOf, FindsTheLineAndWhatFollows) {
  for (const std::string end : {"\n", "\r\n"}) {
    const workspace::Text text("a" + end + "  f(x)" + end + " \t" + end + "b" + end);
    const auto offset = static_cast<int64_t>(text.bytes().find("x)"));
    const Surroundings around = surroundings_of(text, offset);
    EXPECT_EQ(around.line_before, "  f(");
    EXPECT_EQ(around.line_after, "x)");
    EXPECT_EQ(around.next_line, "b");
    EXPECT_EQ(surroundings_of(text, text.size()).next_line, "");
  }
  // Between CR and LF: behind the line.
  EXPECT_EQ(surroundings_of(workspace::Text("a\r\nb"), 2).line_after, "");
}

TEST(WithLineEndsOf, FollowsTheDocument) {
  EXPECT_EQ(with_line_ends_of("a\r\nb\n", "x\ny"), "x\r\ny");
  for (const char* document : {"", "a", "a\nb\r\n", "\n"}) {
    EXPECT_EQ(with_line_ends_of(document, "x\ny"), "x\ny") << document;
  }
}

}  // namespace
}  // namespace rondo::assist
