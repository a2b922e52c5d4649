// Code actions by the whole server with the embedded model.

#include <gmock/gmock.h>
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
    folder_.write(name, text);
    server_.begin(folder_.path(), initialize_with_actions());
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
    const int64_t size = is_selected_ ? static_cast<int64_t>(selected.size()) : 0;
    const Json range = {{"start", position(begin)}, {"end", position(begin + size)}};
    return server_.ask("textDocument/codeAction",
                       {{"textDocument", {{"uri", uri_}}}, {"range", range}, {"context", context}});
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
  bool is_selected_ = true;  // by list(); else the cursor is where it begins
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

Json undefined(const Json& range, const std::string& name) {
  return {
      {"diagnostics",
       {{{"range", range}, {"message", "undefined name '" + name + "'"}, {"source", "pyflakes"}}}},
      {"triggerKind", 2}};
}

TEST_F(ActionsTest, CorrectsAMisspeltName) {
  open("a.py", "width = 2\nheight = 3\nprint(widht)\n");
  const Json range = {{"start", {{"line", 2}, {"character", 6}}},
                      {"end", {{"line", 2}, {"character", 11}}}};
  const Json action = find(list("widht", undefined(range, "widht")), "fixName");
  ASSERT_TRUE(action.is_object());
  EXPECT_EQ(action["title"], "Change `widht` to `width`");
  EXPECT_EQ(action["diagnostics"][0]["source"], "pyflakes");
  EXPECT_EQ(after(action), "width = 2\nheight = 3\nprint(width)\n");
}

// At a move of the cursor: fixes of what is marked there, and only then. Asked for: all else, too.
TEST_F(ActionsTest, OfferByTheTriggerAndPreferNone) {
  open("a.py", "def area(width):\n    return widht\n");
  const auto kinds = [&](Json context) {
    std::vector<std::string> kinds;
    for (const Json& action : list("widht", context)) {
      EXPECT_FALSE(action.contains("isPreferred")) << action.dump();
      const std::string kind = action["kind"];
      kinds.push_back(kind.substr(0, kind.find('.')));
    }
    return kinds;
  };
  const Json range = {{"start", {{"line", 1}, {"character", 11}}},
                      {"end", {{"line", 1}, {"character", 16}}}};
  Json context = undefined(range, "widht");
  EXPECT_THAT(kinds(context), testing::Contains("refactor"));  // selected
  is_selected_ = false;
  EXPECT_THAT(kinds(context),
              testing::AllOf(testing::Not(testing::IsEmpty()), testing::Each("quickfix")));
  context["diagnostics"] = Json::array();
  EXPECT_THAT(kinds(context), testing::IsEmpty());
  context["triggerKind"] = 1;
  EXPECT_THAT(kinds(context), testing::IsSupersetOf({"quickfix", "refactor"}));
}

TEST_F(ActionsTest, ImportsWhatAnotherFileDefinesOrImports) {
  folder_.write("shop/cart.py", "class Basket:\n    pass\n");
  open("a.py", "\"\"\"Doc.\"\"\"\n\nbasket = Basket()\n");
  const Json range = {{"start", {{"line", 2}, {"character", 9}}},
                      {"end", {{"line", 2}, {"character", 15}}}};
  const Json action = find(list("Basket", undefined(range, "Basket")), "addImport");
  ASSERT_TRUE(action.is_object());
  EXPECT_EQ(after(action), "\"\"\"Doc.\"\"\"\n\nfrom shop.cart import Basket\nbasket = Basket()\n");
}

TEST_F(ActionsTest, MendsTheSyntaxWithoutADiagnostic) {
  open("a.py", "def area(width, height:\n    return width * height\n");
  const Json action = find(list("height:"), "fixSyntax");
  ASSERT_TRUE(action.is_object());
  EXPECT_EQ(after(action), "def area(width, height):\n    return width * height\n");
}

TEST_F(ActionsTest, WritesABodyInAFunctionThatHasNone) {
  open("a.py", "def area(width, height):\n    pass\n\n\nprint(area(2, 3))\n");
  const Json action = find(list("area(width"), "completeBody");
  ASSERT_TRUE(action.is_object());
  const std::string text = after(action);
  EXPECT_TRUE(text.starts_with("def area(width, height):\n    ")) << text;
  EXPECT_TRUE(text.ends_with("\n\n\nprint(area(2, 3))\n")) << text;
  EXPECT_EQ(text.find("pass"), std::string::npos) << text;
}

// Nothing of a workspace runs that is not trusted.
TEST_F(ActionsTest, WritesTestsOnlyWhereTheyMayRun) {
  open("a.py", "def area(width, height):\n    return width * height\n");
  const Json action = find(list("area(width"), "writeTests");
  ASSERT_TRUE(action.is_object());
  EXPECT_NE(action["disabled"]["reason"].get<std::string>().find("rondo trust"), std::string::npos);
  // A client that makes up the data that a disabled action does not have is refused too.
  Json made_up = find(list("area(width"), "writeDocstring");
  made_up["data"]["name"] = "writeTests";
  EXPECT_NE(after(made_up).find("rondo trust"), std::string::npos);
}

TEST_F(ActionsTest, WritesADocstringAndTypes) {
  open("a.py", "def greet(name, times=2):\n    print(\"hello \" + name * times)\n");
  const Json actions = list("greet(name");
  const std::string doc = after(find(actions, "writeDocstring"));
  EXPECT_TRUE(doc.starts_with("def greet(name, times=2):\n    \"\"\"")) << doc;
  EXPECT_TRUE(doc.ends_with("\"\"\"\n    print(\"hello \" + name * times)\n")) << doc;
  // What a default and the lack of a result say needs no model.
  const std::string types = after(find(actions, "annotateTypes"));
  EXPECT_NE(types.find("times: int=2"), std::string::npos) << types;
  EXPECT_NE(types.find(") -> None:"), std::string::npos) << types;
  EXPECT_EQ(find(actions, "completeBody"), nullptr);
  EXPECT_EQ(find(actions, "explain")["disabled"]["reason"], "needs a chat model");
}

}  // namespace
}  // namespace rondo::lsp
