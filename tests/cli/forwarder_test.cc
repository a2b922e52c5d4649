// `rondo lsp` between an editor and a daemon, all of them processes.

#include "lsp/forwarder.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <set>

#include "tests/cli/process.h"
#include "tests/lsp/client.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;

using lsp::Client;
using lsp::RequestId;

const std::string kUri = "file:///w/a.py";
const std::string kText = "def area(width, height):\n    return width * ";

// An editor with a `rondo lsp` of its own.
class Editor {
 public:
  explicit Editor(Process process)
      : process_(std::move(process)), client(process_.take_output(), process_.take_input()) {}

  void begin(Json params = lsp::kInitialize) {
    EXPECT_TRUE(ask("initialize", params)["result"].is_object());
    notify("initialized", Json::object());
  }
  void open(const std::string& text = kText) { client.send(lsp::did_open(kUri, text)); }
  void notify(std::string_view method, const Json& params) {
    client.send(lsp::notification_message(method, params));
  }
  // The answer; it is the next one that comes.
  Json ask(std::string_view method, const Json& params) {
    const Json answer = client.ask(++id_, method, params);
    EXPECT_EQ(answer["id"], id_) << answer.dump();
    return answer;
  }
  // What is suggested at the end of kText.
  Json complete() { return ask("textDocument/inlineCompletion", lsp::at(kUri, 1, 19))["result"]; }
  // Asks without waiting; the id.
  int send(std::string_view method, const Json& params) {
    client.send(lsp::request_message(RequestId(++id_), method, params));
    return id_;
  }
  int leave() {
    EXPECT_TRUE(ask("shutdown", nullptr)["result"].is_null());
    notify("exit", nullptr);
    return process_.wait();
  }

 private:
  int id_ = 0;
  Process process_;

 public:
  Client client;
};

class ForwarderTest : public testing::Test {
 protected:
  Editor start_editor() { return Editor(user_.start({"lsp", "--stdio", "--threads", "2"})); }

  pid_t daemon() const { return user_.status()["pid"].get<pid_t>(); }
  void kill_daemon() const { ::kill(daemon(), SIGKILL); }

  User user_;
};

TEST_F(ForwarderTest, StartsOneDaemonForAllEditors) {
  Editor one = start_editor();
  Editor two = start_editor();
  for (Editor* editor : {&one, &two}) {
    editor->begin();
    editor->open();
  }
  const Json first = one.complete();
  EXPECT_FALSE(first["items"].empty());
  EXPECT_EQ(two.complete(), first);
  EXPECT_EQ(user_.status()["clients"].size(), 2u);
  EXPECT_EQ(one.leave(), 0);
  EXPECT_EQ(two.complete(), first);
  two.client.hang_up();
  EXPECT_TRUE(soon([&] { return user_.status()["clients"].empty(); }));
}

// The daemon has the model by then, so nothing but the index could make it wait.
TEST_F(ForwarderTest, TheFirstSuggestionOfALaterEditorKnowsTheWorkspaceToo) {
  const std::filesystem::path folder = user_.home() / "shop";
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "prices.py") << "def gross_price(net, country):\n    return net * 1.2\n";
  const std::string uri = "file://" + (folder / "cart.py").string();
  Json params = lsp::kInitialize;
  params["workspaceFolders"] = {{{"uri", "file://" + folder.string()}, {"name", "shop"}}};
  const auto begin = [&](Editor& editor) {
    editor.begin(params);
    editor.client.send(
        lsp::did_open(uri, "from prices import gross_price\n\n\ntotal = gross_price("));
  };
  const auto blocks = [&](Editor& editor) {
    editor.ask("textDocument/inlineCompletion", lsp::at(uri, 3, 20));
    return editor.ask("rondo/why", lsp::at(uri, 0, 0))["result"]["blocks"];
  };
  Editor first = start_editor();
  begin(first);
  EXPECT_TRUE(soon([&] { return blocks(first).size() == 1; }));  // and it is encoded
  EXPECT_EQ(first.leave(), 0);
  for (int round = 0; round < 3; ++round) {
    Editor later = start_editor();
    begin(later);
    const Json known = blocks(later);
    ASSERT_EQ(known.size(), 1u) << round;
    EXPECT_EQ(known[0]["path"], "prices.py");
    EXPECT_EQ(later.leave(), 0);
  }
}

TEST_F(ForwarderTest, GoesOnWithAnotherDaemonWhenOneIsKilled) {
  Editor editor = start_editor();
  Json params = lsp::kInitialize;
  params["capabilities"]["window"]["workDoneProgress"] = true;
  params["capabilities"]["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"] = true;
  editor.begin(params);
  editor.notify("workspace/didChangeConfiguration",
                {{"settings", {{"rondo", {{"maxTokens", 7}}}}}});
  // kText after two edits, one of them behind a character of two UTF-16 units.
  editor.open("# \xF0\x9D\x84\x9E wrong\n    return width * ");
  editor.notify(
      "textDocument/didChange",
      {{"textDocument", {{"uri", kUri}, {"version", 2}}},
       {"contentChanges",
        {{{"range",
           {{"start", {{"line", 0}, {"character", 5}}}, {"end", {{"line", 0}, {"character", 10}}}}},
          {"text", "right"}},
         {{"range",
           {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 0}, {"character", 10}}}}},
          {"text", "def area(width, height):"}}}}});
  const Json suggested = editor.complete();
  EXPECT_FALSE(suggested["items"].empty());
  for (int round = 0; round < 2; ++round) {
    const pid_t before = daemon();
    kill_daemon();
    EXPECT_EQ(editor.complete(), suggested);
    EXPECT_NE(daemon(), before);
  }
  const Json status = editor.ask("rondo/status", nullptr)["result"];
  EXPECT_EQ(status["settings"]["maxTokens"], 7);
  EXPECT_EQ(status["documents"], 1);
  EXPECT_EQ(editor.leave(), 0);
  // What the daemons asked has no id twice, and is registered once.
  std::set<Json> ids;
  int n_registered = 0;
  for (const Json& message : editor.client.heard()) {
    if (message.contains("id")) {
      EXPECT_TRUE(ids.insert(message["id"]).second) << message;
    }
    n_registered += message["method"] == "client/registerCapability" ? 1 : 0;
  }
  EXPECT_GE(ids.size(), 3u);
  EXPECT_EQ(n_registered, 1);
}

TEST_F(ForwarderTest, AnswersWhatWasUnderWayWhenTheDaemonDies) {
  Editor editor = start_editor();
  editor.begin();
  editor.open();
  const Json suggested = editor.complete();
  const pid_t stuck = daemon();
  ::kill(stuck, SIGSTOP);
  const int superseded = editor.send("textDocument/inlineCompletion", lsp::at(kUri, 1, 18));
  const int newest = editor.send("textDocument/inlineCompletion", lsp::at(kUri, 1, 19));
  const int other = editor.send("rondo/why", lsp::at(kUri, 0, 0));
  editor.client.send_bytes("no header\r\n\r\n");  // which the forwarder answers by itself
  EXPECT_EQ(editor.client.receive()["error"]["code"], -32700);
  ::kill(stuck, SIGKILL);
  std::map<int, Json> answers = editor.client.answers(3);
  EXPECT_TRUE(answers[superseded].contains("result") && answers[superseded]["result"].is_null());
  EXPECT_EQ(answers[other]["error"]["code"], -32801);
  EXPECT_EQ(answers[newest]["result"], suggested);
}

TEST_F(ForwarderTest, ReplacesADaemonThatHangs) {
  std::filesystem::create_directory(user_.home() / "config/rondo");
  std::ofstream(user_.home() / "config/rondo/config.json") << R"({"answerWithinSeconds": 0.5})";
  Editor editor = start_editor();
  editor.begin();
  editor.open();
  const Json suggested = editor.complete();
  EXPECT_FALSE(suggested["items"].empty());
  pid_t hung = daemon();
  ::kill(hung, SIGSTOP);
  EXPECT_EQ(editor.complete(), suggested);  // it noticed by itself
  EXPECT_NE(daemon(), hung);
  hung = daemon();
  ::kill(hung, SIGSTOP);
  Editor newcomer = start_editor();
  newcomer.begin();
  newcomer.open();
  EXPECT_EQ(newcomer.complete(), suggested);
  EXPECT_NE(daemon(), hung);
  EXPECT_EQ(editor.complete(), suggested);
}

// Whoever listens there without the lock is no daemon, and stays alive.
TEST_F(ForwarderTest, EndsNobodyElse) {
  std::filesystem::create_directory(user_.home() / "config/rondo");
  std::ofstream(user_.home() / "config/rondo/config.json") << R"({"answerWithinSeconds": 0.1})";
  const auto place = lsp::DaemonPlace::open(user_.runtime_home(), user_.cache_home()).value();
  const FileDescriptor silent = place.listen().value();  // this very process
  Editor editor = start_editor();
  editor.begin();
  editor.open();
  EXPECT_FALSE(editor.complete()["items"].empty());  // alone
  EXPECT_EQ(editor.leave(), 0);
}

TEST_F(ForwarderTest, ADocumentThatWasUncertainStaysSo) {
  Editor editor = start_editor();
  editor.begin();
  editor.open();
  EXPECT_FALSE(editor.complete()["items"].empty());
  editor.notify("textDocument/didChange", {{"textDocument", {{"uri", kUri}, {"version", 1}}},
                                           {"contentChanges", {{{"text", "an older text"}}}}});
  EXPECT_TRUE(editor.complete()["items"].empty());
  kill_daemon();
  EXPECT_TRUE(editor.complete()["items"].empty());
  editor.notify("textDocument/didSave", {{"textDocument", {{"uri", kUri}}}, {"text", kText}});
  EXPECT_FALSE(editor.complete()["items"].empty());
}

TEST_F(ForwarderTest, WakesADaemonThatWasStoppedOnlyWhenItIsNeeded) {
  Editor editor = start_editor();
  editor.begin();
  editor.open();
  const Json suggested = editor.complete();
  EXPECT_EQ(user_.run({"daemon", "stop"}), 0);
  EXPECT_TRUE(user_.status().is_null());
  EXPECT_EQ(editor.complete(), suggested);
  EXPECT_EQ(user_.status()["clients"].size(), 1u);
}

TEST_F(ForwarderTest, ANewEditorReplacesAnotherBuildAndTheOldOnesFollow) {
  Process older = user_.start({"daemon", "--threads", "2", "--build", "older"});
  EXPECT_TRUE(soon([&] { return !user_.status().is_null(); }));
  Editor first = start_editor();
  first.begin();
  first.open();
  const Json suggested = first.complete();
  EXPECT_EQ(older.wait(), 0);
  EXPECT_NE(user_.status()["build"], "older");
  // A daemon of another build than the first editor's takes over, as after an upgrade.
  EXPECT_EQ(user_.run({"daemon", "stop"}), 0);
  Process newer = user_.start({"daemon", "--threads", "2", "--build", "newer"});
  EXPECT_TRUE(soon([&] { return !user_.status().is_null(); }));
  EXPECT_EQ(first.complete(), suggested);
  EXPECT_EQ(user_.status()["build"], "newer");
  Editor second = start_editor();
  second.begin();
  EXPECT_EQ(newer.wait(), 0);
  EXPECT_EQ(first.complete(), suggested);
  EXPECT_EQ(user_.status()["clients"].size(), 2u);
}

TEST_F(ForwarderTest, ServesAloneWhenThereCanBeNoDaemon) {
  const std::string file = user_.home() / "file";
  std::ofstream(file) << "where a folder would have to be";
  std::vector<std::string> environment = user_.environment();
  std::erase_if(environment, [](const std::string& entry) {
    return entry.starts_with("XDG_RUNTIME_DIR=") || entry.starts_with("XDG_CACHE_HOME=");
  });
  environment.push_back("XDG_CACHE_HOME=" + file);
  Editor editor(Process({RONDO_BINARY, "lsp", "--threads", "2"}, environment));
  editor.begin();
  editor.open();
  EXPECT_FALSE(editor.complete()["items"].empty());
  EXPECT_TRUE(user_.status().is_null());
  EXPECT_EQ(editor.leave(), 0);
}

TEST_F(ForwarderTest, ServesAloneWhenOthersUseAnotherEngine) {
  Editor first = start_editor();
  first.begin();
  Editor other(user_.start({"lsp", "--threads", "1"}));
  other.begin();
  other.open();
  EXPECT_FALSE(other.complete()["items"].empty());
  EXPECT_EQ(user_.status()["clients"].size(), 1u);
}

// A forwarder in this process, whose daemon has just died and cannot be started until `allow`
// exists.
TEST_F(ForwarderTest, GivesUpForAWhileWhenNoDaemonLives) {
  const std::string allow = user_.home() / "allow";
  std::string start = "test -e " + allow + " && exec env";
  for (const std::string& entry : user_.environment()) start += " " + entry;
  start += std::string(" ") + RONDO_BINARY + " daemon --detach --threads 2 2>/dev/null";
  const auto place = lsp::DaemonPlace::open(user_.runtime_home(), user_.cache_home()).value();
  const lsp::Pipes pipes;
  std::array<int, 2> sockets;
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()), 0);
  auto exit_code = std::async(std::launch::async, [&] {
    return lsp::run_forwarder({.reach =
                                   [&](lsp::Build build, const lsp::Patience& patience) {
                                     return reach_daemon(
                                         place, {.start_command = {"/bin/sh", "-c", start}}, build,
                                         patience);
                                   },
                               .log_path = "/the/log",
                               .input = pipes.to_server[0],
                               .output = pipes.to_client[1],
                               .retry_after = std::chrono::milliseconds(1)},
                              FileDescriptor(sockets[0]));
  });
  Client client(pipes.to_client[0], pipes.to_server[1]);
  ::close(sockets[1]);
  const Json told = client.receive();
  EXPECT_EQ(told["method"], "window/showMessage");
  EXPECT_NE(told.dump().find("/the/log"), std::string::npos) << told;
  int id = 0;
  EXPECT_TRUE(
      client.ask(++id, "textDocument/inlineCompletion", lsp::at(kUri, 0, 0))["result"].is_null());
  EXPECT_EQ(client.ask(++id, "rondo/why", lsp::at(kUri, 0, 0))["error"]["code"], -32803);
  std::ofstream(allow) << "now";
  EXPECT_TRUE(
      soon([&] { return client.ask(++id, "initialize", lsp::kInitialize).contains("result"); }));
  client.send(lsp::did_open(kUri, kText));
  EXPECT_FALSE(
      client.ask(++id, "textDocument/inlineCompletion", lsp::at(kUri, 1, 19))["result"]["items"]
          .empty());
  EXPECT_TRUE(client.heard().empty()) << client.heard().front();  // it was said once
  client.hang_up();
  EXPECT_EQ(exit_code.get(), 1);
}

// ssh that reaches a machine which differs from this one in the user's home: it runs what it is
// told, as sshd would, in a shell with that home.
class OtherMachine {
 public:
  OtherMachine() {
    std::string there = "env -i PATH=" + rondo_folder() + ":/usr/bin:/bin";
    for (const std::string& entry : user_.environment()) there += " '" + entry + "'";
    write(
        "#!/bin/sh\n"
        "while [ \"$1\" != -- ]; do shift; done\n"
        "[ \"$2\" = box ] || { echo \"ssh: Could not resolve hostname $2\" >&2; exit 255; }\n"
        "exec " +
        there + " sh -c \"$3\"\n");
  }
  // Where it is found instead of the real one.
  std::string path() const { return bin().string() + ":/usr/bin:/bin"; }
  const User& user() const { return user_; }

 private:
  static std::string rondo_folder() { return fs::path(RONDO_BINARY).parent_path().string(); }
  fs::path bin() const { return user_.home() / "bin"; }
  void write(const std::string& script) const {
    fs::create_directory(bin());
    std::ofstream(bin() / "ssh") << script;
    fs::permissions(bin() / "ssh", fs::perms::owner_all);
  }

  User user_;
};

TEST_F(ForwarderTest, ServesThroughAnotherMachine) {
  const OtherMachine box;
  Editor editor(user_.start({"lsp", "--connect", "ssh:box"}, {"PATH=" + box.path()}));
  Json params = lsp::kInitialize;
  params["processId"] = 1 << 30;  // of a process that is not there
  params["workspaceFolders"] = {{{"uri", "file:///w/nowhere"}, {"name", "nowhere"}}};
  editor.client.send(lsp::request_message(RequestId(1000), "initialize", params));
  const Json told = editor.client.receive();
  EXPECT_EQ(told["method"], "window/showMessage");
  EXPECT_NE(told.dump().find("has no folder /w/nowhere"), std::string::npos) << told;
  EXPECT_TRUE(editor.client.receive()["result"].is_object());
  editor.notify("initialized", Json::object());
  editor.open();
  const Json first = editor.complete();
  EXPECT_FALSE(first["items"].empty());
  EXPECT_TRUE(user_.status().is_null()) << "a daemon here";
  // It may die there too.
  ::kill(box.user().status()["pid"].get<pid_t>(), SIGKILL);
  EXPECT_EQ(editor.complete(), first);
  EXPECT_EQ(editor.leave(), 0);
  EXPECT_TRUE(soon([&] { return box.user().status()["clients"].empty(); }));
}

TEST_F(ForwarderTest, SaysWhatItCannotReach) {
  const OtherMachine box;
  const auto connect = [&](const std::string& target) {
    std::vector<std::string> environment = user_.environment();
    environment.push_back("PATH=" + box.path());
    const std::string command = RONDO_BINARY " lsp --connect '" + target + "' 2>&1";
    Process process({"/bin/sh", "-c", command}, environment);
    const std::string said = process.read_all();
    EXPECT_NE(process.wait(), 0);
    return said;
  };
  EXPECT_NE(connect("ssh:elsewhere").find("no rondo answers on elsewhere"), std::string::npos);
  for (const char* wrong : {"box", "ssh:", "ssh:-oProxyCommand=touch /tmp/x", "http://box"})
    EXPECT_NE(connect(wrong).find("must be ssh:HOST"), std::string::npos) << wrong;
}

// The other end of a forwarder's connections: daemons that die as they are told.
class MortalDaemons {
 public:
  explicit MortalDaemons(const lsp::DaemonPlace& place)
      : lock_(place.lock_daemon().value()), listener_(place.listen().value()) {}

  // The next one that the forwarder finds, once it has been greeted.
  std::unique_ptr<Client> next() {
    const auto patience = lsp::Patience::for_at_most(std::chrono::seconds(60));
    EXPECT_TRUE(patience.readable(listener_.get()));
    const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    std::array<char, 4096> hello;
    EXPECT_GT(::recv(socket, hello.data(), hello.size(), 0), 0);
    const std::string line = to_line(lsp::Welcome());
    EXPECT_EQ(::send(socket, line.data(), line.size(), 0), static_cast<ssize_t>(line.size()));
    return std::make_unique<Client>(socket, socket);
  }

 private:
  FileDescriptor lock_;
  FileDescriptor listener_;
};

// What has killed one daemon may kill every one: it is asked for again once, not for ever.
TEST_F(ForwarderTest, AsksNoThirdDaemon) {
  const auto place = lsp::DaemonPlace::open(user_.runtime_home(), user_.cache_home()).value();
  MortalDaemons daemons(place);
  const lsp::Pipes pipes;
  auto exit_code = std::async(std::launch::async, [&] {
    const auto reach = [&](lsp::Build build, const lsp::Patience& patience) {
      return reach_daemon(place, {.answer_within = std::chrono::hours(1)}, build, patience);
    };
    const lsp::ForwarderOptions options = {.reach = reach,
                                           .answer_within = std::chrono::hours(1),
                                           .input = pipes.to_server[0],
                                           .output = pipes.to_client[1]};
    auto daemon = reach(lsp::Build::kMine, lsp::Patience::for_at_most(options.patience));
    return run_forwarder(options, std::move(*daemon));
  });
  Client client(pipes.to_client[0], pipes.to_server[1]);
  const auto expect = [](Client& daemon, const std::vector<std::string>& methods) {
    for (const std::string& method : methods) {
      Json message = daemon.receive();
      while (message["method"] == "rondo/ping") message = daemon.receive();
      EXPECT_EQ(message["method"], method);
    }
  };
  auto first = daemons.next();
  client.send(lsp::request_message(RequestId(1), "initialize", lsp::kInitialize));
  expect(*first, {"initialize"});
  first->send(lsp::result_message(RequestId(1), {{"capabilities", Json::object()}}));
  EXPECT_EQ(client.receive()["id"], 1);
  client.send(lsp::did_open(kUri, kText));
  client.send(
      lsp::request_message(RequestId(2), "textDocument/inlineCompletion", lsp::at(kUri, 1, 19)));
  expect(*first, {"textDocument/didOpen", "textDocument/inlineCompletion"});
  first.reset();
  auto second = daemons.next();
  expect(*second, {"initialize", "textDocument/didOpen", "textDocument/inlineCompletion"});
  second.reset();
  auto third = daemons.next();
  const Json answer = client.receive();
  EXPECT_EQ(answer["id"], 2);
  EXPECT_TRUE(answer.contains("result") && answer["result"].is_null());
  client.send(lsp::request_message(RequestId(3), "rondo/why", lsp::at(kUri, 0, 0)));
  expect(*third, {"initialize", "textDocument/didOpen", "rondo/why"});
  client.hang_up();
  EXPECT_EQ(exit_code.get(), 1);
}

}  // namespace
}  // namespace rondo::cli
