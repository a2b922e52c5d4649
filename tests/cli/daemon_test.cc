// The daemon as a process, and clients on its socket.

#include "lsp/daemon.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <iterator>
#include <map>

#include "engine/segment_log.h"
#include "lsp/daemon_place.h"
#include "lsp/handshake.h"
#include "tests/cli/process.h"
#include "tests/lsp/client.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using lsp::Answer;
using lsp::Client;

// Code that takes the model a while to read.
std::string long_text(int n_functions = 200) {
  std::string text;
  for (int i = 0; i < n_functions; ++i) {
    text += "def area_" + std::to_string(i) + "(width, height):\n    return width * height\n\n";
  }
  return text + "total = ";
}

class DaemonTest : public testing::Test {
 protected:
  Process start_daemon(std::vector<std::string> options = {}) {
    options.insert(options.begin(), "daemon");
    options.insert(options.end(), {"--threads", "2"});
    Process daemon = user_.start(options);
    EXPECT_TRUE(soon([&] { return place().connect().ok(); }));
    return daemon;
  }

  lsp::DaemonPlace place() const {
    return lsp::DaemonPlace::open(user_.runtime_home(), user_.cache_home()).value();
  }

  lsp::Welcome ask(int socket, const lsp::Hello& hello) {
    return lsp::ask(socket, hello, lsp::Patience::for_at_most(std::chrono::seconds(60))).value();
  }

  // An editor that the daemon serves.
  std::unique_ptr<Client> connect(const Json& params = lsp::kInitialize) {
    const int socket = place().connect().value().release();
    EXPECT_EQ(ask(socket, {.any_build = true}).answer, Answer::kAccepted);
    ::fcntl(socket, F_SETFL, 0);  // the Client waits
    auto client = std::make_unique<Client>(socket, socket);
    client->ask(1, "initialize", params);
    client->send(lsp::notification_message("initialized", Json::object()));
    return client;
  }

  static void complete(Client& client, int id, const std::string& uri, const std::string& text) {
    const int64_t line = std::count(text.begin(), text.end(), '\n');
    const size_t begin = text.rfind('\n') + 1;
    client.send(lsp::request_message(
        lsp::RequestId(id), "textDocument/inlineCompletion",
        lsp::at(uri, static_cast<int>(line), static_cast<int>(text.size() - begin))));
  }

  User user_;
};

// A folder with a definition, and a file that is open there and about to use it.
struct ShapesWorkspace {
  ShapesWorkspace() {
    folder.write("shapes.py", "def rectangle_area(width, height):\n    return width * height\n");
    params["rootUri"] = "file://" + folder.path().string();
  }

  const workspace::TemporaryFolder folder;
  Json params = lsp::kInitialize;
  const std::string uri = "file://" + folder.path().string() + "/main.py";
  const std::string text = "from shapes import rectangle_area\n\nprint(rectangle_area(2, ";
};

mode_t mode_of(const fs::path& path) {
  struct stat info = {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST_F(DaemonTest, IsTheUsersAloneAndOne) {
  Process daemon = start_daemon();
  EXPECT_EQ(mode_of(user_.socket().parent_path()), 0700);
  EXPECT_EQ(mode_of(user_.socket()), 0600);
  EXPECT_EQ(mode_of(user_.log()), 0600);
  EXPECT_EQ(user_.run({"daemon"}), 1);
  EXPECT_EQ(user_.run({"daemon", "--detach"}), 1);
  EXPECT_EQ(user_.status()["pid"], daemon.pid());
}

TEST_F(DaemonTest, FindsAPlaceWithoutARuntimeFolder) {
  std::vector<std::string> environment = user_.environment();
  std::erase_if(environment,
                [](const std::string& entry) { return entry.starts_with("XDG_RUNTIME_DIR="); });
  EXPECT_EQ(Process({RONDO_BINARY, "daemon", "--detach"}, environment).wait(), 0);
  const fs::path folder = user_.home() / "cache/rondo/run";
  EXPECT_EQ(mode_of(folder), 0700);
  EXPECT_EQ(mode_of(folder / "daemon.sock"), 0600);
  EXPECT_EQ(Process({RONDO_BINARY, "daemon", "stop"}, environment).wait(), 0);
  EXPECT_FALSE(fs::exists(folder / "daemon.sock"));
}

TEST_F(DaemonTest, TakesThePlaceOfOneThatWasKilled) {
  Process killed = start_daemon();
  killed.kill(SIGKILL);
  EXPECT_EQ(killed.wait(), -SIGKILL);
  EXPECT_TRUE(fs::is_socket(user_.socket()));
  EXPECT_TRUE(user_.status().is_null());
  const Process daemon = start_daemon();
  EXPECT_EQ(user_.status()["pid"], daemon.pid());
}

TEST_F(DaemonTest, FollowsNoLinkAndRemovesNothingOfOthers) {
  const fs::path folder = user_.socket().parent_path();
  const fs::path victim = user_.home() / "victim";
  std::ofstream(victim) << "precious";
  fs::create_directory(folder);
  for (const char* name : {"daemon.lock", "daemon.sock"}) {
    fs::create_symlink(victim, folder / name);
    EXPECT_EQ(user_.run({"daemon"}), 1) << name;
    EXPECT_TRUE(fs::is_symlink(folder / name)) << name;
    fs::remove(folder / name);
  }
  std::ofstream(folder / "daemon.sock") << "a file";
  EXPECT_EQ(user_.run({"daemon"}), 1);
  EXPECT_EQ(read(folder / "daemon.sock"), "a file");
  fs::remove_all(folder);
  fs::create_directory(user_.home() / "elsewhere");
  fs::create_directory_symlink(user_.home() / "elsewhere", folder);
  EXPECT_EQ(user_.run({"daemon"}), 1);
  EXPECT_TRUE(fs::is_empty(user_.home() / "elsewhere"));
  EXPECT_EQ(read(victim), "precious");
  fs::remove(folder);
}

TEST_F(DaemonTest, RefusesTheProcessOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const Process daemon = start_daemon();
  for (fs::path path = user_.socket(); path != user_.home().parent_path();
       path = path.parent_path()) {
    ::chmod(path.c_str(), 0777);
  }
  const pid_t other = ::fork();
  if (other == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    user_.socket().string().copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ::_exit(3);
    const std::string hello = to_line(lsp::Hello{.wish = lsp::Wish::kStatus});
    (void)!::send(fd, hello.data(), hello.size(), MSG_NOSIGNAL);
    char byte;
    ::_exit(::recv(fd, &byte, 1, 0) > 0 ? 4 : 0);
  }
  int status = -1;
  ::waitpid(other, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(user_.status()["pid"], daemon.pid());
}

TEST_F(DaemonTest, DropsWhoTalksNonsense) {
  const Process daemon = start_daemon();
  for (const std::string& line : {std::string("GET / HTTP/1.1\r\n"), std::string("{}\n"),
                                  std::string("\xff\x00\n", 3), std::string(1 << 20, 'x')}) {
    const FileDescriptor socket = place().connect().value();
    (void)!::send(socket.get(), line.data(), line.size(), MSG_NOSIGNAL);
    EXPECT_TRUE(
        lsp::wait_for_end(socket.get(), lsp::Patience::for_at_most(std::chrono::seconds(60))));
  }
  EXPECT_EQ(user_.status()["pid"], daemon.pid());
}

TEST_F(DaemonTest, TellsWhatItsClientMustKnow) {
  const Process daemon = start_daemon();
  const auto answer_to = [&](const lsp::Hello& hello) {
    return ask(place().connect().value().get(), hello);
  };
  const lsp::Welcome other = answer_to({.program = {.version = "0", .build = "older"}});
  EXPECT_EQ(other.answer, Answer::kOtherBuild);
  EXPECT_EQ(other.process_id, daemon.pid());
  EXPECT_EQ(answer_to({.any_build = true}).answer, Answer::kAccepted);
  EXPECT_EQ(answer_to({.model = "/no/such/model", .any_build = true}).answer, Answer::kOtherEngine);
  EXPECT_EQ(answer_to({.n_threads = 7, .any_build = true}).answer, Answer::kOtherEngine);
  EXPECT_EQ(answer_to({.protocol = 99}).answer, Answer::kOtherProtocol);
}

TEST_F(DaemonTest, KeepsTwoClientsWithTheSameFileApart) {
  const Process daemon = start_daemon();
  const std::string uri = "file:///w/a.py";
  const std::string texts[] = {"def area(width, height):\n    return width * ",
                               "def mean(values):\n    return sum(values) / "};
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<Json> alone;
  for (const std::string& text : texts) {
    clients.push_back(connect());
    clients.back()->send(lsp::did_open(uri, text));
    complete(*clients.back(), 2, uri, text);
    alone.push_back(clients.back()->answers(1)[2]["result"]);
    EXPECT_FALSE(alone.back()["items"].empty());
  }
  EXPECT_NE(alone[0], alone[1]);
  EXPECT_EQ(user_.status()["clients"].size(), 2u);
  for (int id = 3; id < 10; ++id) {
    for (int i = 0; i < 2; ++i) complete(*clients[i], id, uri, texts[i]);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(clients[i]->answers(1)[id]["result"], alone[i]);
  }
  // Both wait with the same id; one gives up.
  const std::string text = long_text();
  for (const auto& client : clients) {
    client->send(lsp::did_open("file:///w/long.py", text));
    complete(*client, 20, "file:///w/long.py", text);
  }
  clients[0]->send(lsp::notification_message("$/cancelRequest", {{"id", 20}}));
  EXPECT_TRUE(clients[1]->answers(1)[20]["result"].is_object());
  EXPECT_TRUE(clients[0]->answers(1).contains(20));
}

// Pages that nobody holds: free ones, and beginnings of prompts that go when others need them.
int64_t free_or_kept(const Json& kv) {
  return kv["free"].get<int64_t>() + kv["prefixes"].get<int64_t>();
}

TEST_F(DaemonTest, FreesWhatAClientHadThatVanished) {
  const Process daemon = start_daemon();
  const std::string text = long_text();
  auto client = connect();
  client->send(lsp::did_open("file:///w/a.py", text));
  complete(*client, 2, "file:///w/a.py", text);
  client->answers(1);
  const Json kv = user_.status()["engine"]["kv"];
  EXPECT_LT(kv["free"], kv["pages"]);
  client->send(lsp::did_open("file:///w/b.py", text));
  complete(*client, 3, "file:///w/b.py", text);
  client.reset();
  EXPECT_TRUE(soon([&] {
    const Json status = user_.status();
    return status["clients"].empty() && status["engine"]["requests"]["queued"] == 0 &&
           free_or_kept(status["engine"]["kv"]) == status["engine"]["kv"]["pages"];
  }));
}

TEST_F(DaemonTest, ReadsNothingAgainThatIsUnchanged) {
  const ShapesWorkspace shapes;
  // Completes until Segments are used; what the engine says then.
  const auto work = [&] {
    const auto client = connect(shapes.params);
    client->send(lsp::did_open(shapes.uri, shapes.text));
    int id = 1;
    Json engine;
    EXPECT_TRUE(soon([&] {
      complete(*client, ++id, shapes.uri, shapes.text);
      client->answers(1);
      engine = user_.status()["engine"];
      return engine["segments"]["count"] > 0;
    }));
    return engine;
  };
  {
    Process daemon = start_daemon();
    EXPECT_GT(work()["segments"]["encoded"], 0);
    daemon.kill(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
  }
  const Process daemon = start_daemon();
  const Json engine = work();
  EXPECT_EQ(engine["segments"]["encoded"], 0);
  EXPECT_GT(engine["disk"]["restored"], 0);
  EXPECT_EQ(engine["disk"]["written"], 0);
  EXPECT_EQ(user_.run({"cache", "clear"}), 0);
  EXPECT_EQ(engine::measure_segment_files(user_.cache_home() + "/rondo/segments").n_files, 0);
  EXPECT_TRUE(soon([&] { return user_.status()["engine"]["disk"]["segments"] == 0; }));
  EXPECT_EQ(user_.run({"cache"}), 0);
}

// A cursor that comes to rest has what it needs brought back from disk, before anybody asks.
TEST_F(DaemonTest, BringsBackForACursorWhatItsFirstAnswerNeeds) {
  const ShapesWorkspace shapes;
  // Moves the cursor to the end of the text; what the engine says when it has read ahead.
  const auto rest = [&](Client& client) {
    client.send(lsp::did_open(shapes.uri, shapes.text));
    int id = 10;
    EXPECT_TRUE(soon([&] {
      const Json status = client.ask(++id, "rondo/status", nullptr)["result"];
      return status["index"]["state"] == "ready" && status["model"]["state"] == "ready";
    }));
    client.send(lsp::notification_message("rondo/cursor", lsp::at(shapes.uri, 2, 24)));
    Json engine;
    EXPECT_TRUE(soon([&] {
      engine = user_.status()["engine"];
      return engine["segments"]["count"] > 0;
    }));
    return engine;
  };
  {
    Process daemon = start_daemon();
    EXPECT_GT(rest(*connect(shapes.params))["segments"]["encoded"], 0);
    daemon.kill(SIGTERM);
    EXPECT_EQ(daemon.wait(), 0);
  }
  const Process daemon = start_daemon();
  const auto client = connect(shapes.params);
  const Json engine = rest(*client);
  EXPECT_EQ(engine["segments"]["encoded"], 0);
  EXPECT_GT(engine["disk"]["restored"], 0);
  // The first answer uses it, and nothing is encoded for it.
  complete(*client, 2, shapes.uri, shapes.text);
  client->answers(1);
  const Json why = client->ask(3, "rondo/why", lsp::at(shapes.uri, 0, 0))["result"];
  ASSERT_EQ(why["blocks"].size(), 1u) << why.dump();
  EXPECT_EQ(why["blocks"][0]["path"], "shapes.py");
  EXPECT_EQ(user_.status()["engine"]["segments"]["encoded"], 0);
}

// An editor that says neither where its cursor is nor asks for anything while one types: a pause
// after an edit is enough, and after another one only what was typed is read.
TEST_F(DaemonTest, ReadsAheadWhereSomebodyPausesAfterAnEdit) {
  const Process daemon = start_daemon();
  const std::string uri = "file:///w/a.py";
  std::string text = long_text(40);
  const auto client = connect();
  client->send(lsp::did_open(uri, text));
  int id = 10;
  EXPECT_TRUE(soon([&] {
    return client->ask(++id, "rondo/status", nullptr)["result"]["model"]["state"] == "ready";
  }));
  const auto n_done = [&] { return user_.status()["engine"]["requests"]["done"].get<int>(); };
  int version = 1;
  const auto type_and_pause = [&](const std::string& typed) {
    const int n_before = n_done();
    const Json end = lsp::at(uri, 120, static_cast<int>(text.size() - text.rfind('\n') - 1));
    client->send(lsp::notification_message(
        "textDocument/didChange",
        {{"textDocument", {{"uri", uri}, {"version", ++version}}},
         {"contentChanges",
          {{{"range", {{"start", end["position"]}, {"end", end["position"]}}},
            {"text", typed}}}}}));
    text += typed;
    EXPECT_TRUE(soon([&] { return n_done() > n_before; }));
  };
  for (const char* typed : {"area_1(2, 3) + ", "area_2(4, "}) {
    type_and_pause(typed);
    complete(*client, ++id, uri, text);
    client->answers(1);
    const Json why = client->ask(++id, "rondo/why", lsp::at(uri, 0, 0))["result"];
    EXPECT_GT(why["promptTokens"], 400) << why.dump();
    EXPECT_LE(why["promptTokens"].get<int>() - why["cachedTokens"].get<int>(), 8) << why.dump();
  }
}

// Before anybody asks: three files of code and the list of what is excluded, not what is on it.
TEST_F(DaemonTest, ReadsTheWorkspaceWhileNobodyWaits) {
  fs::create_directory(user_.home() / "config/rondo");
  std::ofstream(user_.home() / "config/rondo/config.json") << R"({"readWorkspace": "always"})";
  const ShapesWorkspace shapes;
  shapes.folder.write("main.py", shapes.text);
  shapes.folder.write("more/circles.py", "def circle_area(radius):\n    return radius * radius\n");
  shapes.folder.write(".rondoignore", "private.py\n");
  shapes.folder.write("private.py", "def secret_area():\n    return 0\n");
  const Process daemon = start_daemon();
  const auto client = connect(shapes.params);
  client->send(lsp::did_open(shapes.uri, shapes.text));
  Json report;
  EXPECT_TRUE(soon([&] {
    report = user_.status();
    const Json& reading = report["clients"][0]["read_ahead"];
    return reading["finished"] == true && reading["blocks"] >= 4;
  })) << report;
  EXPECT_EQ(report["clients"][0]["read_ahead"]["blocks"], 4) << report;
  EXPECT_EQ(report["engine"]["segments"]["encoded"], 4) << report;
  EXPECT_EQ(report["clients"][0]["read_ahead"]["max_tokens"],
            report["engine"]["kv"]["pages"].get<int64_t>() * 16 / 2);
  complete(*client, 2, shapes.uri, shapes.text);
  client->answers(1);
  EXPECT_EQ(user_.status()["engine"]["segments"]["encoded"], 4);
}

TEST_F(DaemonTest, AnswersWhatItWasAskedBeforeItEnds) {
  Process daemon = start_daemon();
  const std::string text = long_text(10);  // read well within the drain's patience
  const auto client = connect();
  client->send(lsp::did_open("file:///w/a.py", text));
  complete(*client, 2, "file:///w/a.py", text);
  client->send(lsp::request_message(lsp::RequestId(3), "rondo/status", nullptr));
  std::map<int, Json> all = client->answers(1);
  daemon.kill(SIGTERM);
  all.merge(client->answers(2 - all.size()));
  EXPECT_TRUE(all[2]["result"].is_object()) << all[2];
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_FALSE(fs::exists(user_.socket()));
  EXPECT_TRUE(user_.status().is_null());
}

TEST_F(DaemonTest, SaysHowFarItHasGoneToSleep) {
  fs::create_directory(user_.home() / "config/rondo");
  std::ofstream(user_.home() / "config/rondo/config.json") << R"({"exitAfterSeconds": 5000})";
  Process daemon = start_daemon();
  EXPECT_EQ(user_.status()["rung"], "none");
  EXPECT_GT(user_.status()["exits_in_seconds"], 4900);
  {
    const auto client = connect();
    EXPECT_TRUE(soon([&] { return user_.status()["rung"] == "ready"; }));
    EXPECT_FALSE(user_.status().contains("exits_in_seconds"));
  }
  EXPECT_TRUE(soon([&] { return user_.status().contains("exits_in_seconds"); }));
  EXPECT_EQ(user_.run({"daemon", "stop"}), 0);
  EXPECT_EQ(daemon.wait(), 0);
}

// An editor that is left open costs no memory, and never notices.
TEST_F(DaemonTest, RestsWhileAnEditorIsOpen) {
  const Process daemon = start_daemon({"--release-after", "0.05"});
  const std::string text = "def add(a, b):\n    return ";
  const auto client = connect();
  client->send(lsp::did_open("file:///w/a.py", text));
  for (const int id : {2, 3, 4}) {
    complete(*client, id, "file:///w/a.py", text);
    EXPECT_FALSE(client->answers(1)[id]["result"]["items"].empty());
    EXPECT_TRUE(soon([&] { return user_.status()["rung"] == "released"; }));
    EXPECT_EQ(user_.status()["engine"]["memory_bytes"], 0);
  }
  Process people = user_.start({"status"});
  const std::string printed = people.read_all();
  EXPECT_NE(printed.find("the model's memory is released until somebody does"), std::string::npos)
      << printed;
}

TEST_F(DaemonTest, ExitsWhenNobodyNeedsIt) {
  // Long enough for a first client, and then no longer than it takes.
  Process daemon = start_daemon({"--release-after", "0", "--exit-after", "0.2"});
  EXPECT_EQ(daemon.wait(), 0);
  EXPECT_FALSE(fs::exists(user_.socket()));
}

TEST_F(DaemonTest, SaysOfAModelWhatItsFilesSay) {
  const fs::path model = user_.home() / "larger";
  fs::copy(RONDO_SOURCE_DIR "/models/loopcoder-mini", model);
  std::string generation = read(model / "generation_config.json");
  const size_t length = generation.find("\"max_new_tokens\": 64");
  ASSERT_NE(length, std::string::npos);
  generation.replace(length, 20, "\"max_new_tokens\": 256");
  std::ofstream(model / "generation_config.json") << generation;
  std::ofstream(model / "chat_template.jinja") << "<|im_start|>assistant<|im_end|>";
  const Process daemon = start_daemon({"--model", model});
  const auto client = connect();
  EXPECT_TRUE(soon([&] { return user_.status()["model"]["state"] == "ready"; }));
  EXPECT_EQ(user_.status()["model"]["sentence"], "larger: several lines, chat");
}

TEST_F(DaemonTest, SaysWhatItDoesAndNothingOfTheSource) {
  const Process daemon = start_daemon();
  const auto client = connect();
  client->send(lsp::did_open("file:///w/a.py", "precious_name = "));
  complete(*client, 2, "file:///w/a.py", "precious_name = ");
  client->answers(1);
  const Json status = user_.status();
  EXPECT_EQ(status["pid"], daemon.pid());
  EXPECT_EQ(status["clients"].size(), 1u);
  EXPECT_EQ(status["clients"][0]["documents"], 1);
  EXPECT_EQ(status["clients"][0]["answers"], 1);
  EXPECT_GT(status["clients"][0]["prompt_tokens"], 0);
  EXPECT_EQ(status["clients"][0]["read_before"], 0);
  EXPECT_EQ(status["model"]["state"], "ready");
  EXPECT_EQ(status["model"]["sentence"], "loopcoder-mini: single lines, no chat");
  EXPECT_EQ(status["model"]["abilities"],
            Json({{"fim", true}, {"lines", "single"}, {"otherFiles", true}, {"chat", false}}));
  EXPECT_EQ(status["engine"]["threads"], 2);
  EXPECT_GE(status["engine"]["requests"]["done"], 1);
  EXPECT_GT(status["engine"]["kv"]["pages"], 0);
  EXPECT_EQ(status["log"], user_.log().string());
  Process people = user_.start({"status"});
  const std::string printed = people.read_all();
  EXPECT_NE(printed.find("loopcoder-mini: single lines, no chat"), std::string::npos) << printed;
  EXPECT_NE(printed.find("client  1 documents open; 1 answers"), std::string::npos) << printed;
  EXPECT_EQ(read(user_.log()).find("precious_name"), std::string::npos);
}

TEST_F(DaemonTest, SaysWhatTheLastSuggestionWasMadeFrom) {
  const ShapesWorkspace shapes;
  const Process daemon = start_daemon();
  const auto why = [&] {
    Process process = user_.start({"why", "--json"});
    return parse_json(process.read_all(), "rondo why").value();
  };
  EXPECT_TRUE(why().is_null());
  const auto client = connect(shapes.params);
  client->send(lsp::did_open(shapes.uri, shapes.text));
  int id = 1;
  EXPECT_TRUE(soon([&] {
    complete(*client, ++id, shapes.uri, shapes.text);
    client->answers(1);
    return !why()["blocks"].empty();
  }));
  const Json last = why();
  EXPECT_EQ(last["uri"], shapes.uri);
  EXPECT_EQ(last["position"], Json({{"line", 2}, {"character", 24}}));
  EXPECT_EQ(last["blocks"][0]["path"], "shapes.py");
  EXPECT_FALSE(last["blocks"][0]["parts"].empty());
  EXPECT_GT(last["timings"]["totalMs"], 0);
  Process people = user_.start({"why"});
  const std::string printed = people.read_all();
  EXPECT_NE(printed.find("main.py:3:25"), std::string::npos) << printed;
  EXPECT_NE(printed.find("shapes.py"), std::string::npos) << printed;
}

}  // namespace
}  // namespace rondo::cli
