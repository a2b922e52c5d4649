// Code actions that a chat model makes, by the whole server; the answers are known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>

#include "tests/assist/chat_model.h"
#include "tests/lsp/real_server.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

using testing::HasSubstr;

constexpr const char* kAnswers = R"_({"answers": [
    {"when": "radius may be None", "text": "Sure:\n```python\ndef area(radius=0):\n    return 3 * radius\n```"},
    {"when": ["What does this code do?", "print(3)"], "text": "<think>Hm.</think>\nIt says:\n```\n3", "ends": "limit"},
    {"when": ["What does this code do?", "pass"], "text": "<think>Hm.</think>\n"},
    {"when": ["Review this code.", "print(3)"], "text": "No defect."},
    {"when": "Say four.", "text": "```python\nprint(4)\n```"}]})_";

class ChatActionsTest : public testing::Test {
 protected:
  ~ChatActionsTest() override { EXPECT_EQ(server_->hang_up(), 1); }

  void open(const std::string& model, const std::string& text) {
    Json answers = Json::parse(kAnswers);
    for (const char* type : {"\"Late\"", "Late", "str", "int", "bool", "float", "bytes", "list",
                             "dict", "set", "tuple", "object", "list[str]", "dict[str,str]"}) {
      answers["answers"].push_back({{"scored", std::string(" -> ") + type + ":"},
                                    {"logprob", strstr(type, "Late") != nullptr ? -0.1 : -9}});
    }
    folder_.write("answers.json", answers.dump());
    server_.emplace(model, engine::TierOptions(), (folder_.path() / "answers.json").string());
    server_->begin(folder_.path(), initialize_with_actions());
    server_->client.send(did_open(uri(), text, "python"));
  }
  std::string uri() { return uri_of_path((folder_.path() / "a.py").string()); }

  // The action of this kind for the lines; null when it is not offered.
  Json find(const std::string& kind, int first, int end, const Json& diagnostics) {
    const Json range = {{"start", {{"line", first}, {"character", 0}}},
                        {"end", {{"line", end}, {"character", 0}}}};
    const Json actions =
        server_->ask("textDocument/codeAction", {{"textDocument", {{"uri", uri()}}},
                                                 {"range", range},
                                                 {"context", {{"diagnostics", diagnostics}}}});
    for (const Json& action : actions) {
      if (action.value("kind", "").ends_with("." + kind)) return action;
    }
    return nullptr;
  }
  // What is put in place of the lines.
  std::string made(const Json& action) {
    const Json answer = server_->ask("codeAction/resolve", action);
    if (!answer.contains("edit")) return answer.dump();
    return answer["edit"]["documentChanges"][0]["edits"][0]["newText"];
  }

  // What there is to read; the error when there is nothing.
  Json answered(const Json& action) {
    const Json result = server_->ask("workspace/executeCommand", action["command"]);
    return result.contains("markdown") ? result["markdown"] : result;
  }

  const assist::ChatModelFolder chat_model_;
  const workspace::TemporaryFolder folder_;
  std::optional<RealServer> server_;
};

// Python evaluates annotations when it defines the function.
TEST_F(ChatActionsTest, AClassThatIsDefinedLaterIsWrittenAsAString) {
  open(RONDO_SOURCE_DIR "/models/loopcoder-mini",
       "def make():\n    return Late()\n\n\nclass Late:\n    pass\n\n\n"
       "def make_more():\n    return Late()\n");
  EXPECT_EQ(made(find("annotateTypes", 0, 0, Json::array())), " -> \"Late\"");
  EXPECT_EQ(made(find("annotateTypes", 8, 8, Json::array())), " -> Late");
}

TEST_F(ChatActionsTest, FixesADiagnostic) {
  open(chat_model_.path(), "def area(radius):\n    return 3 * radius\n");
  const Json diagnostics = {
      {{"range",
        {{"start", {{"line", 1}, {"character", 15}}}, {"end", {{"line", 1}, {"character", 21}}}}},
       {"message", "radius may be None"}}};
  const Json action = find("fixDiagnostic", 1, 1, diagnostics);
  ASSERT_TRUE(action.is_object());
  EXPECT_EQ(action["title"], "Fix: radius may be None");
  EXPECT_EQ(made(action), "def area(radius=0):\n    return 3 * radius\n");
}

TEST_F(ChatActionsTest, ChangesTheSelectionAsItsCommentSays) {
  open(chat_model_.path(), "# Say four.\nprint(3)\n");
  const Json action = find("instruct", 0, 2, Json::array());
  ASSERT_TRUE(action.is_object());
  EXPECT_FALSE(action.contains("disabled")) << action.dump();
  EXPECT_EQ(made(action), "print(4)\n");
}

TEST_F(ChatActionsTest, ExplainAndReviewInMarkdown) {
  open(chat_model_.path(), "# Say four.\nprint(3)\n");
  EXPECT_EQ(answered(find("explain", 0, 2, Json::array())),
            "It says:\n```\n3\n```\n\n*The answer was cut off here: it is too long.*");
  EXPECT_EQ(answered(find("review", 0, 2, Json::array())), "No defect.");
}

TEST_F(ChatActionsTest, SayWhenTheAnswerIsEmpty) {
  open(chat_model_.path(), "pass\n");
  EXPECT_THAT(answered(find("explain", 0, 1, Json::array())).dump(), HasSubstr("is empty"));
}

TEST_F(ChatActionsTest, AreShownAsDisabledWithoutAChatModel) {
  open(kEmbeddedModel, "# Say four.\nprint(3)\n");
  for (const char* kind : {"explain", "instruct", "review"}) {
    const Json action = find(kind, 0, 2, Json::array());
    ASSERT_TRUE(action.is_object()) << kind;
    EXPECT_THAT(action["disabled"].dump(), HasSubstr("needs a chat model"));
    EXPECT_FALSE(action.contains("command")) << action.dump();
  }
}

}  // namespace
}  // namespace rondo::lsp
