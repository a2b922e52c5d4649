// What is made of chat models' answers: chat_answers.cases, one test each.
#include "assist/chat_answer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/engine/model_folder.h"

namespace rondo::assist {
namespace {

struct Case {
  std::string name;
  std::string answer;
  std::string kind;  // "code", "bare" or "refused"
  std::string wanted;
};

std::string until(const std::string& text, const std::string& mark, size_t& at) {
  const size_t end = std::min(text.find(mark, at), text.size());
  std::string part = text.substr(at, end - at);
  at = std::min(end + mark.size(), text.size());
  return part;
}

std::vector<Case> read_cases() {
  const std::string text = engine::read_file(RONDO_SOURCE_DIR "/tests/assist/chat_answers.cases");
  std::vector<Case> cases;
  size_t at = 0;
  until(text, "\n=== ", at);
  while (at < text.size()) {
    Case& one = cases.emplace_back();
    one.name = until(text, "\n", at);
    one.answer = until(text, "\n--- ", at) + "\n";
    one.kind = until(text, "\n", at);
    one.wanted = until(text, "\n=== ", at);
    while (one.wanted.ends_with('\n')) one.wanted.pop_back();
  }
  return cases;
}

class ChatAnswers : public testing::TestWithParam<Case> {};

TEST_P(ChatAnswers, GiveTheCodeOrAReason) {
  const Case& one = GetParam();
  const ChatReply reply = {.text = one.answer, .was_cut = one.name.ends_with(", cut")};
  const auto code =
      code_in(reply, {.language = *workspace::language_by_id("python"),
                      .path = "src/shapes.py",
                      .original = "    def area(self, w, h):\n        return w * h\n"});
  if (one.kind == "refused") {
    EXPECT_EQ(code.status().code(), Code::kNotFound);
    EXPECT_NE(code.status().message().find(one.wanted), std::string::npos)
        << code.status().message();
    return;
  }
  ASSERT_TRUE(code.ok()) << code.status().message();
  EXPECT_EQ(code->text, one.wanted);
  EXPECT_EQ(code->is_fenced, one.kind == "code");
}

INSTANTIATE_TEST_SUITE_P(All, ChatAnswers, testing::ValuesIn(read_cases()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = std::isalnum(c) != 0 ? c : '_';
  return name;
});

TEST(ChatAnswer, IsReadAsMarkdown) {
  const std::string note = "\n\n*The answer was cut off here: it is too long.*";
  const struct {
    std::string answer;
    bool was_cut;
    std::string wanted;  // empty: refused
  } cases[] = {
      {"\n*Area*.\n", false, "*Area*."},
      {"<think>\nhm\n</think>\n\nArea.", false, "Area."},
      {"hm </think> Area.", false, "Area."},
      {"```markdown\nArea:\n```python\nw * h\n```\n```", false, "Area:\n```python\nw * h\n```"},
      {"```python\nw * h\n```", false, "```python\nw * h\n```"},
      {"Area:\n~~~~\nw *", true, "Area:\n~~~~\nw *\n~~~~" + note},
      {"```md\nArea:\n```\nw", true, "Area:\n```\nw\n```" + note},
      {"It is the", true, "It is the" + note},
      {" \n", false, ""},
      {"<think>\nthis is", true, ""},
      {"<think>hm</think>\n", false, ""},
      {"```markdown\n```", false, ""},
  };
  for (const auto& one : cases) {
    const auto markdown = markdown_in({.text = one.answer, .was_cut = one.was_cut});
    if (one.wanted.empty()) EXPECT_EQ(markdown.status().code(), Code::kNotFound) << one.answer;
    if (!one.wanted.empty()) EXPECT_EQ(markdown.value(), one.wanted);
  }
}

}  // namespace
}  // namespace rondo::assist
