// The file of a recording, and how its answers are found again.
#include "lsp/recording.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "lsp/recorded_answers.h"
#include "lsp/recorder.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

using Kind = RecordedEvent::Kind;

const std::string kHead = R"({"recording": 1, "program": "0.1", "model": "/m"})"
                          "\n";

TEST(Recording, IsReadInItsOrder) {
  const auto recording =
      parse_recording(kHead + R"({"n": 2, "client": "1", "out": {"id": 1}})"
                              "\n"
                              R"({"n": 1, "client": "1", "in": {"id": 1}})"
                              "\n"
                              R"({"n": 3, "cursor": "1:a", "asked": 1, "answer": {}})"
                              "\n"
                              R"({"n": 4, "client": "1", "left": "x"})"
                              "\n"
                              R"({"end": "it is full"})"
                              "\n"
                              R"({"n": 5, "cli)",
                      "r");
  ASSERT_TRUE(recording.ok()) << recording.status().message();
  EXPECT_EQ(recording->model, "/m");
  EXPECT_EQ(recording->end, "it is full");
  const std::vector<Kind> kinds = {Kind::kIn, Kind::kOut, Kind::kAnswer, Kind::kLeft};
  ASSERT_EQ(recording->events.size(), kinds.size());
  for (size_t i = 0; i < kinds.size(); ++i) EXPECT_EQ(recording->events[i].kind, kinds[i]) << i;
}

TEST(Recording, IsRefusedByItsLine) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "r:1: is empty"},
      {"{}\n", "r:1: is not the beginning of a recording"},
      {"mine\n", "r:1: is no JSON"},
      {kHead + "x\n{}\n", "r:2: is no JSON"},
      {kHead + "3\n", "r:2: is no JSON object"},
      {kHead + R"({"n": 0, "in": {}})"
               "\n",
       "r:2: is no event"},
      {kHead + R"({"n": 1, "in": 3})"
               "\n",
       "r:2: is no event"},
  };
  for (const auto& [text, message] : cases) {
    const Status status = parse_recording(text, "r").status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << text;
    EXPECT_TRUE(status.message().starts_with(message)) << status.message();
  }
}

TEST(Recorder, EndsWhenTheFileIsFull) {
  const workspace::TemporaryFolder folder;
  const std::string path = (folder.path() / "r").string();
  {
    const auto recorder = Recorder::create({.path = path, .max_bytes = 2000}).value();
    for (int i = 0; i < 100; ++i) recorder->sent("1", {{"method", "x"}});
  }
  EXPECT_LT(std::filesystem::file_size(path), 2100u);
  const auto recording = read_recording(path).value();
  EXPECT_FALSE(recording.end.empty());
  EXPECT_GT(recording.events.size(), 5u);
}

// Client's messages 1, 4 and 7; the answer at 3 had its effect at 6, when 4 had come.
TEST(RecordedAnswers, KeepThemselvesBackUntilTheyMattered) {
  const std::string empty = R"("tokens": [], "logprobs": [], "us": [0, 0, 0, 0])";
  const auto answer = [&](int n, const char* prompt, const char* rest) {
    return R"({"n": )" + std::to_string(n) +
           R"(, "cursor": "1:a", "asked": 2, "answer": {"prompt": ")" + prompt + "\", " + rest +
           "}}\n";
  };
  const auto recording =
      parse_recording(kHead +
                          R"({"n": 1, "client": "1", "in": {"id": 1, "method": "m"}})"
                          "\n" +
                          answer(3, "x", empty.c_str()) +
                          R"({"n": 4, "client": "1", "in": {"method": "m"}})"
                          "\n" +
                          R"({"n": 6, "client": "1", "out": {"id": 1, "result": null}})"
                          "\n" +
                          answer(8, "y", R"("error": "cancelled: by an edit")"),
                      "r")
          .value();
  const auto answers = RecordedAnswers::create(recording).value();
  const auto tokenizer = engine::Tokenizer::load(RONDO_SOURCE_DIR "/models/loopcoder-mini").value();
  const engine::Request other = {.prompt = {1}, .cursor = "1:a"};
  // In its place by document and moment; the cancelled one only for its very question.
  EXPECT_EQ(answers->take(other, tokenizer, ends(2))->moment, ends(4));
  const auto unknown = answers->take(other, tokenizer, ends(2));
  EXPECT_EQ(unknown->error.code(), Code::kNotFound);
  EXPECT_EQ(unknown->moment, ends(4));
  EXPECT_EQ(answers->tally().n_other, 1);
  EXPECT_EQ(answers->tally().n_unknown, 1);
}

TEST(RecordedAnswers, AreRefusedWhenTheyAreNone) {
  const auto recording =
      parse_recording(kHead + R"({"n": 3, "cursor": "a", "answer": {"tokens": "x"}})"
                              "\n",
                      "r")
          .value();
  EXPECT_EQ(RecordedAnswers::create(recording).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace rondo::lsp
