// What is configured, as a person, an editor and a hostile workspace see it.

#include <gtest/gtest.h>

#include <fstream>

#include "tests/cli/process.h"
#include "tests/lsp/client.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using lsp::Client;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() { fs::create_directories(shop_); }

  void write(const fs::path& path, std::string_view text) const {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void configure_user(std::string_view text) const {
    write(user_.home() / "config/rondo/config.json", text);
  }
  void configure_workspace(std::string_view text) const { write(shop_ / ".rondo.json", text); }

  // What a command prints on stdout.
  std::string printed(const std::vector<std::string>& words, int code = 0) const {
    Process process = user_.start(words);
    std::string text = process.read_all();
    EXPECT_EQ(process.wait(), code) << text;
    return text;
  }
  Json config() const {
    return parse_json(printed({"config", shop_, "--json", "--origin"}), "rondo config").value();
  }

  // What an editor in the workspace is told at the start, and the settings it works with.
  struct Told {
    Json settings;
    std::vector<std::string> warnings;
    Json suggested;
  };
  Told open_editor(const Json& options = Json::object()) const {
    Process process = user_.start({"lsp", "--stdio", "--threads", "2"});
    Client client(process.take_output(), process.take_input());
    Json params = lsp::kInitialize;
    params["initializationOptions"] = options;
    params["workspaceFolders"] = {{{"uri", "file://" + shop_.string()}, {"name", "shop"}}};
    client.ask(1, "initialize", params);
    client.send(lsp::notification_message("initialized", Json::object()));
    const std::string uri = "file://" + (shop_ / "a.py").string();
    client.send(lsp::did_open(uri, "def area(width, height):\n    return width * "));
    Told told;
    told.suggested =
        client.ask(2, "textDocument/inlineCompletion", lsp::at(uri, 1, 19))["result"]["items"];
    told.settings = client.ask(3, "rondo/status", nullptr)["result"]["settings"];
    for (const Json& message : client.heard()) {
      if (message["method"] == "window/showMessage")
        told.warnings.push_back(message["params"]["message"]);
    }
    return told;
  }

  const User user_;
  const fs::path shop_ = user_.home() / "shop";
};

TEST_F(ConfigTest, IsShownWithItsOrigin) {
  configure_user(R"({"candidates": 2, "maxTokens": 9, "kernels": "reference"})");
  configure_workspace(R"({"maxTokens": 7})");
  const Json all = config();
  const std::string user_file = user_.home() / "config/rondo/config.json";
  EXPECT_EQ(all["candidates"], Json({{"value", 2}, {"origin", user_file}}));
  EXPECT_EQ(all["kernels"], Json({{"value", "reference"}, {"origin", user_file}}));
  EXPECT_EQ(all["maxTokens"], Json({{"value", 7}, {"origin", (shop_ / ".rondo.json").string()}}));
  EXPECT_EQ(all["automatic"], Json({{"value", true}, {"origin", "default"}}));
  const std::string text = printed({"config", shop_, "--origin"});
  EXPECT_NE(text.find("candidates            2           " + user_file), std::string::npos) << text;
}

TEST_F(ConfigTest, ABrokenFileIsToldAndStopsNothing) {
  configure_user("{\"candidates\": 2,");
  EXPECT_EQ(config()["candidates"]["value"], 3);
  const Told told = open_editor();
  ASSERT_EQ(told.warnings.size(), 1u);
  EXPECT_NE(told.warnings[0].find("config.json"), std::string::npos) << told.warnings[0];
  EXPECT_FALSE(told.suggested.empty());
}

TEST_F(ConfigTest, AnEditorHearsItAll) {
  configure_user(R"({"candidates": 2, "maxTokens": 9, "multiline": true})");
  configure_workspace(R"({"maxTokens": 7, "candidates": 4})");
  const Told told = open_editor({{"candidates", 5}, {"path", "/x"}, {"contxt", true}});
  EXPECT_EQ(told.settings["multiline"], true);
  EXPECT_EQ(told.settings["maxTokens"], 7);
  EXPECT_EQ(told.settings["candidates"], 5);
  EXPECT_EQ(told.warnings,
            std::vector<std::string>({"Rondo: the editor's settings: there is no option "
                                      "'contxt'; is context meant?"}));
}

TEST_F(ConfigTest, AFlagThatIsWrongIsRefused) {
  EXPECT_EQ(user_.run({"lsp", "--threads", "0.5"}), 2);
  EXPECT_EQ(user_.run({"daemon", "--kv-megabytes", "none"}), 2);
  EXPECT_EQ(user_.run({"daemon", "--kernels", "sse"}), 2);
}

TEST_F(ConfigTest, TheDaemonLivesWhereItIsConfigured) {
  const fs::path folder = user_.home() / "sockets";
  fs::create_directory(folder);
  configure_user(Json({{"socketFolder", folder.string()}, {"threads", 1}}).dump());
  Process daemon = user_.start({"daemon"});
  EXPECT_TRUE(soon([&] { return fs::is_socket(folder / "rondo/daemon.sock"); }));
  EXPECT_EQ(user_.status()["pid"], daemon.pid());
  EXPECT_EQ(user_.run({"daemon", "stop"}), 0);
  EXPECT_EQ(daemon.wait(), 0);
}

// Its file names all that a workspace must not decide; none of it is started, loaded or read.
TEST_F(ConfigTest, AHostileWorkspaceStartsNothing) {
  const fs::path mark = user_.home() / "mark";
  configure_workspace(Json({{"model", shop_.string()},
                            {"kernels", "reference"},
                            {"threads", 256},
                            {"kvMegabytes", 1 << 20},
                            {"socketFolder", shop_.string()},
                            {"command", "touch " + mark.string()},
                            {"formatter", {"touch", mark.string()}},
                            {"engineUrl", "http://127.0.0.1:1/"}})
                          .dump());
  const Json all = config();
  for (const auto& [name, setting] : all.items()) {
    EXPECT_EQ(setting["origin"], "default") << name;
  }
  const Told told = open_editor();
  EXPECT_EQ(told.warnings.size(), 8u);
  EXPECT_FALSE(told.suggested.empty());
  const Json status = user_.status();
  EXPECT_NE(status["model"]["path"], shop_.string());
  EXPECT_EQ(status["engine"]["threads"], 2);
  write(shop_ / "a.py", "def area(width, height):\n    return width * \n");
  EXPECT_NE(printed({"complete", (shop_ / "a.py").string() + ":2:20"}), "");
  EXPECT_FALSE(fs::exists(mark));
  EXPECT_FALSE(fs::exists(shop_ / "rondo"));
}

TEST_F(ConfigTest, TrustIsGivenListedLostAndRevoked) {
  write(shop_ / "a.py", "x = 1\n");
  const std::string place = (shop_ / "a.py").string() + ":1:5";
  configure_workspace(R"({"model": "none"})");
  EXPECT_EQ(user_.run({"complete", place}), 0);
  printed({"trust", shop_});
  EXPECT_EQ(printed({"trust", "--list"}), shop_.string() + "\n");
  EXPECT_EQ(config()["model"]["value"], (shop_ / "none").string());
  EXPECT_EQ(user_.run({"complete", place}), 1);  // there is no such model
  configure_workspace(R"({"model": "none" })");
  EXPECT_EQ(config()["model"]["value"], "");
  EXPECT_EQ(user_.run({"complete", place}), 0);
  EXPECT_NE(printed({"trust", "--list"}).find("not trusted any more"), std::string::npos);
  printed({"trust", shop_});
  printed({"trust", "--revoke", shop_});
  EXPECT_EQ(config()["model"]["value"], "");
  printed({"trust", "--revoke", shop_}, 1);
  EXPECT_EQ(printed({"trust", "--list"}), "");
}

}  // namespace
}  // namespace rondo::cli
