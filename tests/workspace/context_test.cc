#include "workspace/context.h"

#include <algorithm>

#include "tests/workspace/index_fixture.h"

namespace rondo::workspace {
namespace {

class ContextTest : public IndexFixture {
 protected:
  // A query at "^" in `marked`, with the whole text as its window.
  ContextQuery query_at(const std::string& path, std::string marked) {
    const size_t cursor = marked.find('^');
    EXPECT_NE(cursor, std::string::npos);
    marked.erase(cursor, 1);
    ContextQuery query;
    query.path = path;
    query.language = &language_of_file(path, marked);
    query.text = snapshot(marked);
    query.cursor = static_cast<int64_t>(cursor);
    query.window = {.begin = 0, .end = query.text->size()};
    query.max_tokens = 1000;
    query.count_tokens = [](const ContextBlock& block) {
      return static_cast<int64_t>(block.text.size()) / 4 + 8;
    };
    return query;
  }

  // "path:first line" of what is chosen.
  std::vector<std::string> chosen(const ContextQuery& query) {
    std::vector<std::string> lines;
    for (const ContextBlock& block : choose_context(query, index_)) {
      lines.push_back(block.path + ":" + block.text.substr(0, block.text.find('\n')));
    }
    return lines;
  }
};

bool contains(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

TEST_F(ContextTest, DefinitionsOfUsedNamesComeFirst) {
  put("lib/tax.py",
      "def tax_rate(country):\n    return 0.19\n\n\ndef unrelated():\n    return 0\n");
  put("lib/net.py", "def download(url):\n    return url\n");
  const std::vector<ContextBlock> blocks = choose_context(
      query_at("shop/cart.py", "def total(x):\n    return x * tax_rate(^)\n"), index_);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].path, "lib/tax.py");
  EXPECT_EQ(blocks[0].text, "def tax_rate(country):\n    return 0.19\n");
  EXPECT_EQ(blocks[0].reason, "defines tax_rate");
}

TEST_F(ContextTest, RareAndNearNamesWinOverCommonAndFarOnes) {
  put("lib/a.py", "def rare_name():\n    return 1\n");
  for (int i = 0; i < 6; ++i) {
    put("lib/c" + std::to_string(i) + ".py",
        "def common_name():\n    return " + std::to_string(i) + "\n");
  }
  for (int i = 0; i < 20; ++i) {
    put("lib/d" + std::to_string(i) + ".py",
        "def everywhere():\n    return " + std::to_string(i) + "\n");
  }
  put("lib/near.py", "def near_name():\n    return 2\n");
  const std::string far(40, '\n');
  const std::vector<std::string> lines = chosen(
      query_at("x/y.py", "rare_name()\ncommon_name()\neverywhere()\n" + far + "near_name(^)\n"));
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines[0], "lib/near.py:def near_name():");
  EXPECT_EQ(lines[1], "lib/a.py:def rare_name():");
  EXPECT_FALSE(contains(lines, "lib/d0.py:def everywhere():"));
}

TEST_F(ContextTest, SameFolderAndImportsWinOverElsewhere) {
  put("far/util.py", "def load(path):\n    return 'far'\n");
  put("lib/util.py", "def load(path):\n    return 'lib'\n");
  put("shop/util.py", "def load(path):\n    return 'shop'\n");
  const std::vector<std::string> lines =
      chosen(query_at("shop/cart.py", "from lib import util\n\nload(^)\n"));
  EXPECT_EQ(lines,
            (std::vector<std::string>{"shop/util.py:def load(path):", "lib/util.py:def load(path):",
                                      "far/util.py:def load(path):"}));
}

TEST_F(ContextTest, ThePlantedAnswerOfAnOverlappingBlockIsNotUsed) {
  const std::string answer = "    return planted_answer(items)\n";
  const std::string file =
      "def helper():\n    return 1\n\n\ndef total(items):\n    checks()\n" + answer;
  put("shop/cart.py", file);
  put("copy/cart.py", file);
  put("other/more.py", "def planted_answer(items):\n    checks()\n" + answer);

  std::string marked = file;
  marked.replace(marked.find("planted_answer"), answer.size() - 12, "^\n");
  ContextQuery query = query_at("shop/cart.py", marked);
  query.window.begin = static_cast<int64_t>(marked.find("def total"));
  query.forbidden_lines = {"return planted_answer(items)", "}", ""};
  for (const ContextBlock& block : choose_context(query, index_)) {
    EXPECT_EQ(block.text.find("planted_answer"), std::string::npos) << block.path << block.text;
  }
  const std::vector<std::string> lines = chosen(query);
  EXPECT_EQ(lines, std::vector<std::string>{"shop/cart.py:def helper():"})
      << "what does not overlap stays context";
}

// The same file elsewhere, without the line that is being typed: whole Blocks of it, and one that
// is longer than the window. With that line it is what one looks for.
TEST_F(ContextTest, NearCopiesOfWhatTheModelSeesAreNotUsedSiblingsAre) {
  const std::string first = "def load_items(path):\n";
  const std::string head = "    items = []\n    for line in open(path):\n";
  const std::string tail = "        items.append(parse_item(line))\n    return items\n";
  put("old/cart.py", "def load_items(path):  # from a file\n" + head + tail);
  std::string long_text = "def long_one(x):\n";
  for (int i = 0; i < 30; ++i) long_text += "    x = step_" + std::to_string(i) + "(x)\n";
  put("old/long.py", long_text);
  put("new/sibling.py",
      "def load_users(path):\n    users = []\n    for line in open(path):\n"
      "        users.append(parse_user(line))\n    return users\n");
  put("new/items.py", "def parse_item(line):\n    return line.split()\n");
  const std::string shown = long_text.substr(long_text.find("    x = step_10"));
  const ContextQuery query =
      query_at("new/cart.py", shown + "\n\n" + first + head + "        ^\n" + tail +
                                  "\nload_items(long_one, load_users)\n");
  const std::vector<std::string> others = {"new/items.py:def parse_item(line):",
                                           "new/sibling.py:def load_users(path):"};
  EXPECT_EQ(chosen(query), others);
  put("old/cart.py", first + head + "        skip_comment(line)\n" + tail);
  EXPECT_TRUE(contains(chosen(query), "old/cart.py:def load_items(path):"));
}

TEST_F(ContextTest, CopiesOfWhatTheModelSeesAreNotUsed) {
  const std::string file = "def visible(items):\n    return items\n";
  put("shop/cart.py", file);
  put("copy/cart.py", file);
  EXPECT_TRUE(chosen(query_at("shop/cart.py", "def visible(items):\n    return items^\n")).empty());
}

TEST_F(ContextTest, FollowsTheTextWhenTheIndexIsBehind) {
  put("shop/cart.py",
      "def first():\n    return 1\n\n\ndef second():\n    return 2\n\n\ndef third():\n    return "
      "3\n");
  ContextQuery query = query_at("shop/cart.py",
                                "# new lines\n\n\ndef first():\n    return 1\n\n\ndef second():\n  "
                                "  changed^\n\n\ndef third():\n    return 3\n");
  const std::string& bytes = query.text->bytes();
  query.window = {.begin = static_cast<int64_t>(bytes.find("def second")),
                  .end = static_cast<int64_t>(bytes.find("def third"))};
  const std::vector<std::string> lines = chosen(query);
  EXPECT_EQ(lines, std::vector<std::string>{"shop/cart.py:def third():"})
      << "the change reaches from the top to second()";
}

TEST_F(ContextTest, TakesEachContentOnce) {
  put("a/x.py", "def twice():\n    return 2\n");
  put("b/x.py", "def twice():\n    return 2\n");
  EXPECT_EQ(chosen(query_at("c.py", "twice(^)\n")).size(), 1u);
}

TEST_F(ContextTest, StaysInsideTheBudget) {
  for (int i = 0; i < 10; ++i) {
    const std::string name = "name" + std::to_string(i);
    put("lib/" + name + ".py",
        "def " + name + "():\n    return " + std::string(100 + 40 * i, '1') + "\n");
  }
  ContextQuery query =
      query_at("x.py", "name0 name1 name2 name3 name4 name5 name6 name7 name8 name9 ^\n");
  for (const int64_t max_tokens : {0, 10, 60, 200, 400}) {
    query.max_tokens = max_tokens;
    int64_t n_tokens = 0;
    for (const ContextBlock& block : choose_context(query, index_))
      n_tokens += query.count_tokens(block);
    EXPECT_LE(n_tokens, max_tokens);
    EXPECT_EQ(n_tokens > 0, max_tokens >= 60);
  }
  query.max_tokens = 100'000;
  query.max_blocks = 3;
  EXPECT_EQ(choose_context(query, index_).size(), 3u);
}

TEST_F(ContextTest, RecentOpenAndNeighbouringFilesFillTheBudget) {
  put("shop/cart.py", "def above():\n    return 0\n\n\ndef here():\n    return 1\n");
  put("shop/near.py", "def near():\n    return 2\n");
  put("lib/open.py", "def opened():\n    return 3\n");
  put("lib/recent.py", "def recent():\n    return 4\n");
  put("lib/other.py", "def other():\n    return 5\n");
  ContextQuery query =
      query_at("shop/cart.py", "def above():\n    return 0\n\n\ndef here():\n    return 1^\n");
  query.window.begin = query.text->line(4).begin;
  query.edits = {{.path = "lib/recent.py", .diff = "-    return 3\n+    return 4\n"},
                 {.path = "not/indexed.py", .diff = "+    return 9\n"}};
  query.open_paths = {"lib/open.py", "shop/cart.py"};
  EXPECT_EQ(chosen(query),
            (std::vector<std::string>{"lib/recent.py:-    return 3",
                                      "shop/cart.py:def above():", "lib/recent.py:def recent():",
                                      "lib/open.py:def opened():", "shop/near.py:def near():"}));
}

// "import 1.50, folder 0.02" of the Block with such a first line.
std::string parts_of(const std::vector<ContextBlock>& blocks, std::string_view first_line) {
  std::string parts;
  for (const ContextBlock& block : blocks) {
    if (!block.text.starts_with(first_line)) continue;
    double sum = 0;
    for (const ScorePart& part : block.parts) {
      parts += (parts.empty() ? "" : " ") + part.name;
      sum += part.value;
    }
    EXPECT_DOUBLE_EQ(sum, block.score);
  }
  return parts;
}

TEST_F(ContextTest, ImportsSayWhichDefinitionIsMeant) {
  for (int i = 0; i < 20; ++i) {
    put("lib" + std::to_string(i) + "/load.py",
        "def load(path):\n    return " + std::to_string(i) + "\n");
  }
  const std::vector<std::string> lines =
      chosen(query_at("shop/cart.py", "from lib7.load import load\n\nload(^)\n"));
  EXPECT_EQ(lines, std::vector<std::string>{"lib7/load.py:def load(path):"});
  ContextQuery query = query_at("shop/cart.py", "import lib8.load as l\n\nl.load(^)\n");
  const std::vector<ContextBlock> blocks = choose_context(query, index_);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].path, "lib8/load.py");
  EXPECT_EQ(parts_of(blocks, "def load"), "import");
  query.sources.imports = false;
  EXPECT_TRUE(choose_context(query, index_).empty()) << "too many Blocks define the name";
}

TEST_F(ContextTest, CallersAndTestsOfTheFunctionAtTheCursorAreOffered) {
  const std::string cart = "def total(items):\n    return sum(items)\n";
  put("shop/cart.py", cart);
  put("lib/user.py", "def checkout(items):\n    return total(items)\n");
  put("lib/other.py", "def other(items):\n    return items\n");
  put("tests/test_cart.py",
      "def test_empty():\n    assert not total([])\n\n\n"
      "def test_one():\n    assert helper()\n");
  ContextQuery query = query_at("shop/cart.py", "def total(items):\n    return sum(items^)\n");
  const std::vector<ContextBlock> blocks = choose_context(query, index_);
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(parts_of(blocks, "def checkout"), "caller");
  EXPECT_EQ(parts_of(blocks, "def test_empty"), "test");
  EXPECT_EQ(parts_of(blocks, "def test_one"), "test");
  EXPECT_EQ(blocks[2].text.substr(0, 12), "def test_one") << "it only shares the file";
  query.sources.callers = false;
  EXPECT_TRUE(choose_context(query, index_).empty());
}

TEST_F(ContextTest, EditsThatAreSeenAnywayOrHoldSecretsAreNotUsed) {
  const std::string cart = "def total(items):\n    return sum(items)\n";
  put("shop/cart.py", cart);
  put("lib/a.py", "def a():\n    return 1\n");
  ContextQuery query = query_at("shop/cart.py", "def total(items):\n    return sum(items^)\n");
  query.edits = {{.path = "shop/cart.py", .diff = "-    pass\n+    return sum(items)\n"},
                 {.path = "lib/a.py",
                  .diff = "+key = 'AKIA"
                          "Q3EGRIXKQ7CDW2NP'\n"},
                 {.path = "lib/a.py", .diff = "+planted = answer(1)\n"},
                 {.path = "lib/a.py", .diff = "-planted = answer(1)\n"}};
  query.forbidden_lines = {"planted = answer(1)"};
  EXPECT_EQ(chosen(query), std::vector<std::string>{"lib/a.py:def a():"});
  query.edits[0].diff = "-    return 0\n+    return max(items)\n";
  EXPECT_EQ(chosen(query)[0], "shop/cart.py:-    return 0");
}

TEST_F(ContextTest, StaysWithWhatWasChosenUntilAnotherIsClearlyBetter) {
  put("lib/a.py", "def first_name():\n    return 1\n");
  put("lib/b.py", "def second_name():\n    return 2\n");
  const std::string few = "first_name()\nsecond_name()\n";
  ContextQuery query = query_at("x/y.py", few + "first_name(^)\n");
  query.max_blocks = 1;
  const std::vector<ContextBlock> first = choose_context(query, index_);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].path, "lib/a.py");

  ContextQuery next = query_at("x/y.py", few + "first_name()\n\n\nsecond_name(^)\n");
  next.max_blocks = 1;
  EXPECT_EQ(choose_context(next, index_)[0].path, "lib/b.py");
  next.previous = {first[0].hash};
  EXPECT_EQ(choose_context(next, index_)[0].path, "lib/a.py") << "hardly better";

  ContextQuery far = query_at("x/y.py", few + "first_name()\n" + std::string(60, '\n') +
                                            "second_name(second_name(second_name(^)))\n");
  far.max_blocks = 1;
  far.previous = {first[0].hash};
  EXPECT_EQ(choose_context(far, index_)[0].path, "lib/b.py");

  put("lib/a.py", "def first_name():\n    return 3\n");
  EXPECT_EQ(choose_context(next, index_)[0].path, "lib/b.py") << "what was chosen is gone";
}

TEST_F(ContextTest, GivesTextWithLineFeeds) {
  put("lib/win.py", "def windows():\r\n    return 1\r\n");
  const std::vector<ContextBlock> blocks = choose_context(query_at("a.py", "windows(^)"), index_);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].text, "def windows():\n    return 1\n");
}

TEST_F(ContextTest, IsTheSameInAnyOrderOfIndexing) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"a.py", "def same():\n    return 1\n"},
      {"b.py", "def same():\n    return 2\n"},
      {"c.py", "def same():\n    return 3\n"},
      {"d.py", "def same():\n    return 4\n"}};
  for (const auto& [path, bytes] : files) put(path, bytes);
  const std::vector<std::string> lines = chosen(query_at("x.py", "same(^)"));
  ASSERT_EQ(lines.size(), 4u);
  for (const auto& [path, bytes] : files) index_.remove(path);
  for (auto it = files.rbegin(); it != files.rend(); ++it) put(it->first, it->second);
  EXPECT_EQ(chosen(query_at("x.py", "same(^)")), lines);
}

}  // namespace
}  // namespace rondo::workspace
