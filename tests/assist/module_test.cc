// A module from a sentence: what it is named, how it is written like its siblings, that every
// skeleton parses, and the whole of it through the real engine and the embedded model.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "../workspace/index_fixture.h"
#include "../workspace/temporary_folder.h"
#include "assist/module_plan.h"
#include "assist/module_sentence.h"
#include "assist/module_writer.h"
#include "assist/sandbox.h"
#include "assist/syntax_errors.h"

namespace rondo::assist {
namespace {

using workspace::language_by_id;

// "prices: load_prices(path: str) -> list; total(lines)": what was understood.
std::string understood(std::string_view sentence) {
  const Result<AskedModule> module = read_module_sentence(sentence);
  if (!module.ok()) return module.status().message().substr(0, 21);
  std::string text = join_name(module->name, NameStyle::kSnake) + ":";
  for (const AskedFunction& function : module->functions) {
    std::string parameters = function.written_parameters;
    for (const std::vector<std::string>& name : function.parameters) {
      parameters += (parameters.empty() ? "" : ", ") + join_name(name, NameStyle::kSnake);
    }
    text += " " + join_name(function.name, NameStyle::kSnake) + "(" + parameters + ")";
    if (!function.written_result.empty()) text += "->" + function.written_result;
  }
  return text;
}

TEST(ModuleSentence, NamesFunctionsByWhatTheyDo) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"load price lists and total the lines by region",
       "price_lists: load_price_lists(price_lists) total_lines_by_region(lines, region)"},
      {"load and validate price lists",
       "price_lists: load_price_lists(price_lists) validate_price_lists(price_lists)"},
      {"Parse prices and names.", "prices: parse_prices_and_names(prices, names)"},
      {"price feed: fetch the feed; check it", "price_feed: fetch_feed(feed) check(feed)"},
      {"prices: load(path: str) -> dict[str, int], total(lines)",
       "prices: load(path: str)->dict[str, int] total(lines)"},
      {"loadPrices(path), then totalOf(a, (b, c))",
       "load_prices: load_prices(path) total_of(a, (b, c))"},
      {"  ", "Say what the module d"},
      {"1 + 2", "Say what the module d"},
      {"f(", "f: f()"}};
  for (const auto& [sentence, expected] : cases) EXPECT_EQ(understood(sentence), expected);
}

class ModuleTest : public workspace::IndexFixture {
 protected:
  ModulePlan plan(std::string_view sentence, std::string_view folder, std::string_view language) {
    const workspace::Language& in = *language_by_id(language);
    return plan_module(read_module_sentence(sentence).value(),
                       read_sibling_style(index_, folder, in), folder, in)
        .value();
  }

  static std::string skeleton(const PlannedFile& file) {
    std::vector<std::string> bodies;
    for (const PlannedHole& hole : file.holes) bodies.push_back(hole.fallback);
    return with_bodies(file, bodies);
  }
};

TEST_F(ModuleTest, IsWrittenLikeItsSiblings) {
  for (const std::string name : {"cart_lines", "tax"}) {
    put("src/shop/" + name + ".py",
        "# Copyright the shop\n\"\"\"About it.\"\"\"\n\nfrom __future__ import annotations\n"
        "from .money import " +
            name + "\n\n\ndef " + name + "(a):\n  \"\"\"Do it.\"\"\"\n  return a\n");
  }
  put("src/shop/__init__.py", "# Copyright the shop\n");
  put("tests/shop/test_tax.py",
      "import pytest\nfrom shop.tax import tax\n\n\ndef test_tax():\n  pass\n");
  const ModulePlan made = plan("load price lists", "src/shop", "python");
  ASSERT_EQ(made.files.size(), 2u);
  EXPECT_EQ(made.files[0].path, "src/shop/price_lists.py");
  EXPECT_EQ(skeleton(made.files[0]),
            "# Copyright the shop\n\"\"\"Load price lists.\"\"\"\n\n"
            "from __future__ import annotations\n\n\n"
            "def load_price_lists(price_lists):\n"
            "  \"\"\"Load price lists.\"\"\"\n"
            "  raise NotImplementedError(\"load_price_lists\")\n");
  EXPECT_EQ(made.files[1].path, "tests/shop/test_price_lists.py");
  EXPECT_EQ(skeleton(made.files[1]),
            "# Copyright the shop\nfrom shop.price_lists import load_price_lists\n\n\n"
            "def test_load_price_lists_is_there():\n  assert callable(load_price_lists)\n");
}

TEST_F(ModuleTest, WithoutSiblingsItsSkeletonParsesInEveryLanguage) {
  const std::string sentence = "say \"hello\\\" to all users and import the class list from a file";
  workspace::Parser parser;
  std::set<std::string> paths;
  for (const std::string language : {"python", "javascript", "typescript", "go", "rust"}) {
    for (const PlannedFile& file : plan(sentence, "new", language).files) {
      paths.insert(file.path);
      const auto tree =
          parser.parse(*language_by_id(language), workspace::snapshot(skeleton(file)), nullptr, {});
      EXPECT_EQ(count_syntax_errors(*tree), 0) << skeleton(file);
    }
  }
  EXPECT_EQ(paths, (std::set<std::string>{"new/hello.py", "new/test_hello.py", "new/hello.js",
                                          "new/hello.test.js", "new/hello.ts", "new/hello.test.ts",
                                          "new/hello.go", "new/hello_test.go", "new/hello.rs"}));
}

TEST_F(ModuleTest, TakesSignaturesAsTheyAreWritten) {
  const std::string sentence = "prices: load(path string) -> ([]Line, error)";
  put("shop/cart.go", "package shop\n\n// Sum: adds.\nfunc Sum() int {\n\treturn 1\n}\n");
  EXPECT_EQ(skeleton(plan(sentence, "shop", "go").files[0]),
            "package shop\n\n// Prices.\n\n// Load: Load.\n"
            "func Load(path string) ([]Line, error) {\n\tpanic(\"Load is not written yet\")\n}\n");
}

TEST_F(ModuleTest, SaysWhichLanguagesThereAre) {
  const workspace::Language& lua = *language_by_id("lua");
  const auto made = plan_module(read_module_sentence("load prices").value(),
                                read_sibling_style(index_, "", lua), "", lua);
  EXPECT_NE(made.status().message().find("python, javascript"), std::string::npos);
}

// ---- through the model -----------------------------------------------------------------------

class ModuleWriterTest : public ModuleTest {
 protected:
  static void SetUpTestSuite() {
    engine_ = engine::Engine::load(
                  {.model = RONDO_SOURCE_DIR "/models/loopcoder-mini", .kv_bytes = 128 << 20})
                  .value();
  }
  static void TearDownTestSuite() { engine_.reset(); }

  ModuleParams params(ModulePlan plan) {
    return {.plan = std::move(plan),
            .language = language_by_id("python"),
            .folder = folder_.path().string(),
            .scratch = folder_.path().string() + "-scratch"};
  }

  static std::unique_ptr<engine::Engine> engine_;
  workspace::TemporaryFolder folder_;
};

std::unique_ptr<engine::Engine> ModuleWriterTest::engine_;

TEST_F(ModuleWriterTest, EveryFileParsesAndEveryStepSaysWhatItDid) {
  ModuleParams asked = params(plan("sums: add(a, b), mean(values)", "", "python"));
  int n_told = 0;
  asked.on_function = [&](int, int all, const std::string&) { n_told += all == 2 ? 1 : 0; };
  const WrittenModule made = write_module(*engine_, index_, asked, {}).value();
  EXPECT_EQ(n_told, 2);
  ASSERT_EQ(made.files.size(), 2u);
  workspace::Parser parser;
  for (const WrittenFile& file : made.files) {
    const auto tree =
        parser.parse(*language_by_id("python"), workspace::snapshot(file.text), nullptr, {});
    EXPECT_EQ(count_syntax_errors(*tree), 0) << file.text;
  }
  EXPECT_NE(made.files[0].text.find("def add(a, b):\n"), std::string::npos);
  std::set<int32_t> steps;
  for (const LoopStep& step : made.steps) steps.insert(step.step);
  EXPECT_EQ(steps, (std::set<int32_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(made.steps.back().verdict, StepVerdict::kSkipped);
  EXPECT_NE(made.notes.front().find("not trusted"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder_.path().string() + "/sums.py"));
}

TEST_F(ModuleWriterTest, TestsOfATrustedWorkspaceAreCollected) {
  if (!sandbox_ready().ok()) GTEST_SKIP() << sandbox_ready().message();
  ModuleParams asked = params(plan("sums: add(a, b)", "", "python"));
  asked.trusted = true;
  const WrittenModule made = write_module(*engine_, index_, asked, {}).value();
  EXPECT_EQ(made.steps.back().focus, "tests: collect test_sums.py");
  EXPECT_EQ(made.steps.back().verdict, StepVerdict::kPassed) << made.notes.front();
  EXPECT_TRUE(std::filesystem::is_empty(asked.scratch));
}

TEST_F(ModuleWriterTest, ASignatureThatIsNoneIsRefused) {
  const ModuleParams asked = params(plan("sums: add(a b = )", "", "python"));
  EXPECT_NE(write_module(*engine_, index_, asked, {}).status().message().find("does not parse"),
            std::string::npos);
}

TEST_F(ModuleWriterTest, StopsWhenToldTo) {
  std::stop_source stop;
  ModuleParams asked = params(plan("sums: add(a, b), mean(values)", "", "python"));
  asked.on_function = [&](int, int, const std::string&) { stop.request_stop(); };
  EXPECT_EQ(write_module(*engine_, index_, asked, stop.get_token()).status().code(),
            Code::kCancelled);
}

}  // namespace
}  // namespace rondo::assist
