// Editing runs that are recorded, and the same once more. A script answers, so that no model is
// needed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "lsp/uri.h"
#include "tests/cli/process.h"
#include "tests/lsp/client.h"

namespace rondo::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kAnswers = R"_({"answers": [
    {"when": "slow", "waits": true},
    {"when": "area", "text": "width * height", "logprob": -0.2},
    {"text": "pass"}]})_";

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    folder_.write("answers.json", kAnswers);
    folder_.write("work/.rondoignore", "private.py\n");
    params_["rootUri"] = lsp::uri_of_path(path("work"));
  }

  std::string path(const std::string& name) { return (folder_.path() / name).string(); }
  std::string uri(const std::string& name) { return lsp::uri_of_path(path("work/" + name)); }
  std::string recording() {
    std::ifstream file(path("run.jsonl"), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  // Runs `edit` with an editor of `rondo lsp --record`.
  template <typename Edit>
  void record(Edit edit) {
    Process process = user_.start(
        {"lsp", "--stdio", "--script", path("answers.json"), "--record", path("run.jsonl")});
    lsp::Client client(process.take_output(), process.take_input());
    client.ask(1, "initialize", params_);
    client.send(lsp::notification_message("initialized", Json::object()));
    edit(client);
    client.ask(1000, "shutdown", nullptr);
    client.send(lsp::notification_message("exit", nullptr));
    EXPECT_EQ(process.wait(), 0);
  }

  void open(lsp::Client& client, const std::string& name, const std::string& text) {
    client.send(lsp::did_open(uri(name), text));
  }
  // Replaces the whole text.
  void change(lsp::Client& client, const std::string& name, int version, const std::string& text) {
    client.send(lsp::notification_message(
        "textDocument/didChange", {{"textDocument", {{"uri", uri(name)}, {"version", version}}},
                                   {"contentChanges", {{{"text", text}}}}}));
  }
  Json complete(lsp::Client& client, int id, const std::string& name, int line, int character) {
    return client.ask(id, "textDocument/inlineCompletion", lsp::at(uri(name), line, character));
  }

  // The report, and the exit code in *code.
  Json replay(int* code) {
    Process process = user_.start({"replay", path("run.jsonl"), "--json"});
    const std::string output = process.read_all();
    *code = process.wait();
    return parse_json(output, "the report").value();
  }

  const workspace::TemporaryFolder folder_;
  User user_;
  Json params_ = lsp::kInitialize;
};

// Typing, a menu, an answer that is overtaken by an edit, and one that is cancelled.
void type(lsp::Client& client, const std::string& uri, const std::function<void(int, int)>& edit) {
  client.ask(2, "textDocument/inlineCompletion", lsp::at(uri, 1, 11));
  edit(2, 0);
  client.ask(3, "textDocument/completion", lsp::at(uri, 1, 12));
  edit(3, 1);
  client.send(
      lsp::request_message(lsp::RequestId(4), "textDocument/inlineCompletion", lsp::at(uri, 2, 4)));
  edit(4, 0);
  client.send(lsp::request_message(lsp::RequestId(5), "textDocument/inlineCompletion",
                                   lsp::at(uri, 1, 12)));
  client.send(lsp::notification_message("$/cancelRequest", {{"id", 5}}));
  client.answers(2);
}

TEST_F(ReplayTest, GivesTheSameAnswers) {
  record([&](lsp::Client& client) {
    open(client, "a.py", "def area(width, height):\n    return ");
    const std::string texts[] = {"def area(width, height):\n    return w",
                                 "def area(width, height):\n    return w\n    # slow"};
    type(client, uri("a.py"),
         [&](int version, int i) { change(client, "a.py", version, texts[i]); });
  });
  int code = -1;
  const Json report = replay(&code);
  EXPECT_EQ(code, 0) << report.dump(1);
  EXPECT_EQ(report["differences"], Json::array());
  EXPECT_EQ(report["engine"]["otherQuestions"], 0);
  EXPECT_GE(report["engine"]["sameQuestions"], 2);
  EXPECT_GE(report["compared"], 5);
}

TEST_F(ReplayTest, SaysWhatDiffers) {
  record([&](lsp::Client& client) {
    open(client, "a.py", "def area(width, height):\n    return ");
    EXPECT_THAT(complete(client, 2, "a.py", 1, 11).dump(), HasSubstr("width * height"));
  });
  std::string text = recording();
  const size_t at = text.find("\"insertText\":\"width * height");
  ASSERT_NE(at, std::string::npos) << text;
  std::ofstream(path("run.jsonl")) << text.replace(at + 14, 5, "depth");
  int code = -1;
  const Json report = replay(&code);
  EXPECT_EQ(code, 1);
  ASSERT_EQ(report["differences"].size(), 1u) << report.dump(1);
  const Json& difference = report["differences"][0];
  EXPECT_EQ(difference["method"], "textDocument/inlineCompletion");
  EXPECT_THAT(difference["recorded"].dump(), HasSubstr("depth * height"));
  EXPECT_THAT(difference["replayed"].dump(), HasSubstr("width * height"));
}

TEST_F(ReplayTest, HasAllClientsOfADaemon) {
  Process daemon =
      user_.start({"daemon", "--script", path("answers.json"), "--record", path("run.jsonl")});
  ASSERT_TRUE(soon([&] { return std::filesystem::exists(user_.socket()); }));
  for (const char* name : {"a.py", "b.py"}) {
    Process process = user_.start({"lsp", "--stdio"});
    lsp::Client client(process.take_output(), process.take_input());
    client.ask(1, "initialize", params_);
    client.send(lsp::notification_message("initialized", Json::object()));
    open(client, name, "def area(width, height):\n    return ");
    EXPECT_THAT(complete(client, 2, name, 1, 11).dump(), HasSubstr("width * height"));
    client.ask(3, "shutdown", nullptr);
    client.send(lsp::notification_message("exit", nullptr));
    EXPECT_EQ(process.wait(), 0);
  }
  EXPECT_EQ(user_.run({"daemon", "stop"}), 0);
  EXPECT_EQ(daemon.wait(), 0);
  int code = -1;
  const Json report = replay(&code);
  EXPECT_EQ(code, 0) << report.dump(1);
  EXPECT_EQ(report["engine"]["sameQuestions"], 6);  // three candidates each
}

TEST_F(ReplayTest, TheFileIsTheUsersAndHasNothingThatMustNotBeRead) {
  // In two parts: this file is no secret.
  const std::string key = std::string("-----BEGIN RSA ") +
                          "PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7Gh29sKd0qLmZ81vBn3precious\n";
  record([&](lsp::Client& client) {
    open(client, ".env", "TOKEN=precious\n");
    complete(client, 2, ".env", 0, 3);
    open(client, "private.py", "precious = 1\n");
    change(client, "private.py", 2, "precious = 2\n");
    complete(client, 3, "private.py", 0, 3);
    open(client, "main.py", "area = 1\n");
    change(client, "main.py", 2, "ordinary = 2\n");
    change(client, "main.py", 3, key);
    complete(client, 4, "main.py", 0, 3);
    change(client, "main.py", 4, "precious = 3\n");  // from then on
  });
  struct stat info = {};
  ASSERT_EQ(::stat(path("run.jsonl").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_THAT(recording(), HasSubstr("ordinary"));
  EXPECT_THAT(recording(), HasSubstr("\"left\":\"textDocument/didOpen\""));
  EXPECT_THAT(recording(), Not(HasSubstr("precious")));
  int code = -1;
  const Json report = replay(&code);
  EXPECT_EQ(code, 0) << report.dump(1);
  EXPECT_GE(report["leftOut"], 5);
}

TEST_F(ReplayTest, WritesOverNoFileAndReadsNoOther) {
  std::ofstream(path("run.jsonl")) << "mine\n";
  EXPECT_EQ(user_.run({"lsp", "--stdio", "--record", path("run.jsonl")}), 2);
  EXPECT_EQ(recording(), "mine\n");
  EXPECT_EQ(user_.run({"replay", path("run.jsonl")}), 2);
  EXPECT_EQ(user_.run({"replay", path("none.jsonl")}), 1);
}

}  // namespace
}  // namespace rondo::cli
