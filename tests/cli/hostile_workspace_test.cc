// A workspace that wants to harm who opens it: nothing of it is started, nothing outside is read or
// written, and the next completion is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <string>

#include "lsp/uri.h"
#include "tests/cli/process.h"
#include "tests/lsp/client.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOutside = "outside_name = '{}'.format(1)\n";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class HostileWorkspace : public testing::Test {
 protected:
  HostileWorkspace() {
    folder_.write("outside/target.py", kOutside);
    folder_.write("answers.json", R"({"answers": [{"text": "answered"}]})");
    folder_.write("work/main.py", "value = ");
    folder_.write("evil", "#!/bin/sh\ntouch " + sentinel().string() + "\n");
    fs::permissions(folder_.path() / "evil", fs::perms::owner_all);
  }
  ~HostileWorkspace() override {
    std::error_code ignored;
    fs::permissions(work() / "closed", fs::perms::owner_all, ignored);
  }

  fs::path work() const { return folder_.path() / "work"; }
  fs::path sentinel() const { return folder_.path() / "started"; }
  std::string evil() const { return (folder_.path() / "evil").string(); }

  // Names, links and files that no workspace should have.
  void plant_files() {
    fs::create_directories(work());
    fs::create_symlink(folder_.path() / "outside/target.py", work() / "link.py");
    fs::create_directory_symlink("/", work() / "root");
    fs::create_directory_symlink(work(), work() / "again");
    fs::create_symlink("loop_b.py", work() / "loop_a.py");
    fs::create_symlink("loop_a.py", work() / "loop_b.py");
    for (const char* name :
         {"new\nline.py", "escape\x1b[31m.py", "\xff\xfe.py", "-rf.py", "a b.py"})
      folder_.write(std::string("work/") + name, "named = '{}'.format(1)\n");
    ASSERT_EQ(::mkfifo((work() / "pipe.py").c_str(), 0600), 0);
    folder_.write("work/huge.py", "x = 1\n");
    fs::resize_file(work() / "huge.py", uintmax_t{3} << 30);  // a hole
    fs::path deep = work();
    for (int i = 0; i < 100; ++i) deep /= "d";
    fs::create_directories(deep);
    folder_.write("work/.gitignore", std::string(20'000, '*') + "b\n[\n!\n\\\n");
    folder_.write("work/closed/a.py", "closed = 1\n");
    fs::permissions(work() / "closed", fs::perms::none);
  }

  // A configuration that asks for programs, models, places and networks.
  void plant_configuration() {
    const Json configuration = {{"model", folder_.path().string()},
                                {"script", (folder_.path() / "outside").string()},
                                {"socketFolder", (folder_.path() / "outside").string()},
                                {"engineUrl", "http://127.0.0.1:1/"},
                                {"command", evil()},
                                {"kernels", "reference"},
                                {"candidates", -5}};
    folder_.write("work/.rondo.json", configuration.dump());
    folder_.write("work/.vscode/settings.json", Json{{"rondo.path", evil()}}.dump());
    folder_.write("work/.git/config", "[core]\n\tfsmonitor = " + evil() + "\n\tsshCommand = " +
                                          evil() + "\n\thooksPath = " + folder_.path().string() +
                                          "\n[diff]\n\texternal = " + evil() + "\n");
    folder_.write("work/.git/HEAD", "ref: refs/heads/main\n");
    folder_.write("work/.gitattributes", "*.py filter=evil diff=evil\n");
  }

  // Opens the workspace in an editor; the answer there, and all that was said.
  std::string complete() {
    Process process =
        user_.start({"lsp", "--stdio", "--script", (folder_.path() / "answers.json").string()});
    const std::string children = "/proc/" + std::to_string(process.pid()) + "/task/" +
                                 std::to_string(process.pid()) + "/children";
    lsp::Client client(process.take_output(), process.take_input());
    Json params = lsp::kInitialize;
    params["rootUri"] = lsp::uri_of_path(work().string());
    std::string said = client.ask(1, "initialize", params).dump();
    client.send(lsp::notification_message("initialized", Json::object()));
    client.send(lsp::did_open(lsp::uri_of_path((work() / "main.py").string()), "value = "));
    int id = 1;
    EXPECT_TRUE(soon([&] {
      return client.ask(++id, "rondo/status", nullptr)["result"]["index"]["state"] == "ready";
    }));
    said += client
                .ask(++id, "textDocument/inlineCompletion",
                     lsp::at(lsp::uri_of_path((work() / "main.py").string()), 0, 8))
                .dump();
    EXPECT_EQ(read(children), "") << "it started a program";
    for (const Json& message : client.heard()) said += message.dump();
    client.ask(++id, "shutdown", nullptr);
    client.send(lsp::notification_message("exit", nullptr));
    EXPECT_EQ(process.wait(), 0);
    return said;
  }

  void expect_nothing_happened() {
    EXPECT_FALSE(fs::exists(sentinel()));
    EXPECT_EQ(read(folder_.path() / "outside/target.py"), kOutside);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path() / "outside"), {}), 1);
  }

  const workspace::TemporaryFolder folder_;
  User user_;
};

TEST_F(HostileWorkspace, ItsConfigurationStartsNothingAndIsTold) {
  plant_configuration();
  const std::string said = complete();
  EXPECT_THAT(said, HasSubstr("answered"));
  for (const char* option :
       {"model", "script", "socketFolder", "engineUrl", "kernels", "candidates"})
    EXPECT_THAT(said, HasSubstr(option));
  expect_nothing_happened();
}

TEST_F(HostileWorkspace, ItsFilesKeepNobodyFromWorking) {
  plant_files();
  EXPECT_THAT(complete(), HasSubstr("answered"));
  expect_nothing_happened();
}

TEST_F(HostileWorkspace, AGitFolderThatLies) {
  for (const char* text : {"gitdir: /\n", "gitdir: ../outside\n", "gitdir: \n", "\xff\xfe", ""}) {
    std::ofstream(work() / ".git") << text;
    EXPECT_THAT(complete(), HasSubstr("answered")) << text;
  }
  expect_nothing_happened();
}

// Only what lies in the workspace is changed, and each file of it once.
TEST_F(HostileWorkspace, ARefactoringStaysInside) {
  plant_files();
  plant_configuration();
  Process process =
      user_.start({"refactor", "python-format-to-fstring", work().string(), "--dirty"});
  const std::string output = process.read_all();
  EXPECT_THAT(process.wait(), AnyOf(0, 1)) << output;
  EXPECT_THAT(output, Not(HasSubstr("\x1b")));
  EXPECT_THAT(output, HasSubstr("escape\\x1b[31m.py: 1 changed\n"));
  EXPECT_THAT(output, HasSubstr("huge.py: left out: is larger than 4 MiB\n"));
  expect_nothing_happened();
  EXPECT_TRUE(fs::is_symlink(work() / "link.py"));
  EXPECT_THAT(read(work() / "a b.py"), HasSubstr("named = "));
}

}  // namespace
}  // namespace rondo::cli
