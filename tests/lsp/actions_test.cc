// Code actions by the whole server with the embedded model.

#include <gtest/gtest.h>

#include "lsp/standalone.h"
#include "tests/lsp/real_server.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

// An editor that resolves actions, in a folder, with one file open.
class ActionsTest : public testing::Test {
 protected:
  ~ActionsTest() override { EXPECT_EQ(server_.hang_up(), 1); }

  void open(const std::string& name, const std::string& text) {
    text_ = text;
    Json params = kInitialize;
    params["capabilities"]["workspace"]["workspaceEdit"]["documentChanges"] = true;
    params["capabilities"]["textDocument"]["codeAction"] = {
        {"codeActionLiteralSupport", {{"codeActionKind", {{"valueSet", {"quickfix"}}}}}},
        {"dataSupport", true},
        {"disabledSupport", true},
        {"resolveSupport", {{"properties", {"edit"}}}}};
    folder_.write(name, text);
    server_.begin(folder_.path(), params);
    uri_ = uri_of_path((folder_.path() / name).string());
    server_.client.send(did_open(uri_, text, "python"));
  }

  // What is offered for `selected`, which stands in the text once.
  Json list(const std::string& selected, const Json& context = {{"diagnostics", Json::array()}}) {
    const workspace::Text text(text_);
    const auto begin = static_cast<int64_t>(text_.find(selected));
    const auto position = [&](int64_t offset) {
      const auto at = text.position_at(offset, workspace::PositionEncoding::kUtf16);
      return Json{{"line", at.line}, {"character", at.character}};
    };
    const Json range = {{"start", position(begin)},
                        {"end", position(begin + static_cast<int64_t>(selected.size()))}};
    return server_.ask("textDocument/codeAction", {{"textDocument", {{"uri", uri_}}},
                                                   {"range", range},
                                                   {"context", context}});
  }
  // The one of this kind; null when it is not offered.
  static Json find(const Json& actions, const std::string& kind) {
    for (const Json& action : actions) {
      if (action.value("kind", "").ends_with("." + kind)) return action;
    }
    return nullptr;
  }
  // The text after the action's edit; what the server says when there is none.
  std::string after(const Json& action) {
    const Json made = server_.ask("codeAction/resolve", action);
    if (!made.contains("edit")) return made.dump();
    EXPECT_FALSE(made["data"]["loop_steps"].is_null()) << made.dump();
    const workspace::Text text(text_);
    std::string result = text_;
    const Json& edits = made["edit"]["documentChanges"][0]["edits"];
    for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
      const auto offset = [&](const Json& at) {
        return text.offset_at({at["line"], at["character"]}, workspace::PositionEncoding::kUtf16);
      };
      const int64_t begin = offset((*edit)["range"]["start"]);
      const int64_t end = offset((*edit)["range"]["end"]);
      result.replace(static_cast<size_t>(begin), static_cast<size_t>(end - begin),
                     (*edit)["newText"].get<std::string>());
    }
    return result;
  }

  const workspace::TemporaryFolder folder_;
  RealServer server_;
  std::string uri_;
  std::string text_;
};

TEST_F(ActionsTest, CompletesTheSelectionInThreeSteps) {
  open("a.py", "def area(width, height):\n    return width * TODO\n\n\nprint(area(2, 3))\n");
  const Json action = find(list("TODO"), "completeSelection");
  ASSERT_TRUE(action.is_object());
  EXPECT_FALSE(action.contains("isPreferred"));
  const std::string text = after(action);
  EXPECT_TRUE(text.starts_with("def area(width, height):\n    return width * ")) << text;
  EXPECT_TRUE(text.ends_with("\n\n\nprint(area(2, 3))\n")) << text;
  EXPECT_EQ(text.find("TODO"), std::string::npos);
  const Json why = server_.why(uri_);
  EXPECT_EQ(why["method"], "codeAction/resolve");
  EXPECT_EQ(why["loop_steps"].back()["step"], 3) << why.dump();
}

}  // namespace
}  // namespace rondo::lsp
