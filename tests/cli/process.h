// A rondo process of a user who lives in a temporary folder: all XDG variables point there.
//
// Thread: one test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/json.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::cli {

// Whether `holds()` soon: asks it again and again, since what other processes do shows only then.
template <typename Holds>
bool soon(Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
    ::usleep(200);  // the others need the processor
  }
  return false;
}

// A running program; ended when this goes.
class Process {
 public:
  // `words[0]` is the program. stdin and stdout are pipes.
  Process(std::vector<std::string> words, std::vector<std::string> environment) {
    std::array<int, 2> in;
    std::array<int, 2> out;
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, pointers(words).data(),
                            pointers(environment).data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(in[0]);
    ::close(out[1]);
    input_.reset(in[1]);
    output_.reset(out[0]);
  }
  Process(Process&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)),
        input_(std::move(other.input_)),
        output_(std::move(other.output_)) {}
  ~Process() {
    kill(SIGKILL);
    wait();
  }

  pid_t pid() const { return pid_; }
  void kill(int signal) {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  // The exit code, or minus the signal that ended it.
  int wait() {
    if (pid_ <= 0) return code_;
    int status = 0;
    EXPECT_EQ(::waitpid(std::exchange(pid_, -1), &status, 0) > 0, true);
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return code_;
  }
  // What it still writes to stdout.
  std::string read_all() {
    std::string all;
    std::array<char, 4096> buffer;
    for (ssize_t n; (n = ::read(output_.get(), buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<size_t>(n));
    }
    return all;
  }
  int take_input() { return input_.release(); }
  int take_output() { return output_.release(); }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
  }

  pid_t pid_ = -1;
  int code_ = -1;
  FileDescriptor input_;
  FileDescriptor output_;
};

// A user with a home of their own.
class User {
 public:
  User() {
    for (const char* folder : {"run", "cache", "state", "config", "data"}) {
      std::filesystem::create_directory(home_.path() / folder);
    }
    std::filesystem::permissions(home_.path() / "run", std::filesystem::perms::owner_all);
  }
  // A daemon that an editor started outlives it.
  ~User() { run({"daemon", "stop"}); }

  const std::filesystem::path& home() const { return home_.path(); }
  std::string runtime_home() const { return home() / "run"; }
  std::string cache_home() const { return home() / "cache"; }
  std::filesystem::path socket() const { return home() / "run/rondo/daemon.sock"; }
  std::filesystem::path log() const { return home() / "state/rondo/daemon.log"; }

  std::vector<std::string> environment() const {
    std::vector<std::string> all = {"HOME=" + home().string()};
    for (const char* name : {"CACHE_HOME=/cache", "STATE_HOME=/state", "CONFIG_HOME=/config",
                             "DATA_HOME=/data", "RUNTIME_DIR=/run"}) {
      const std::string entry = name;
      const size_t value = entry.find('/');
      all.push_back("XDG_" + entry.substr(0, value) + home().string() + entry.substr(value));
    }
    return all;
  }

  // `more`: entries of its environment beside environment().
  Process start(const std::vector<std::string>& arguments,
                const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {RONDO_BINARY};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> all = environment();
    all.insert(all.end(), more.begin(), more.end());
    return Process(words, all);
  }
  // Runs to the end; the exit code.
  int run(const std::vector<std::string>& arguments) const {
    Process process = start(arguments);
    process.read_all();
    return process.wait();
  }
  // What `rondo status --json` says; null when no daemon runs.
  Json status() const {
    Process process = start({"status", "--json"});
    const std::string text = process.read_all();
    EXPECT_EQ(process.wait(), 0) << text;
    const Result<Json> json = parse_json(text, "the status");
    EXPECT_TRUE(json.ok()) << text;
    return json.ok() ? *json : Json();
  }

 private:
  const workspace::TemporaryFolder home_;
};

}  // namespace rondo::cli
