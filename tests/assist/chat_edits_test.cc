// What a chat model with known answers changes.
#include "assist/chat_edits.h"

#include <gtest/gtest.h>

#include <string>

#include "assist/actions.h"
#include "tests/assist/chat_model.h"

namespace rondo::assist {
namespace {

const std::string kText =
    "import math\n\n\ndef area(r):\n    return math.pi * r * r\n\n\ndef other():\n    pass\n";

class ChatEdits : public testing::Test {
 protected:
  using Make = Result<ActionOutcome> (*)(const ActionWork& work, const Action& action);

  // What `make` makes of the place of `at`, with this answer.
  Result<ActionOutcome> make(Make make, const std::string& at, const std::string& choice,
                             const std::string& answers) {
    auto document = std::make_shared<workspace::Document>();
    document->uri = "file:///w/shapes.py";
    document->path = "shapes.py";
    document->language = workspace::language_by_id("python");
    document->text = std::make_shared<const workspace::Text>(text_);
    const auto begin = static_cast<int64_t>(text_.find(at));
    const workspace::ByteRange bytes = {.begin = begin,
                                        .end = begin + static_cast<int64_t>(at.size())};
    const auto engine = folder_.engine(answers);
    SceneQueries queries;
    workspace::Parser parser;
    const ActionScene scene =
        make_scene({.document = document, .selection = bytes}, {.fills_in = true, .chats = true},
                   index_, queries, parser, {});
    return make({.scene = scene, .engine = *engine, .report = [](const std::string&) {}},
                {.bytes = bytes, .choice = choice});
  }

  // The text after the one edit of `outcome`.
  std::string after(const ActionOutcome& outcome) {
    EXPECT_EQ(outcome.edits.size(), 1u);
    EditedText edited(text_);
    edited.apply(outcome.edits);
    return edited.text();
  }

  const ChatModelFolder folder_;
  workspace::BlockIndex index_;
  std::string text_ = kText;
};

TEST_F(ChatEdits, ChangesWholeLinesAsTold) {
  const auto outcome =
      make(change_as_told, "r * r", "Use a power.",
           R"_({"when": "Use a power.", "text": "```python\nreturn math.pi * r**2\n```"})_");
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(after(*outcome),
            "import math\n\n\ndef area(r):\n    return math.pi * r**2\n\n\n"
            "def other():\n    pass\n");
  EXPECT_EQ(outcome->steps.front().focus, "draft: Use a power.");
}

TEST_F(ChatEdits, TakesTheInstructionFromACommentInTheFirstLine) {
  text_ = "# Return two.\nx = 1\n";
  const auto outcome = make(change_as_told, text_, "",
                            R"_({"when": "Return two.", "text": "```python\nx = 2\n```"})_");
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(after(*outcome), "x = 2\n");
  text_ = kText;
  const Status none = make(change_as_told, "pass", "", R"({"text": "x"})").status();
  EXPECT_EQ(none.code(), Code::kNotFound);
  EXPECT_NE(none.message().find("comment"), std::string::npos) << none.message();
}

TEST_F(ChatEdits, FixesTheFunctionAroundADiagnostic) {
  const auto outcome = make(fix_as_told, "r * r", "r may be None",
                            R"_({"when": ["r may be None", "    return math.pi * r * r\n"],
                "text": "```python\ndef area(r=0):\n    return math.pi * r * r\n```"})_");
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_EQ(after(*outcome),
            "import math\n\n\ndef area(r=0):\n    return math.pi * r * r\n\n\n"
            "def other():\n    pass\n");
}

TEST_F(ChatEdits, SaysWhenNothingWouldChange) {
  const Status same =
      make(change_as_told, "    pass\n", "Keep it.", R"_({"text": "```python\npass\n```"})_")
          .status();
  EXPECT_EQ(same.code(), Code::kNotFound);
  EXPECT_NE(same.message().find("leave it"), std::string::npos) << same.message();
}

}  // namespace
}  // namespace rondo::assist
