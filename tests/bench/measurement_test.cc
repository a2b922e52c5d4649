// The measurements end to end, on the embedded model and a corpus of a few functions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "bench/context_loss.h"
#include "bench/cut_workspace.h"
#include "bench/infill.h"
#include "bench/quality.h"

namespace rondo::bench {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::string kModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";

const std::string kPricing =
    "from decimal import Decimal\n\n"
    "TAX = Decimal(\"0.19\")\n\n\n"
    "def apply_discount(total, percent):\n"
    "    \"\"\"Returns the total less percent, never below zero.\"\"\"\n"
    "    return max(Decimal(0), total - total * percent / 100)\n\n\n"
    "def with_tax(total):\n"
    "    return total * (1 + TAX)\n";
const std::string kCheckout =
    "from shop.pricing import apply_discount, with_tax\n\n\n"
    "def checkout(cart, customer):\n"
    "    \"\"\"Returns what the customer pays for the cart.\"\"\"\n"
    "    total = sum(item.price for item in cart.items)\n"
    "    if customer.discount:\n"
    "        total = apply_discount(total, customer.discount)\n"
    "    return with_tax(total)\n";
const std::string kAnswer = "        total = apply_discount(total, customer.discount)\n";

Hole answer_hole() {
  const size_t begin = kCheckout.find(kAnswer) + 8;
  return {.kind = HoleKind::kLine,
          .file = 0,
          .begin = static_cast<int64_t>(begin),
          .end = static_cast<int64_t>(kCheckout.find('\n', begin))};
}

std::string filler(int n_lines) {
  std::string text;
  for (int i = 0; i < n_lines; ++i) {
    text += "# Note " + std::to_string(i) + ": nothing of interest happens on this line.\n";
  }
  return text;
}

class Measurement : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    engine_ = engine::Engine::load({.model = kModel, .kv_bytes = 256 << 20}).value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  Measurement()
      : log_((fs::path(testing::TempDir()) /
              (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               ".jsonl"))
                 .string()) {
    fs::remove(log_);
  }
  ~Measurement() override { fs::remove(log_); }

  std::string log_text() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }

  // What the Segments of the question for answer_hole() say.
  static std::string context_of(const Repository& repository) {
    CutWorkspace workspace(*engine_, repository);
    const auto question = workspace.question(answer_hole(), 2000);
    CHECK(question.ok(), question.status().to_string().c_str());
    std::string text;
    for (const auto& segment : question->context.segments) {
      text += engine_->tokenizer().decode(*segment.tokens);
    }
    return text;
  }

  static std::unique_ptr<engine::Engine> engine_;
  std::string log_;
};

std::unique_ptr<engine::Engine> Measurement::engine_;

TEST_F(Measurement, AsksWithTheFileCut) {
  const Repository shop = {"shop",
                           {{"shop/checkout.py", kCheckout, Group::kPython},
                            {"shop/pricing.py", kPricing, Group::kPython}}};
  CutWorkspace workspace(*engine_, shop);
  const auto question = workspace.question(answer_hole(), 2000);
  ASSERT_TRUE(question.ok());
  EXPECT_EQ(question->truth, "total = apply_discount(total, customer.discount)");
  EXPECT_TRUE(question->window.prefix.ends_with("    if customer.discount:\n        "));
  EXPECT_EQ(question->window.suffix, "\n    return with_tax(total)\n");
  EXPECT_EQ(question->window.path, "shop/checkout.py");
  // The context is there at all, or the tests below could not fail.
  EXPECT_THAT(context_of(shop), HasSubstr("def with_tax(total):"));
}

// The answer stands in the Blocks that overlap the window, in a copy of the function, and alone in
// another place; only a Block without it may be context.
TEST_F(Measurement, NeverShowsAPlantedAnswer) {
  std::string copy = kCheckout;
  copy.replace(copy.find("def checkout"), 12, "def with_tax");
  const Repository shop = {"shop",
                           {{"shop/checkout.py", kCheckout, Group::kPython},
                            {"shop/copy.py", copy, Group::kPython},
                            {"shop/pricing.py", kPricing, Group::kPython},
                            {"shop/stray.py",
                             "def apply_discount_twice(total, customer):\n" + kAnswer.substr(4) +
                                 kAnswer.substr(4) + "    return total\n",
                             Group::kPython}}};
  const std::string context = context_of(shop);
  EXPECT_THAT(context, Not(HasSubstr("apply_discount(total, customer.discount)")));
  EXPECT_THAT(context, Not(HasSubstr("def checkout")));
  EXPECT_THAT(context, HasSubstr("def apply_discount(total, percent):"));
}

// The file's own Blocks far from the cursor are context, those near it are not.
TEST_F(Measurement, OffersTheOtherBlocksOfTheFile) {
  const std::string far = "\n\ndef refund(cart, customer):\n    return -checkout(cart, customer)\n";
  const Repository shop = {"shop",
                           {{"shop/checkout.py", kCheckout + filler(80) + far, Group::kPython}}};
  const std::string context = context_of(shop);
  EXPECT_THAT(context, HasSubstr("def refund(cart, customer)"));
  EXPECT_THAT(context, Not(HasSubstr("total = apply_discount")));
}

Corpus shop_corpus() {
  Corpus corpus;
  corpus.repositories.push_back({"shop",
                                 {{"shop/checkout.py", kCheckout, Group::kPython},
                                  {"shop/pricing.py", kPricing, Group::kPython}}});
  return corpus;
}

TEST_F(Measurement, OfQualityGoesOnWhereItWas) {
  const QualityOptions options = {.n_holes = 2, .seed = 1, .log = log_};
  const auto results = measure_quality(*engine_, shop_corpus(), options);
  ASSERT_TRUE(results.ok()) << results.status().to_string();
  ASSERT_EQ(results->size(), 4u + 2u);  // the first hole in both orders
  for (const HoleResult& result : *results) {
    EXPECT_LT(result.plain.log_probability, 0);
    EXPECT_GT(result.plain.n_tokens, 0);
    EXPECT_EQ(result.n_segment_tokens > 0, result.segments);
  }
  const std::string log = log_text();
  const int64_t n_requests = engine_->stats().n_requests;
  const auto again = measure_quality(*engine_, shop_corpus(), options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(engine_->stats().n_requests, n_requests);
  EXPECT_EQ(log_text(), log);
  for (size_t i = 0; i < again->size(); ++i) {
    EXPECT_EQ((*again)[i].plain.log_probability, (*results)[i].plain.log_probability);
    EXPECT_EQ((*again)[i].healed.match, (*results)[i].healed.match);
    EXPECT_EQ((*again)[i].n_segment_tokens, (*results)[i].n_segment_tokens);
  }
}

// Recent edits are context like Blocks, and held to the same rule.
TEST_F(Measurement, ShowsEditsButNotAPlantedAnswer) {
  const Repository shop = {"shop",
                           {{"shop/checkout.py", kCheckout, Group::kPython},
                            {"shop/pricing.py", kPricing, Group::kPython}}};
  CutWorkspace workspace(*engine_, shop);
  ContextSettings settings = {.max_tokens = 2000};
  settings.edits = {{"shop/pricing.py", "-old_price = 1\n+new_price = 2\n"},
                    {"shop/pricing.py", "+" + kAnswer + "\n"},
                    {"shop/checkout.py", "-" + kAnswer + "\n"}};
  ContextSettings without = settings;
  without.sources.edits = false;
  const auto questions = workspace.questions(answer_hole(), {settings, without});
  ASSERT_TRUE(questions.ok());
  std::vector<std::string> shown;
  for (const Question& question : *questions) {
    shown.emplace_back();
    for (const auto& segment : question.context.segments) {
      shown.back() += engine_->tokenizer().decode(*segment.tokens);
    }
    EXPECT_THAT(shown.back(), Not(HasSubstr("apply_discount(total, customer.discount)")));
  }
  EXPECT_THAT(shown[0], HasSubstr("+new_price = 2"));
  EXPECT_THAT(shown[1], Not(HasSubstr("+new_price = 2")));
}

TEST_F(Measurement, OfAWorkTreeAsksEachCaseInEachMode) {
  const InfillOptions options = {.n_cases = 3, .ablate = true, .log = log_};
  Corpus corpus = shop_corpus();
  corpus.repositories[0].files[0].text = filler(2) + kCheckout;
  const auto table = measure_worktree(*engine_, corpus, WorktreeHistory(), options);
  ASSERT_TRUE(table.ok()) << table.status().to_string();
  ASSERT_EQ(table->results.size(), 3u);
  for (const InfillResult& result : table->results) {
    ASSERT_EQ(result.answers.size(), table->modes.size());
    for (size_t i = 0; i < result.answers.size(); ++i) {
      EXPECT_LT(result.answers[i].log_probability, 0);
      EXPECT_EQ(result.answers[i].n_context_tokens > 0, table->modes[i].context)
          << table->modes[i].name;
    }
    EXPECT_NE(result.answers[0].log_probability, result.answers[1].log_probability);
  }
  const std::string log = log_text();
  const auto again = measure_worktree(*engine_, corpus, WorktreeHistory(), options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(log_text(), log) << "everything was known";
  EXPECT_EQ(again->results[0].answers[1].similarity, table->results[0].answers[1].similarity);
  std::vector<InfillResult> of_parts;
  for (const int64_t index : {0, 1}) {
    InfillOptions part = options;
    part.part = {.index = index, .count = 2};
    const auto of_part = measure_worktree(*engine_, corpus, WorktreeHistory(), part);
    ASSERT_TRUE(of_part.ok());
    of_parts.insert(of_parts.end(), of_part->results.begin(), of_part->results.end());
  }
  ASSERT_EQ(of_parts.size(), 3u);
  EXPECT_EQ(log_text(), log) << "parts have the same cases";
}

TEST_F(Measurement, OfProblemsFillsTheMiddle) {
  const std::vector<InfillProblem> problems = {{.task_id = "SingleLineInfilling/x",
                                                .prompt = "def double(x):\n",
                                                .suffix = "    return y\n",
                                                .solution = "    y = 2 * x\n",
                                                .test = "",
                                                .entry_point = "double"}};
  const auto table = measure_problems(*engine_, problems, {.n_cases = 5});
  ASSERT_TRUE(table.ok()) << table.status().to_string();
  ASSERT_EQ(table->results.size(), 1u);
  EXPECT_LT(table->results[0].answers[0].log_probability, 0);
  EXPECT_FALSE(table->results[0].answers[0].passed.has_value());
}

TEST_F(Measurement, OfQualityNeedsLines) {
  Corpus corpus;
  corpus.repositories.push_back({"one", {{"a.py", "x = 1\n", Group::kPython}}});
  const auto results = measure_quality(*engine_, corpus, {.log = log_});
  ASSERT_FALSE(results.ok());
  EXPECT_EQ(results.status().code(), Code::kNotFound);
}

TEST_F(Measurement, OfContextLossPairsAndRepeats) {
  Corpus corpus;
  std::string long_checkout = kCheckout;
  for (int i = 0; i < 3; ++i) {
    std::string other = kCheckout.substr(kCheckout.find("def checkout"));
    other.replace(4, 8, "settle_" + std::to_string(i));
    long_checkout += "\n\n" + other;
  }
  corpus.repositories.push_back({"shop",
                                 {{"shop/checkout.py", long_checkout, Group::kPython},
                                  {"shop/pricing.py", kPricing, Group::kPython}}});
  const ContextLossOptions options = {.n_examples = 1, .active_tokens = 128, .log = log_};
  const auto loss = measure_context_loss(*engine_, corpus, options);
  ASSERT_TRUE(loss.ok()) << loss.status().to_string();
  ASSERT_EQ(loss->examples.size(), 1u);
  const ExampleLoss& example = loss->examples[0];
  EXPECT_GT(example.without, 0);
  EXPECT_GT(example.with, 0);
  EXPECT_NE(example.with, example.without);
  EXPECT_NE(example.released, example.with);
  EXPECT_NE(example.released, example.without);
  EXPECT_GT(example.prefix, 0);
  EXPECT_NE(example.prefix, example.with);
  EXPECT_NE(example.prefix, example.without);
  EXPECT_GT(example.n_segment_tokens, 0);
  EXPECT_GT(example.n_tokens, 100);
  EXPECT_LT(example.n_tokens, 128);  // the path before the text does not count
  EXPECT_EQ(loss->n_witnesses, 1);
  EXPECT_EQ(loss->n_bit_equal, 1);
  const std::string log = log_text();
  const auto again = measure_context_loss(*engine_, corpus, options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->examples[0].with, example.with);
  EXPECT_EQ(again->n_bit_equal, 1);
  EXPECT_EQ(log_text(), log);
}

}  // namespace
}  // namespace rondo::bench
