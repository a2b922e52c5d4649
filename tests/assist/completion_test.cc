// Completion through the real engine and the embedded model.
#include "assist/completion.h"

#include <gtest/gtest.h>

#include <future>
#include <set>
#include <string>

#include "tests/assist/index_file.h"
#include "workspace/languages.h"

namespace rondo::assist {
namespace {

const std::string kModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";

constexpr bool kTyped = true;
constexpr bool kAsked = false;

const std::string kPricing =
    "def apply_discount(total, percent):\n"
    "    \"\"\"Returns the total less percent, never below zero.\"\"\"\n"
    "    return max(0, total - total * percent / 100)\n";

// A document with the cursor at '^'.
struct Place {
  std::shared_ptr<workspace::Document> document = std::make_shared<workspace::Document>();
  int64_t offset = 0;

  explicit Place(std::string marked, std::string path = "shop/checkout.py") {
    offset = static_cast<int64_t>(marked.find('^'));
    marked.erase(offset, 1);
    document->path = path;
    document->uri = "file:///" + path;
    document->language = &workspace::language_of_file(path, marked);
    document->text = std::make_shared<const workspace::Text>(marked);
  }
};

class Completion : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    engine_ = engine::Engine::load({.model = kModel, .kv_bytes = 128 << 20}).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  Completion() { add("shop/pricing.py", kPricing); }

  void add(const std::string& path, const std::string& bytes) { index_file(index_, path, bytes); }

  std::future<Result<CompletionOutcome>> start(CompletionParams params, std::stop_token stop = {}) {
    auto promise = std::make_shared<std::promise<Result<CompletionOutcome>>>();
    completer_.complete(std::move(params), stop, [promise](Result<CompletionOutcome> outcome) {
      promise->set_value(std::move(outcome));
    });
    return promise->get_future();
  }
  CompletionOutcome complete(const Place& place, bool automatic = true, int32_t n_candidates = 1) {
    return start({.document = place.document,
                  .offset = place.offset,
                  .client = "test",
                  .automatic = automatic,
                  .n_candidates = n_candidates})
        .get()
        .value();
  }

  static std::unique_ptr<engine::Engine> engine_;
  workspace::BlockIndex index_;
  Completer completer_{*engine_, index_, {.first_token_budget = std::chrono::seconds(60)}};
};

std::unique_ptr<engine::Engine> Completion::engine_;

const std::string kCheckout =
    "from shop.pricing import apply_discount\n\n\ndef checkout(cart, percent):\n"
    "    total = sum(item.price for item in cart)\n    total = apply_dis^\n    return total\n";

TEST_F(Completion, SaysInWhichStepsItWasMade) {
  const Place place("def mean(values):\n    return sum(values) / ^\n");
  CompletionParams params = {
      .document = place.document, .offset = place.offset, .client = "test", .automatic = false};
  const CompletionOutcome draft = start(params).get().value();
  ASSERT_EQ(draft.report.steps.size(), 1u);
  EXPECT_EQ(draft.report.steps[0].focus, "draft: return sum(values) /");
  EXPECT_EQ(draft.report.steps[0].n_tokens, draft.report.n_generated_tokens);
  params.depth = 3;
  params.n_candidates = 3;
  const CompletionOutcome steps = start(params).get().value();
  ASSERT_FALSE(steps.candidates.empty());
  ASSERT_EQ(steps.report.steps.size(), 3u);
  EXPECT_EQ(steps.report.steps[1].focus, "parse: return sum(values) / " + steps.candidates[0].text);
  EXPECT_EQ(steps.report.steps[2].step, 3);
  std::set<std::string> texts;
  for (const CompletionCandidate& candidate : steps.candidates) texts.insert(candidate.text);
  EXPECT_EQ(texts.size(), steps.candidates.size());
}

TEST_F(Completion, IsCancelledInItsSteps) {
  const Place place("def mean(values):\n    return sum(values) / ^\n");
  for (int i = 0; i < 5; ++i) {
    std::stop_source stop;
    auto outcome = start({.document = place.document,
                          .offset = place.offset,
                          .client = "test",
                          .automatic = false,
                          .depth = 6},
                         stop.get_token());
    stop.request_stop();
    const Result<CompletionOutcome> ended = outcome.get();
    if (!ended.ok()) {
      EXPECT_EQ(ended.status().code(), Code::kCancelled);
    }
  }
}

TEST_F(Completion, SpellsTheWordUnderTheCursorAndUsesItsDefinition) {
  const CompletionOutcome outcome = complete(Place(kCheckout));
  ASSERT_EQ(outcome.candidates.size(), 1u) << outcome.report.silence;
  EXPECT_TRUE(outcome.candidates[0].text.starts_with("count(")) << outcome.candidates[0].text;
  ASSERT_EQ(outcome.report.blocks.size(), 1u);
  EXPECT_EQ(outcome.report.blocks[0].path, "shop/pricing.py");
  EXPECT_GT(outcome.report.n_segment_tokens, 20);
}

TEST_F(Completion, AKeystrokeContinuesWhatIsThere) {
  complete(Place(kCheckout));
  std::string typed = kCheckout;
  typed.replace(typed.find("apply_dis^"), 10, "x = len(^");
  const CompletionOutcome outcome = complete(Place(typed));
  EXPECT_GT(outcome.report.n_cached_tokens, outcome.report.n_prompt_tokens / 2);
}

TEST_F(Completion, WhatTheIndexForgotIsNotKeptWhileOneTypes) {
  const auto typed = [](const std::string& text) {
    std::string all = kCheckout;
    return Place(all.replace(all.find("apply_dis^"), 10, text + "^"), "shop/forgotten.py");
  };
  complete(typed("apply_dis"));
  EXPECT_GT(complete(typed("x = len(")).report.n_segment_tokens, 20);
  index_.remove("shop/pricing.py");
  EXPECT_EQ(complete(typed("x = len(a")).report.n_segment_tokens, 0);
  EXPECT_EQ(complete(typed("x = len(a")).report.n_segment_tokens, 0);
}

// What was chosen before is kept while one types, also when a little more could be read; who asks
// gets the best choice, and goes on typing with that.
TEST_F(Completion, WhoAsksGetsTheBestBlocksOfNow) {
  const auto n_blocks = [&](const std::string& typed, bool automatic) {
    std::string all = kCheckout;
    all.replace(all.find("apply_dis^"), 10, typed + "^");
    return complete(Place(all, "shop/asked.py"), automatic).report.blocks.size();
  };
  EXPECT_EQ(n_blocks("x = apply_discount(", kTyped), 1u);
  add("shop/old.py", "def apply_discount(total):\n    return total\n");
  EXPECT_EQ(n_blocks("x = apply_discount(9", kTyped), 1u);
  EXPECT_EQ(n_blocks("x = apply_discount(9", kAsked), 2u);
  EXPECT_EQ(n_blocks("x = apply_discount(9, len(", kTyped), 2u);
}

TEST_F(Completion, SaysWhatMakesTheScoreOfABlockAndUsesEdits) {
  const Place place(kCheckout, "shop/edited.py");
  const Place other("X = 1^\n", "shop/pricing.py");
  const CompletionOutcome outcome =
      start({.document = place.document,
             .offset = place.offset,
             .edits = {{.document = other.document, .diff = "-RATE = 1\n+RATE = 2\n"}},
             .client = "test"})
          .get()
          .value();
  ASSERT_EQ(outcome.report.blocks.size(), 2u);
  for (const UsedBlock& block : outcome.report.blocks) {
    double sum = 0;
    for (const workspace::ScorePart& part : block.parts) sum += part.value;
    EXPECT_NEAR(sum, block.score, 1e-9);
    EXPECT_FALSE(block.parts.empty());
  }
  EXPECT_EQ(outcome.report.blocks[1].reason, "edited recently");
}

TEST_F(Completion, RefusesWhatTheModelMustNotRead) {
  CompleterOptions options;
  options.refuse = [](const workspace::Document& document) -> std::optional<std::string> {
    if (document.path == "private.py") return "private.py is private";
    return std::nullopt;
  };
  Completer completer(*engine_, index_, options);
  const int64_t n_before = engine_->stats().n_requests;
  const Place place(kCheckout, "private.py");
  const CompletionParams params = {
      .document = place.document, .offset = place.offset, .client = "test"};
  completer.prepare(params);
  std::promise<Result<CompletionOutcome>> promise;
  completer.complete(params, {}, [&](Result<CompletionOutcome> outcome) {
    promise.set_value(std::move(outcome));
  });
  const CompletionOutcome outcome = promise.get_future().get().value();
  EXPECT_TRUE(outcome.candidates.empty());
  EXPECT_TRUE(outcome.report.refused);
  EXPECT_EQ(outcome.report.silence, "private.py is private");
  EXPECT_EQ(engine_->stats().n_requests, n_before);
}

TEST_F(Completion, APreparedCursorIsAnsweredFromWhatIsThere) {
  const Place place(kCheckout, "shop/prepared.py");
  completer_.prepare({.document = place.document, .offset = place.offset, .client = "test"});
  complete(Place("x = ^\n", "shop/other.py"));  // behind it in the same queue: the engine has both
  std::promise<void> prepared;
  engine::Request last = {.priority =
                              engine::Priority::kBackground};  // background work keeps its order
  last.on_done = [&](Result<engine::Completion>) { prepared.set_value(); };
  engine_->submit(std::move(last));
  prepared.get_future().wait();
  const CompletionOutcome outcome = complete(place);
  EXPECT_GT(outcome.report.n_cached_tokens, outcome.report.n_prompt_tokens / 2);
}

TEST_F(Completion, IsQuietWhenUnsureUnlessAsked) {
  const Place place(kCheckout + "    total = ^\n");
  CompletionParams params = {
      .document = place.document, .offset = place.offset, .client = "test", .automatic = true};
  const CompletionOutcome shown = start(params).get().value();
  ASSERT_EQ(shown.candidates.size(), 1u);
  ASSERT_TRUE(shown.report.gate.has_value());
  EXPECT_TRUE(shown.report.gate->shown);
  EXPECT_EQ(shown.report.gate->confidence.mean, shown.candidates[0].mean_logprob);

  params.client = "another";  // else the rest of what was shown is offered again
  params.gate.min_mean = shown.candidates[0].mean_logprob + 0.01f;
  const CompletionOutcome quiet = start(params).get().value();
  EXPECT_TRUE(quiet.candidates.empty());
  EXPECT_FALSE(quiet.report.gate->shown);
  EXPECT_NE(quiet.report.silence.find("sure of its words"), std::string::npos);

  params.automatic = false;
  const CompletionOutcome asked = start(params).get().value();
  EXPECT_FALSE(asked.candidates.empty());
  EXPECT_FALSE(asked.report.gate.has_value());
}

// A model that reads slowly is given a narrow window where the cursor jumped to, and the whole one
// once it had the time.
TEST_F(Completion, AJumpReadsANarrowWindowThatIsWidenedLater) {
  Completer completer(*engine_, index_, {.first_token_budget = std::chrono::milliseconds(1)});
  const auto complete_at = [&](int line, const std::string& typed) {
    std::string text;
    for (int i = 0; i < 400; ++i) {
      if (i == line) text += "value = " + typed + "^\n";
      text += "number_" + std::to_string(i) + " = " + std::to_string(i * i) + "\n";
    }
    const Place place(text, "shop/long.py");
    std::promise<CompletionReport> promise;
    completer.complete({.document = place.document, .offset = place.offset, .client = "narrow"}, {},
                       [&](Result<CompletionOutcome> outcome) {
                         promise.set_value(std::move(outcome.value().report));
                       });
    return promise.get_future().get();
  };
  const int32_t n_whole = complete_at(200, "").n_prompt_tokens;  // its speed is not known yet
  const CompletionReport jump = complete_at(350, "");
  EXPECT_EQ(jump.n_cached_tokens, 0);
  EXPECT_LT(jump.n_prompt_tokens, n_whole / 2);
  EXPECT_GT(jump.n_prompt_tokens, n_whole / 5);
  const std::string keys = "(9 * (7";  // nothing that agrees with what was shown
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::promise<void> idle;  // behind what is read ahead
    engine::Request last = {.priority = engine::Priority::kBackground};
    last.on_done = [&](Result<engine::Completion>) { idle.set_value(); };
    engine_->submit(std::move(last));
    idle.get_future().wait();
    const CompletionReport key = complete_at(350, keys.substr(0, 1 + attempt % keys.size()));
    if (key.typed_through || key.n_prompt_tokens < 2 * jump.n_prompt_tokens) continue;
    EXPECT_GT(key.n_cached_tokens, key.n_prompt_tokens - 32);
    return;
  }
  FAIL() << "the window stayed narrow";
}

TEST_F(Completion, TypingTheSuggestionCostsNoModelCall) {
  const CompletionOutcome first = complete(Place(kCheckout));
  ASSERT_FALSE(first.candidates.empty());
  const std::string text = first.candidates[0].text;
  const int64_t n_before = engine_->stats().n_requests;
  std::string typed = kCheckout;
  typed.insert(typed.find('^'), text.substr(0, 4));
  const CompletionOutcome rest = complete(Place(typed));
  ASSERT_FALSE(rest.candidates.empty());
  EXPECT_EQ(rest.candidates[0].text, text.substr(4));
  EXPECT_EQ(engine_->stats().n_requests, n_before);
}

TEST_F(Completion, InvokedGivesSeveralDifferentOnes) {
  const CompletionOutcome outcome = complete(Place(kCheckout), false, 4);
  ASSERT_GE(outcome.candidates.size(), 1u);
  for (size_t i = 1; i < outcome.candidates.size(); ++i) {
    EXPECT_NE(outcome.candidates[i].text, outcome.candidates[0].text);
    EXPECT_LE(outcome.candidates[i].mean_logprob, outcome.candidates[i - 1].mean_logprob);
  }
}

TEST_F(Completion, ExtendsTheSelectedEntryOfTheMenu) {
  const Place place("import os\n\nhome = os.path.ex^\n");
  const auto outcome = start({.document = place.document,
                              .offset = place.offset,
                              .client = "test",
                              .must_start_with = "expanduser",
                              .replace_begin = place.offset - 2})
                           .get()
                           .value();
  ASSERT_EQ(outcome.candidates.size(), 1u) << outcome.report.silence;
  EXPECT_TRUE(outcome.candidates[0].text.starts_with("expanduser"));
  EXPECT_GT(outcome.candidates[0].text.size(), 10u);
  EXPECT_EQ(outcome.candidates[0].replace_begin, place.offset - 2);
}

TEST_F(Completion, ANewerRequestSupersedesTheOlder) {
  const Place place(kCheckout);
  const CompletionParams params = {
      .document = place.document, .offset = place.offset, .client = "test", .automatic = false};
  auto first = start(params);
  auto second = start(params);
  EXPECT_TRUE(second.get().ok());
  const auto outcome = first.get();
  EXPECT_TRUE(outcome.ok() || outcome.status().code() == Code::kStale);
}

TEST_F(Completion, ACancelledRequestSaysSo) {
  const Place place(kCheckout);
  std::stop_source source;
  source.request_stop();
  const auto outcome = start({.document = place.document, .offset = place.offset, .client = "test"},
                             source.get_token())
                           .get();
  EXPECT_EQ(outcome.status().code(), Code::kCancelled);
}

TEST_F(Completion, ACursorOutsideTheTextIsAnError) {
  const Place place("x^");
  const auto outcome = start({.document = place.document, .offset = 99, .client = "test"}).get();
  EXPECT_EQ(outcome.status().code(), Code::kInvalidArgument);
}

TEST_F(Completion, LivesWithEmptyAndBrokenText) {
  for (const char* text : {"^", "\n^", "\xff\xfe^\xc3", "\r\n^\r\n", "\t\t\t^"}) {
    EXPECT_TRUE(
        start({.document = Place(text).document, .offset = Place(text).offset, .client = "test"})
            .get()
            .ok());
  }
}

TEST_F(Completion, EndsWhileARequestRuns) {
  const Place place(kCheckout);
  std::future<Result<CompletionOutcome>> pending;
  {
    Completer completer(*engine_, index_, {});
    auto promise = std::make_shared<std::promise<Result<CompletionOutcome>>>();
    pending = promise->get_future();
    completer.complete(
        {.document = place.document, .offset = place.offset, .client = "test"}, {},
        [promise](Result<CompletionOutcome> outcome) { promise->set_value(std::move(outcome)); });
  }
  EXPECT_EQ(pending.wait_for(std::chrono::seconds(0)),
            std::future_status::ready);  // answered, one way or the other
}

}  // namespace
}  // namespace rondo::assist
