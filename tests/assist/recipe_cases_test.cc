// Every recipe that comes with Rondo against its cases: a file NAME.cases beside NAME.yaml, with
// "=== title", the text of a file, and behind "---" what becomes of it; without "---" it stays.
// Behind "+++", and before that, stands another file of the same tree, which stays.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "assist/names_elsewhere.h"
#include "assist/rewrite.h"

namespace rondo::assist {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string title;
  std::string before;
  std::optional<std::string> elsewhere;  // another file
  std::optional<std::string> after;
};

std::string read(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<Case> read_cases(const fs::path& path) {
  std::vector<Case> cases;
  std::istringstream lines(read(path));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({.title = line.substr(4), .before = {}, .elsewhere = {}, .after = {}});
    } else if (cases.empty()) {
      continue;
    } else if (line == "---") {
      cases.back().after = "";
    } else if (line == "+++") {
      cases.back().elsewhere = "";
    } else {
      Case& c = cases.back();
      (c.after ? *c.after : c.elsewhere ? *c.elsewhere : c.before) += line + "\n";
    }
  }
  return cases;
}

// In place of the model: the first of the choices, or a text that holes of these recipes take.
std::vector<HoleAnswer> answers(std::span<const RecipeHole> holes) {
  std::vector<HoleAnswer> all;
  for (const RecipeHole& hole : holes) {
    all.push_back({.text = hole.choices.empty() ? "Say what it does" : hole.choices[0]});
  }
  return all;
}

std::vector<fs::path> recipes() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(fs::path(RONDO_SOURCE_DIR) / "recipes")) {
    if (entry.path().extension() == ".yaml") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

class RecipeCases : public testing::TestWithParam<fs::path> {
 protected:
  void SetUp() override {
    recipe_ = compiled({});
    ASSERT_NE(recipe_, nullptr);
    const std::string language = recipe_->recipe().languages[0];
    file_ = language == "python" ? "a.py" : "a.js";
  }

  // For a tree with `other` as another file.
  static std::shared_ptr<const CompiledRecipe> compiled(const std::string& other) {
    Result<Recipe> recipe = parse_recipe(read(GetParam()), GetParam().filename().string());
    EXPECT_TRUE(recipe.ok()) << recipe.status().message();
    if (!recipe.ok()) return nullptr;
    Result<NamesElsewhere> elsewhere = NamesElsewhere::of(*recipe);
    EXPECT_TRUE(elsewhere.ok() && elsewhere->look_at(other).ok());
    auto compiled = CompiledRecipe::compile(std::move(*recipe));
    EXPECT_TRUE(compiled.ok()) << compiled.status().message();
    return compiled.ok() ? *compiled : nullptr;
  }
  Rewrite rewrite(const Case& c, const std::string& text) const {
    return Rewriter(c.elsewhere ? compiled(*c.elsewhere) : recipe_, answers).rewrite(file_, text);
  }

  std::shared_ptr<const CompiledRecipe> recipe_;
  std::string file_;
};

TEST_P(RecipeCases, AreWhatTheRecipeMakesOfThem) {
  fs::path path = GetParam();
  const std::vector<Case> cases = read_cases(path.replace_extension(".cases"));
  EXPECT_GE(cases.size(), 20u);
  for (const Case& c : cases) {
    const Rewrite made = rewrite(c, c.before);
    std::string why = made.reason;
    for (const LeftMatch& left : made.left) why += "\n" + left.rule->name + " " + left.reason;
    const bool changed = made.verdict == Rewrite::Verdict::kChanged;
    EXPECT_EQ(changed ? made.text : c.before, c.after.value_or(c.before)) << c.title << why;
    EXPECT_EQ(changed, c.after.has_value()) << c.title << why;
  }
}

// Line ends other than the usual are kept, in what is written, too.
TEST_P(RecipeCases, KeepLineEndsAndByteOrderMarks) {
  const auto with_crlf = [](const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
    return "\xEF\xBB\xBF" + out;
  };
  fs::path path = GetParam();
  for (const Case& c : read_cases(path.replace_extension(".cases"))) {
    if (!c.after) continue;
    const Rewrite made = rewrite(c, with_crlf(c.before));
    EXPECT_EQ(made.text, with_crlf(*c.after)) << c.title << made.reason;
  }
}

TEST_P(RecipeCases, SayWhatTheRecipeLeaves) { EXPECT_GE(recipe_->recipe().leaves.size(), 3u); }

INSTANTIATE_TEST_SUITE_P(All, RecipeCases, testing::ValuesIn(recipes()), [](const auto& info) {
  std::string name = info.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace rondo::assist
