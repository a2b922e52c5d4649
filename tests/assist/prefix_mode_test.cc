// Context as text before the active file: by a tiny Llama, which knows no Segments, and by the
// embedded model when told so.
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "assist/completion.h"
#include "assist/drafter.h"
#include "tests/assist/index_file.h"
#include "tests/engine/tiny_model.h"
#include "workspace/languages.h"

namespace rondo::assist {
namespace {

const std::string kEmbedded = RONDO_SOURCE_DIR "/models/loopcoder-mini";

const std::string kPricing =
    "def apply_discount(total, percent):\n"
    "    \"\"\"Returns the total less percent, never below zero.\"\"\"\n"
    "    return max(0, total - total * percent / 100)\n";
const std::string kCheckout =
    "from shop.pricing import apply_discount\n\n\ndef checkout(cart, percent):\n"
    "    total = sum(item.price for item in cart)\n    total = apply_dis^\n    return total\n";

// An engine and one client's view of a workspace.
class Shop {
 public:
  Shop(engine::EngineOptions engine, CompleterOptions options)
      : engine_(engine::Engine::load(std::move(engine)).value()) {
    add("shop/pricing.py", kPricing);
    options.folder = "/home/somebody/shop";
    options.first_token_budget = std::chrono::seconds(60);
    completer_ = std::make_unique<Completer>(*engine_, index_, std::move(options));
  }

  void add(const std::string& path, const std::string& bytes) { index_file(index_, path, bytes); }
  void remove(const std::string& path) { index_.remove(path); }

  // Somebody types: at '^' in `marked`.
  CompletionOutcome complete(std::string marked, const std::string& client = "a",
                             const std::string& path = "shop/checkout.py") {
    const auto offset = static_cast<int64_t>(marked.find('^'));
    marked.erase(offset, 1);
    auto document = std::make_shared<workspace::Document>();
    document->path = path;
    document->uri = "file:///" + path;
    document->language = &workspace::language_of_file(path, marked);
    document->text = std::make_shared<const workspace::Text>(marked);
    std::promise<CompletionOutcome> promise;
    completer_->complete({.document = document,
                          .offset = offset,
                          .client = client,
                          .context_mode = ContextMode::kPrefix},
                         {}, [&](Result<CompletionOutcome> outcome) {
                           promise.set_value(std::move(outcome).value());
                         });
    return promise.get_future().get();
  }

  engine::Engine& engine() { return *engine_; }
  const workspace::BlockIndex& index() const { return index_; }
  // Behind what was read ahead.
  void wait_until_idle() {
    std::promise<void> idle;
    engine::Request last = {.priority = engine::Priority::kBackground};
    last.on_done = [&](Result<engine::Completion>) { idle.set_value(); };
    engine_->submit(std::move(last));
    idle.get_future().wait();
  }

 private:
  std::unique_ptr<engine::Engine> engine_;
  workspace::BlockIndex index_;
  std::unique_ptr<Completer> completer_;  // last: ends before what it uses goes
};

std::string typed(const std::string& text) {
  std::string all = kCheckout;
  return all.replace(all.find("apply_dis^"), 10, text + "^");
}

// A Llama of 512 positions.
class PrefixMode : public testing::Test {
 protected:
  PrefixMode() { write_tiny_model(folder_, 1); }

  std::unique_ptr<Shop> shop(int64_t kv_bytes = 1 << 20) {
    return std::make_unique<Shop>(
        engine::EngineOptions{.model = folder_.path(), .kv_bytes = kv_bytes},
        CompleterOptions{.prefix_tokens = 100, .suffix_tokens = 30});
  }

  const engine::ScratchFolder folder_;
};

void expect_same(const CompletionOutcome& a, const CompletionOutcome& b) {
  EXPECT_EQ(a.report.tokens, b.report.tokens);
  ASSERT_EQ(a.candidates.size(), b.candidates.size());
  for (size_t i = 0; i < a.candidates.size(); ++i) {
    EXPECT_EQ(a.candidates[i].text, b.candidates[i].text);
    EXPECT_EQ(a.candidates[i].mean_logprob, b.candidates[i].mean_logprob);
  }
}

TEST_F(PrefixMode, AModelWithoutSegmentsReadsFiles) {
  const auto outcome = shop()->complete(kCheckout);
  ASSERT_EQ(outcome.report.blocks.size(), 1u);
  EXPECT_EQ(outcome.report.blocks[0].path, "shop/pricing.py");
  EXPECT_GT(outcome.report.blocks[0].n_tokens, 20);
  EXPECT_EQ(outcome.report.n_segment_tokens, 0);
  EXPECT_GT(outcome.report.n_prompt_tokens, outcome.report.blocks[0].n_tokens);
}

TEST_F(PrefixMode, AnAnswerIsTheSameBitsWhoeverReadTheBeginning) {
  const auto first = shop();
  const CompletionOutcome cold = first->complete(kCheckout);
  EXPECT_EQ(cold.report.n_adopted_tokens, 0);
  ASSERT_FALSE(cold.report.tokens.empty());
  const CompletionOutcome other = first->complete(kCheckout, "b");
  ASSERT_EQ(other.report.blocks.size(), 1u);
  EXPECT_GE(other.report.n_adopted_tokens, other.report.blocks[0].n_tokens - 16);
  EXPECT_EQ(other.report.n_cached_tokens, other.report.n_adopted_tokens);
  expect_same(cold, other);
  expect_same(cold, shop()->complete(kCheckout));
}

TEST_F(PrefixMode, AnAnswerIsTheSameBitsAfterEviction) {
  const auto shop = this->shop(192 << 10);
  const CompletionOutcome cold = shop->complete(kCheckout);
  for (int i = 0; i < 60; ++i) {
    const std::string name = "value_" + std::to_string(i);
    shop->complete("def " + name + "(x):\n    y = " + std::to_string(i) + " + x\n    return ^\n",
                   "a", "other/" + name + ".py");
  }
  const CompletionOutcome again = shop->complete(kCheckout, "b");
  EXPECT_EQ(again.report.n_adopted_tokens, 0);
  expect_same(cold, again);
}

TEST_F(PrefixMode, TheStepLoopReadsFilesToo) {
  const auto shop = this->shop();
  shop->remove("shop/pricing.py");
  shop->add("shop/rates.py", "def rate(x):\n    return x\n");
  const std::string text = "y = rate(";
  const workspace::Document document = {.uri = "file:///shop/a.py",
                                        .path = "shop/a.py",
                                        .language = &workspace::language_of_file("shop/a.py", text),
                                        .text = std::make_shared<const workspace::Text>(text)};
  const DrafterOptions options = {.prefix_tokens = 60, .suffix_tokens = 20};
  const DraftPlace place = {.text = text, .offset = static_cast<int64_t>(text.size())};
  Drafter with(shop->engine(), shop->index(), options, document, place, "with");
  ASSERT_EQ(with.blocks().size(), 1u);
  EXPECT_EQ(with.blocks()[0].path, "shop/rates.py");
  const workspace::BlockIndex empty;
  Drafter without(shop->engine(), empty, options, document, place, "without");
  EXPECT_NE(with.mean_logprob(place, "1)", {}).value(),
            without.mean_logprob(place, "1)", {}).value());
}

TEST(PrefixModeOfTheEmbeddedModel, AKeystrokeReadsItsOwnTokensOnly) {
  Shop shop({.model = kEmbedded, .kv_bytes = 128 << 20}, {});
  const CompletionOutcome first = shop.complete(kCheckout);
  ASSERT_EQ(first.report.blocks.size(), 1u);
  EXPECT_EQ(first.report.n_segment_tokens, 0);
  ASSERT_FALSE(first.candidates.empty()) << first.report.silence;
  EXPECT_TRUE(first.candidates[0].text.starts_with("count(")) << first.candidates[0].text;
  shop.complete(typed("x = "));
  for (const char* text : {"x = l", "x = len(", "x = len(c", "x = len(cart) + "}) {
    const CompletionReport report = shop.complete(typed(text)).report;
    EXPECT_LT(report.n_prompt_tokens - report.n_cached_tokens, 12) << text;
    EXPECT_EQ(report.blocks.size(), 1u) << text;
  }
}

// A better context is read while nobody types; then it stands behind what was there.
TEST(PrefixModeOfTheEmbeddedModel, NewBlocksComeBehindTheOldOnes) {
  Shop shop({.model = kEmbedded, .kv_bytes = 128 << 20}, {});
  shop.complete(typed("x = apply_discount("));
  shop.add("shop/cart.py", "def sum_of_prices(cart):\n    return sum(i.price for i in cart)\n");
  std::vector<UsedBlock> blocks;
  for (int i = 0; i < 50 && blocks.size() < 2; ++i) {
    shop.wait_until_idle();
    blocks = shop.complete(typed("x = apply_discount(sum_of_prices(cart), " + std::to_string(i)))
                 .report.blocks;
  }
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].path, "shop/pricing.py");
  EXPECT_EQ(blocks[1].path, "shop/cart.py");
}

TEST(PrefixModeOfTheEmbeddedModel, WhatTheIndexForgotIsReadNoMore) {
  Shop shop({.model = kEmbedded, .kv_bytes = 128 << 20}, {});
  EXPECT_EQ(shop.complete(typed("x = l")).report.blocks.size(), 1u);
  shop.remove("shop/pricing.py");
  EXPECT_EQ(shop.complete(typed("x = le")).report.blocks.size(), 0u);
}

}  // namespace
}  // namespace rondo::assist
