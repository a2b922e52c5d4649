// Several clients of one daemon that type at once, and cancel: every request has its own answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "lsp/uri.h"
#include "tests/cli/process.h"
#include "tests/lsp/client.h"

namespace rondo::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kEdits = 1000;

// An editor that types into a file of its own, whose text names whose answers it must get.
class Typist {
 public:
  Typist(Process process, std::string uri, std::string name)
      : process_(std::move(process)),
        client_(process_.take_output(), process_.take_input()),
        uri_(std::move(uri)),
        name_(std::move(name)),
        line_("# ") {
    client_.ask(++id_, "initialize", lsp::kInitialize);
    client_.send(lsp::notification_message("initialized", Json::object()));
    client_.send(lsp::did_open(uri_, line_));
  }

  // One key, and a question; every third one is taken back, and another that nobody asked.
  void type() {
    const Json end = {{"line", 0}, {"character", line_.size()}};
    const std::string key = name_ + " ";
    line_ += key;
    client_.send(lsp::notification_message(
        "textDocument/didChange",
        {{"textDocument", {{"uri", uri_}, {"version", ++version_}}},
         {"contentChanges", {{{"range", {{"start", end}, {"end", end}}}, {"text", key}}}}}));
    client_.send(ask(version_ % 5 == 0));
    if (version_ % 3 != 0) return;
    client_.send(lsp::notification_message("$/cancelRequest", {{"id", id_}}));
    client_.send(lsp::notification_message("$/cancelRequest", {{"id", id_ + 1'000'000}}));
  }

  // All that was asked is answered, by an answer of this file, by nothing, or as cancelled.
  void expect_answers(const std::string& other) {
    client_.send(ask(/*invoked=*/true));
    const std::map<int, Json> answers = client_.answers(static_cast<size_t>(id_ - n_answered_));
    ASSERT_EQ(std::ssize(answers), id_ - n_answered_);
    for (const auto& [id, answer] : answers) {
      EXPECT_THAT(answer.dump(), Not(HasSubstr(other + "()"))) << id;
      if (answer.contains("error")) {
        EXPECT_EQ(answer["error"]["code"], -32800) << answer.dump();
      }
    }
    const std::string last = answers.at(id_).dump();
    n_answered_ = ++id_;
    EXPECT_THAT(last, HasSubstr(name_ + "()"))
        << client_.ask(id_, "rondo/why", {{"textDocument", {{"uri", uri_}}}}).dump(1);
  }

  const std::string& name() const { return name_; }

 private:
  Json ask(bool invoked) {
    Json params = lsp::at(uri_, 0, static_cast<int>(line_.size()));
    params["context"] = {{"triggerKind", invoked ? 1 : 2}};
    return lsp::request_message(lsp::RequestId(++id_), "textDocument/inlineCompletion", params);
  }

  Process process_;
  lsp::Client client_;
  const std::string uri_;
  const std::string name_;
  std::string line_;
  int version_ = 1;
  int id_ = 0;
  int n_answered_ = 1;
};

class ManyClientsTest : public testing::Test {
 protected:
  ManyClientsTest() {
    folder_.write("answers.json", R"_({"answers": [{"when": "alpha", "text": "alpha()"},
        {"when": "beta", "text": "beta()"}, {"when": "batch", "text": "batch()"}]})_");
    daemon_.emplace(
        user_.start({"daemon", "--script", (folder_.path() / "answers.json").string()}));
    EXPECT_TRUE(soon([&] { return std::filesystem::exists(user_.socket()); }));
  }

  std::unique_ptr<Typist> start(const std::string& name) {
    // The same path for all: their cursors differ by client alone.
    return std::make_unique<Typist>(user_.start({"lsp", "--stdio"}), "file:///w/same.py", name);
  }

  int64_t daemon_kilobytes() const {
    std::ifstream file("/proc/" + std::to_string(daemon_->pid()) + "/statm");
    int64_t n_all = 0;
    int64_t n_resident = 0;
    file >> n_all >> n_resident;
    return n_resident * (::sysconf(_SC_PAGESIZE) / 1024);
  }

  const workspace::TemporaryFolder folder_;
  User user_;
  std::optional<Process> daemon_;
};

TEST_F(ManyClientsTest, EveryRequestOfAThousandEditsIsAnsweredAndNobodyGetsAnothersAnswer) {
  const auto alpha = start("alpha");
  const auto beta = start("beta");
  const auto batch = start("batch");
  const auto round = [&] {
    for (int i = 0; i < kEdits; ++i) {
      alpha->type();
      beta->type();
      if (i % 10 == 0) batch->type();
    }
    alpha->expect_answers("beta");
    beta->expect_answers("batch");
    batch->expect_answers("alpha");
  };
  round();
  const int64_t before = daemon_kilobytes();
  round();
  round();
  // 4,200 edits more; what each left would show.
  EXPECT_LT(daemon_kilobytes(), before + 32'768);
  const Json status = user_.status();
  EXPECT_EQ(status["clients"].size(), 3u) << status.dump(1);
}

}  // namespace
}  // namespace rondo::cli
