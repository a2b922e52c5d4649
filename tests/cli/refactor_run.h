// A user who changes many files with rondo: the tree, the runs, what a command said.
//
// Thread: one test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/cli/process.h"

namespace rondo::cli {

namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

class RefactorRun : public testing::Test {
 protected:
  struct Ended {
    int code = -1;
    std::string output;
  };
  Ended rondo(std::vector<std::string> arguments) const {
    return command("refactor", std::move(arguments));
  }
  Ended command(const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), name);
    Process process = user_.start(arguments);
    Ended ended;
    ended.output = process.read_all();
    ended.code = process.wait();
    return ended;
  }
  // Runs `words`, and kills it after some random part of `whole`.
  void kill_midway(const std::vector<std::string>& words, std::chrono::steady_clock::duration whole,
                   std::mt19937& random) const {
    Process process = user_.start(words);
    const auto moment = std::chrono::steady_clock::now() + whole * (random() % 1000) / 1000;
    while (std::chrono::steady_clock::now() < moment) ::usleep(100);
    process.kill(SIGKILL);
    process.wait();
  }
  std::string root() const { return folder_.path(); }
  Files tree() const {
    Files files;
    for (const auto& entry : fs::recursive_directory_iterator(root())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      files[entry.path().lexically_relative(root())] = {std::istreambuf_iterator<char>(stream),
                                                        std::istreambuf_iterator<char>()};
    }
    return files;
  }
  // The one run of this user.
  std::string run_name() const {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(runs(), error)) return entry.path().filename();
    return "";
  }
  fs::path runs() const { return user_.home() / "state/rondo/refactor"; }

  const User user_;
  const workspace::TemporaryFolder folder_;
};

// One whose model answers from a script.
class ScriptedRun : public RefactorRun {
 protected:
  void say(const Json& answers) {
    std::ofstream(script()) << dump_json(Json{{"answers", answers}});
  }
  std::string script() const { return user_.home() / "script.json"; }

  std::vector<Json> lines(const Ended& ended) const {
    std::vector<Json> all;
    size_t at = 0;
    for (size_t end; (end = ended.output.find('\n', at)) != std::string::npos; at = end + 1) {
      Result<Json> json = parse_json(ended.output.substr(at, end - at), "a line");
      if (json.ok()) all.push_back(std::move(*json));
    }
    return all;
  }
};

}  // namespace rondo::cli
