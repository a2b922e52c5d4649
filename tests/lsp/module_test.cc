// A new module through the whole server with the embedded model.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/lsp/real_server.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

class ModuleRequests : public testing::Test {
 protected:
  void begin(Json workspace_edit) {
    folder_.write("shop/cart.py",
                  "\"\"\"Carts.\"\"\"\n\n\ndef total(prices):\n    return sum(prices)\n");
    Json params = kInitialize;
    params["capabilities"]["workspace"]["workspaceEdit"] = std::move(workspace_edit);
    server_.begin(folder_.path(), params);
  }

  Json order(const std::string& sentence) const {
    return {{"folder", uri_of_path((folder_.path() / "shop").string())},
            {"sentence", sentence},
            {"workDoneToken", 7}};
  }

  workspace::TemporaryFolder folder_;
  RealServer server_;
};

const Json kAll = {{"documentChanges", true},
                   {"resourceOperations", {"create"}},
                   {"changeAnnotationSupport", Json::object()}};

TEST_F(ModuleRequests, ArePlannedAndWrittenAsAnEditOfNewFiles) {
  begin(kAll);
  const Json plan = server_.ask("rondo/modulePlan", order("sums: add(a, b)"));
  EXPECT_EQ(plan["language"], "python");
  EXPECT_EQ(plan["files"][0]["path"], "shop/sums.py");
  EXPECT_EQ(plan["files"][0]["signatures"], (Json{"def add(a, b):"}));
  EXPECT_EQ(plan["siblings"], (Json{"shop/cart.py"}));
  const Json made = server_.ask("rondo/moduleWrite", order("sums: add(a, b)"));
  const Json& changes = made["edit"]["documentChanges"];
  ASSERT_EQ(changes.size(), 4u) << made;
  EXPECT_EQ(changes[0]["kind"], "create");
  EXPECT_EQ(changes[0]["uri"], plan["files"][0]["uri"]);
  EXPECT_EQ(changes[1]["textDocument"]["version"], nullptr);
  const std::string text = changes[1]["edits"][0]["newText"];
  EXPECT_EQ(text.substr(0, 30), "\"\"\"Sums.\"\"\"\n\n\ndef add(a, b):\n ") << text;
  EXPECT_EQ(made["edit"]["changeAnnotations"].begin().value()["needsConfirmation"], false);
  EXPECT_EQ(made["loop_steps"].back()["step"], 5);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "shop/sums.py"));
  std::string kinds;
  for (const Json& message : server_.client.heard()) {
    if (message["method"] == "$/progress" && message["params"]["token"] == 7) {
      kinds += message["params"]["value"]["kind"].get<std::string>() + " ";
    }
  }
  EXPECT_EQ(kinds, "begin report end ");
}

TEST_F(ModuleRequests, SayWhatIsWrongWithThem) {
  begin(Json::object());
  const auto error = [&](std::string_view method, const Json& params) {
    return server_.ask(method, params)["error"]["message"].get<std::string>();
  };
  folder_.write("shop/sums.py", "");
  EXPECT_NE(error("rondo/modulePlan", order("sums: add(a)")).find("there already"),
            std::string::npos);
  EXPECT_NE(error("rondo/modulePlan", order("?")).find("Say what"), std::string::npos);
  Json elsewhere = order("sums: add(a)");
  elsewhere["folder"] = "file:///nowhere";
  EXPECT_NE(error("rondo/modulePlan", elsewhere).find("no folder of the workspace"),
            std::string::npos);
  Json lua = order("sums: add(a)");
  lua["language"] = "lua";
  EXPECT_NE(error("rondo/modulePlan", lua).find("python, javascript"), std::string::npos);
  EXPECT_NE(error("rondo/moduleWrite", order("other: add(a)")).find("cannot make files"),
            std::string::npos);
}

TEST_F(ModuleRequests, CanBeCancelled) {
  begin(kAll);
  server_.client.send(request_message(RequestId(100), "rondo/moduleWrite",
                                      order("many: a(x), b(x), c(x), d(x), e(x), f(x), g(x)")));
  server_.client.send(notification_message("$/cancelRequest", {{"id", 100}}));
  EXPECT_EQ(server_.client.answers(1)[100]["error"]["code"], -32800);
}

}  // namespace
}  // namespace rondo::lsp
