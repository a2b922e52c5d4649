#include "workspace/functions.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(RONDO_SOURCE_DIR) / "tests/fixtures/workspace/functions";

std::string read(const fs::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

// With "|" for line ends.
std::string one_line(const Text& text, ByteRange bytes) {
  std::string line(text.slice(bytes));
  std::replace(line.begin(), line.end(), '\n', '|');
  return line;
}

// A function's name, and its parts in lines of their own.
std::string describe(const Function& function, const Text& text) {
  std::string lines = one_line(text, function.name) + "\n";
  const auto part = [&](std::string_view name, ByteRange bytes) {
    lines += "  " + std::string(name) + " " + one_line(text, bytes) + "\n";
  };
  if (function.whole != function.bytes) {
    part("outer", {function.whole.begin, function.bytes.begin});
  }
  part("parameters", function.parameters);
  for (const Parameter& parameter : function.each_parameter) {
    part("-", parameter.name);
    if (parameter.type) part("  of", *parameter.type);
  }
  if (function.return_type) part("return", *function.return_type);
  part("body", function.body);
  if (function.doc) part("doc", *function.doc);
  return lines;
}

SyntaxTree parse(const Language& language, std::string bytes) {
  auto text = std::make_shared<const Text>(std::move(bytes));
  return *Parser().parse(language, std::move(text), nullptr, {});
}

// Each fixture has its functions beside it.
TEST(Functions, FindsThoseOfTheFixtures) {
  int n_fixtures = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".functions") continue;
    ++n_fixtures;
    const std::string bytes = read(entry.path());
    const Language& language = language_of_file(entry.path().string(), bytes);
    ASSERT_TRUE(has_functions(language)) << entry.path();
    const SyntaxTree tree = parse(language, bytes);
    std::string described;
    for (const Function& function : FunctionQuery(language).in(tree, QueryCursor())) {
      described += describe(function, *tree.text);
    }
    EXPECT_EQ(described, read(entry.path().string() + ".functions")) << entry.path();
  }
  EXPECT_EQ(n_fixtures, 9);
}

TEST(Functions, TheInnermostOneHoldsAPlace) {
  const Language& python = *language_by_id("python");
  const std::string bytes =
      "@cached\ndef outer(a):\n    def inner(b):\n        return b\n\nx = 1\n";
  const SyntaxTree tree = parse(python, bytes);
  const std::vector<Function> functions = FunctionQuery(python).in(tree, QueryCursor());
  const auto name_at = [&](std::string_view place) {
    const Function* function = function_at(functions, static_cast<int64_t>(bytes.find(place)));
    return function == nullptr ? "" : std::string(tree.text->slice(function->name));
  };
  EXPECT_EQ(name_at("@cached"), "outer");
  EXPECT_EQ(name_at("a):"), "outer");
  EXPECT_EQ(name_at("b):"), "inner");
  EXPECT_EQ(name_at("return b"), "inner");
  EXPECT_EQ(name_at("x = 1"), "");
}

}  // namespace
}  // namespace rondo::workspace
