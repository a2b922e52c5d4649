// Answers from a file: which answer a request gets, and that it comes as a model's would.
#include "engine/scripted_engine.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

const std::string kModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";

class ScriptedEngineTest : public testing::Test {
 protected:
  void use(const std::string& answers) {
    Script script = Script::parse("{\"answers\": [" + answers + "]}", "the script").value();
    engine_ = ScriptedEngine::create(kModel, std::move(script)).value();
  }

  std::future<Result<Completion>> submit(Request request) {
    auto promise = std::make_shared<std::promise<Result<Completion>>>();
    request.on_done = [promise](Result<Completion> completion) {
      promise->set_value(std::move(completion));
    };
    engine_->submit(std::move(request));
    return promise->get_future();
  }

  Request about(const std::string& prompt) {
    return {.prompt = engine_->tokenizer().encode(prompt), .stop = {.max_tokens = 100}};
  }
  Result<Completion> ask(const std::string& prompt) { return submit(about(prompt)).get(); }
  std::string text(const std::string& prompt) { return ask(prompt).value().text; }

  std::unique_ptr<ScriptedEngine> engine_;
};

TEST_F(ScriptedEngineTest, GivesTheFirstAnswerThatFits) {
  use(R"({"when": ["area", "metres"], "text": "w * h"}, {"when": "area", "text": "0"},
         {"text": "pass"})");
  EXPECT_EQ(text("def area():  # in metres\n"), "w * h");
  EXPECT_EQ(text("def area():\n"), "0");
  EXPECT_EQ(text("def other():\n"), "pass");
}

TEST_F(ScriptedEngineTest, UsesAnAnswerUpAndSaysWhenThereIsNoneLeft) {
  use(R"({"text": "one", "times": 1}, {"text": "two", "times": 1})");
  EXPECT_EQ(text("a"), "one");
  EXPECT_EQ(text("a"), "two");
  const Status none = ask("what about this?").status();
  EXPECT_EQ(none.code(), Code::kNotFound);
  EXPECT_NE(none.message().find("what about this?"), std::string::npos) << none.message();
}

TEST_F(ScriptedEngineTest, StreamsWhatItEndsWith) {
  use(R"({"text": "return a + b\n\nrest"})");
  Request request = about("x");
  request.stop.strings = {"\n\n"};
  std::string streamed;
  request.on_text = [&](std::string_view piece) { streamed += piece; };
  const Completion completion = submit(std::move(request)).get().value();
  EXPECT_EQ(completion.text, "return a + b");
  EXPECT_EQ(streamed, completion.text);
  EXPECT_EQ(completion.stop_reason, StopReason::kStopString);
  EXPECT_EQ(completion.logprobs.size(), completion.tokens.size());
}

TEST_F(ScriptedEngineTest, CutsAtTheLimit) {
  use(R"({"text": "one two three four five six seven"}, {"scored": "x"})");
  Request request = about("x");
  request.stop.max_tokens = 2;
  const Completion cut = submit(std::move(request)).get().value();
  EXPECT_EQ(cut.tokens.size(), 2u);
  EXPECT_EQ(cut.stop_reason, StopReason::kMaxTokens);
  use(R"({"text": "one", "ends": "limit"})");
  EXPECT_EQ(ask("x")->stop_reason, StopReason::kMaxTokens);
}

TEST_F(ScriptedEngineTest, SpellsTheHealedWordFirst) {
  use(R"_({"text": "discount(price)", "logprob": [-1, -2]})_");
  Request request = about("apply");
  request.healing = "apply_";
  const Completion completion = submit(std::move(request)).get().value();
  EXPECT_EQ(completion.text, "discount(price)");
  EXPECT_EQ(engine_->tokenizer().decode(completion.tokens), "apply_discount(price)");
  EXPECT_GT(completion.n_healed_tokens, 0);
  EXPECT_EQ(completion.logprobs[0], -1);
  EXPECT_EQ(completion.logprobs.back(), -2);
}

TEST_F(ScriptedEngineTest, PassesOverAnswersThatBeginWithABarredToken) {
  use(R"({"text": "first"}, {"text": "second"})");
  Request request = about("x");
  request.barred_first = {engine_->tokenizer().encode_part("first").front()};
  EXPECT_EQ(submit(std::move(request)).get()->text, "second");
}

TEST_F(ScriptedEngineTest, ScoresWhatTheScriptScores) {
  use(R"({"scored": "import json", "logprob": -0.5})");
  Request request = about("x");
  request.score = engine_->tokenizer().encode("import json");
  const Completion completion = submit(request).get().value();
  EXPECT_EQ(completion.scores, std::vector<float>(request.score.size(), -0.5f));
  request.score = engine_->tokenizer().encode("import os");
  EXPECT_EQ(submit(request).get().status().code(), Code::kNotFound);
}

TEST_F(ScriptedEngineTest, AnswersWhatOnlyPreparesWithoutTheScript) {
  use("");
  Request request = about("x");
  request.stop.max_tokens = 0;
  EXPECT_TRUE(submit(std::move(request)).get().ok());
}

TEST_F(ScriptedEngineTest, FailsAsTold) {
  use(R"({"error": "unavailable: the GPU has gone"})");
  EXPECT_EQ(ask("x").status(), unavailable_error("the GPU has gone"));
  Request request = about("x");
  request.prompt.push_back(1 << 30);
  EXPECT_EQ(submit(std::move(request)).get().status().code(), Code::kInvalidArgument);
  request = about("x");
  request.stop.max_tokens = 1 << 30;
  EXPECT_EQ(submit(std::move(request)).get().status().code(), Code::kInvalidArgument);
}

TEST_F(ScriptedEngineTest, WaitsUntilCancelled) {
  use(R"({"when": "slow", "waits": true}, {"text": "fast"})");
  std::stop_source stop;
  Request request = about("slow");
  request.cancel = stop.get_token();
  auto slow = submit(std::move(request));
  EXPECT_EQ(text("x"), "fast");  // goes past it
  stop.request_stop();
  EXPECT_EQ(slow.get().status().code(), Code::kCancelled);
  EXPECT_EQ(engine_->stats().n_cancelled, 1);
}

TEST_F(ScriptedEngineTest, AnswersEverybodyWhenItGoes) {
  use(R"({"waits": true})");
  auto left = submit(about("x"));
  engine_.reset();
  EXPECT_EQ(left.get().status().code(), Code::kCancelled);
}

TEST_F(ScriptedEngineTest, HoldsWhatBelongsToALaterMoment) {
  engine_ = ScriptedEngine::create(kModel, Script({{.text = "later", .moment = 2}})).value();
  auto later = submit(about("x"));
  engine_->advance(1);
  EXPECT_EQ(later.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  engine_->advance(2);
  EXPECT_EQ(later.get()->text, "later");
}

TEST(Script, IsRefusedByAnswerAndMember) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "a list \"answers\""},
      {R"({"answers": [{"text": "a"}, 3]})", "answer 2"},
      {R"({"answers": [{"txt": "a"}]})", "\"txt\""},
      {R"({"answers": [{"when": 3}]})", "\"when\""},
      {R"({"answers": [{"logprob": []}]})", "\"logprob\""},
      {R"({"answers": [{"tokens": ["a"]}]})", "\"tokens\""},
      {R"({"answers": [{"ends": "soon"}]})", "\"ends\""},
      {R"({"answers": [{"times": 0}]})", "\"times\""},
      {R"({"answers": [{"error": "sadly"}]})", "\"error\""},
      {"{", "s.json"}};
  for (const auto& [text, part] : cases) {
    const Status status = Script::parse(text, "s.json").status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << text;
    EXPECT_NE(status.message().find(part), std::string::npos) << status.message();
  }
}

TEST(Script, IsReadWhereAnEngineIsAsked) {
  const ScratchFolder folder;
  const std::string script = folder.write("s.json", R"({"answers": [{"text": "hi"}]})");
  const auto engine = Engine::load({.model = kModel, .script = script}).value();
  EXPECT_EQ(engine->stats().device, "script");
  EXPECT_EQ(Engine::load({.model = kModel, .script = folder.path() + "/none"}).status().code(),
            Code::kNotFound);
  EXPECT_EQ(Engine::load({.model = folder.path(), .script = script}).status().code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace rondo::engine
