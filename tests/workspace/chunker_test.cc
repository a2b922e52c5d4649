#include "workspace/chunker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/workspace/index_fixture.h"
#include "workspace/symbol_name.h"

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(RONDO_SOURCE_DIR) / "tests/fixtures/workspace/chunker";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// "method 8-15 Cart.add part 1 {NAME OTHER}", lines counted from 1.
std::string describe(const Block& block) {
  std::ostringstream line;
  line << kind_name(block.kind) << ' ' << block.first_line + 1 << '-' << block.last_line + 1;
  if (!block.qualified_name.empty()) line << ' ' << block.qualified_name;
  if (block.part > 0) line << " part " << block.part;
  for (size_t i = 0; i < block.defines.size(); ++i)
    line << (i == 0 ? " {" : " ") << block.defines[i];
  if (!block.defines.empty()) line << '}';
  return line.str() + '\n';
}

std::string describe(const std::vector<Block>& blocks) {
  std::string lines;
  for (const Block& block : blocks) lines += describe(block);
  return lines;
}

class ChunkerTest : public IndexFixture {
 protected:
  std::vector<Block> chunk(std::string_view language_id, std::string bytes) {
    return chunker_.chunk(*language_by_id(language_id), snapshot(std::move(bytes)))->blocks;
  }
};

// Each fixture has its Blocks beside it.
TEST_F(ChunkerTest, CutsTheFixturesAsWritten) {
  int n_fixtures = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".blocks") continue;
    ++n_fixtures;
    const std::string bytes = read(entry.path());
    const Language& language = language_of_file(entry.path().string(), bytes);
    EXPECT_EQ(describe(chunk(language.id, bytes)), read(entry.path().string() + ".blocks"))
        << entry.path();
  }
  EXPECT_EQ(n_fixtures, 14);
}

TEST_F(ChunkerTest, CutsLargeFunctionsWhereStatementsBegin) {
  std::string body;
  for (int i = 0; i < 300; ++i) {
    body += "  if (x == " + std::to_string(i) + ") {\n    call(\n        x);\n  }\n";
  }
  const Text text("int big(int x) {\n" + body + "}\n");
  const std::vector<Block> blocks = chunk("c", text.bytes());
  ASSERT_GE(blocks.size(), 3u);
  for (const Block& block : blocks) {
    EXPECT_EQ(block.qualified_name, "big");
    EXPECT_EQ(block.part, &block - blocks.data());
    EXPECT_LE(block.bytes.size(), 6000);
    if (block.part > 0) {
      EXPECT_TRUE(text.slice(block.bytes).starts_with("  if (x ==")) << text.slice(block.bytes);
    }
  }
  EXPECT_EQ(blocks.front().bytes.begin, 0);
  EXPECT_EQ(blocks.back().bytes.end, text.size());
}

TEST_F(ChunkerTest, CutsLongLinesBetweenCharacters) {
  std::string line;
  while (line.size() < 15'000) line += "中";
  const Text text(line);
  const std::vector<Block> blocks = chunk("text", line);
  ASSERT_EQ(blocks.size(), 8u);
  for (const Block& block : blocks) EXPECT_EQ(block.bytes.size() % 3, 0);
}

TEST_F(ChunkerTest, CutsLogsBetweenEntries) {
  const std::string trace =
      "Traceback (most recent call last):\n  File \"a.py\", line 3\nValueError: x\n";
  for (const std::string stamp :
       {"2026-11-22 06:43:01,123 ", "Nov 22 06:43:01 host x: ", "[   12.345678] ",
        "1763793781.004 ", "I1122 06:43:01 ", "22/Nov/2026:06:43:01 "}) {
    std::string log;
    while (log.size() < 10'000) log += stamp + "request failed\n" + trace;
    const Text text(log);
    const std::vector<Block> blocks = chunk("log", log);
    EXPECT_GE(blocks.size(), 5u);
    for (const Block& block : blocks) {
      EXPECT_TRUE(text.slice(block.bytes).starts_with(stamp)) << text.slice(block.bytes);
      EXPECT_TRUE(text.slice(block.bytes).ends_with("ValueError: x\n"));
    }
  }
}

TEST(SymbolName, IsSplitIntoItsParts) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(split_symbol("add"), Parts{"add"});
  EXPECT_EQ(split_symbol("shop::Cart<std::map<int, T>>::add"), (Parts{"shop", "Cart", "add"}));
  EXPECT_EQ(split_symbol("Cart::operator->"), (Parts{"Cart", "operator->"}));
  EXPECT_EQ(split_symbol("operator()(int x) const"), Parts{"operator()"});
  EXPECT_EQ(split_symbol("operator bool() const"), Parts{"operator bool"});
  EXPECT_EQ(split_symbol("operators"), Parts{"operators"});
  EXPECT_EQ(split_symbol("Cart::~Cart"), (Parts{"Cart", "~Cart"}));
  EXPECT_EQ(split_symbol("Box<dyn Fn() -> i32>"), Parts{"Box"});
  EXPECT_EQ(split_symbol("dyn Shape"), Parts{"Shape"});
  EXPECT_EQ(split_symbol("M:close"), (Parts{"M", "close"}));
  EXPECT_EQ(split_symbol("'content-type'"), Parts{"content-type"});
  EXPECT_EQ(split_symbol("  "), Parts{});
}

TEST_F(ChunkerTest, NamesRunsPartByPart) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes +=
        "CONSTANT_" + std::to_string(i) + " = 'a value of some length, so that runs become long'\n";
  }
  const std::vector<Block> blocks = chunk("python", bytes);
  ASSERT_GT(blocks.size(), 2u);
  size_t n_names = 0;
  for (const Block& block : blocks) {
    n_names += block.defines.size();
    EXPECT_EQ(static_cast<int64_t>(block.defines.size()), block.last_line - block.first_line + 1);
  }
  EXPECT_EQ(n_names, 100u);
}

TEST_F(ChunkerTest, SaysWhyATextHasNoBlocks) {
  const Language& cpp = *language_by_id("cpp");
  const auto skipped = [&](std::string bytes) {
    const Chunked chunked = *chunker_.chunk(cpp, snapshot(std::move(bytes)));
    EXPECT_TRUE(chunked.blocks.empty());
    return chunked.skipped;
  };
  EXPECT_EQ(skipped(std::string("int x;\0int y;", 13)), "is binary");
  EXPECT_EQ(skipped(std::string(30'000, 'x')), "has a line of more than 20000 bytes");
  EXPECT_EQ(skipped(std::string(200'000'000, 'x')), "has 200000000 bytes, more than 4194304");
  EXPECT_EQ(skipped(""), "");
}

TEST_F(ChunkerTest, EndsWhenItsTimeIsOver) {
  std::string bytes;
  for (int i = 0; i < 20'000; ++i) bytes += "int f" + std::to_string(i) + "(void) { return 1; }\n";
  DocumentTree document{.language = language_by_id("c")};
  ASSERT_TRUE(chunker_.update(document, snapshot("int x;\n")).ok());
  const WorkLimits over = {.deadline = std::chrono::steady_clock::now(), .stop = {}};
  EXPECT_EQ(chunker_.update(document, snapshot(bytes), over).status().code(), Code::kUnavailable);
  std::stop_source stop;
  stop.request_stop();
  const WorkLimits stopped = {.deadline = {}, .stop = stop.get_token()};
  EXPECT_EQ(chunker_.update(document, snapshot(bytes), stopped).status().code(), Code::kCancelled);
  EXPECT_EQ(document.tree->text->bytes(), "int x;\n") << "as it was";
  EXPECT_TRUE(chunker_.update(document, snapshot(bytes)).ok());
}

TEST_F(ChunkerTest, KeepsWindowsLineEnds) {
  const std::vector<Block> blocks = chunk(
      "python", "import os\r\nX = 1\r\n\r\n\r\n# doc\r\ndef f():\r\n    pass\r\n\r\n\r\nY = 2\r\n");
  EXPECT_EQ(describe(blocks), "run 1-2 {X}\nfunction 5-7 f\nrun 10-10 {Y}\n");
}

TEST_F(ChunkerTest, BearsDeepNesting) {
  for (const char* language : {"c", "python", "javascript", "rust"}) {
    std::string bytes;
    for (int i = 0; i < 5'000; ++i) bytes += "{ if (x) { [ ( ";
    const TextSnapshot text = snapshot(bytes.substr(0, 19'000));
    EXPECT_TRUE(chunker_.chunk(*language_by_id(language), text).ok());
  }
}

void expect_sound(const Text& text, const std::vector<Block>& blocks) {
  int64_t end = 0;
  for (const Block& block : blocks) {
    ASSERT_GE(block.bytes.begin, end) << describe(block);
    ASSERT_GT(block.bytes.end, block.bytes.begin);
    ASSERT_LE(block.bytes.end, text.size());
    ASSERT_LE(block.bytes.size(), ChunkOptions().max_block_bytes) << describe(block);
    ASSERT_EQ(block.first_line, text.line_at(block.bytes.begin));
    ASSERT_EQ(block.last_line, text.line_at(block.bytes.end - 1));
    ASSERT_EQ(block.hash, hash_text(text.slice(block.bytes)));
    end = block.bytes.end;
  }
}

std::string random_edit(const std::string& bytes, std::mt19937& random) {
  static const std::vector<std::string> kInserts = {
      "x", "\n", "{",    "}", "(", "\"", "/*", "*/", "# ", "def f():\n  pass\n", "int f() {\n}\n",
      "é", "  ", "\r\n", "\0"};
  std::string edited = bytes;
  const size_t at = random() % (bytes.size() + 1);
  if (random() % 3 == 0) edited.erase(at, random() % 20);
  if (random() % 3 != 0) edited.insert(at, kInserts[random() % kInserts.size()]);
  return edited;
}

// A letter typed into a word changes no structure for long: the kept tree gives the Blocks of a
// full parse. (After edits that break the syntax tree-sitter itself may recover in another way.)
TEST_F(ChunkerTest, TypedLettersGiveTheBlocksOfAFullParse) {
  std::mt19937 random(9);
  for (const fs::directory_entry& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".blocks") continue;
    std::string bytes = read(entry.path());
    const Language& language = language_of_file(entry.path().string(), bytes);
    DocumentTree document{.language = &language, .tree = {}};
    ASSERT_TRUE(chunker_.update(document, snapshot(bytes)).ok());
    for (int typed = 0; typed < 40; ++typed) {
      size_t at = random() % bytes.size();
      while (at == 0 || !std::isalpha(static_cast<unsigned char>(bytes[at - 1]))) {
        at = random() % bytes.size();
      }
      bytes.insert(at, 1, static_cast<char>('a' + random() % 26));
      ASSERT_EQ(chunker_.update(document, snapshot(bytes))->blocks, chunk(language.id, bytes))
          << entry.path() << " at " << at;
    }
  }
}

// Every state of a document, reached edit by edit, has sound Blocks; when the edits are taken back
// one by one the Blocks are those of the beginning.
TEST_F(ChunkerTest, FollowsEditsAndTheirUndoing) {
  std::mt19937 random(4);
  for (const fs::directory_entry& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".blocks") continue;
    const std::string original = read(entry.path());
    const Language& language = language_of_file(entry.path().string(), original);
    DocumentTree document{.language = &language};
    const std::string expected = describe(chunker_.update(document, snapshot(original))->blocks);
    for (int round = 0; round < 20; ++round) {
      std::vector<std::string> states = {original};
      for (int edit = 0; edit < 5; ++edit) states.push_back(random_edit(states.back(), random));
      std::vector<std::string> undone(states.rbegin() + 1, states.rend());
      states.insert(states.end(), undone.begin(), undone.end());
      for (const std::string& state : states) {
        const TextSnapshot text = snapshot(state);
        const Chunked chunked = *chunker_.update(document, text);
        expect_sound(*text, chunked.blocks);
        if (HasFatalFailure()) return;
      }
      ASSERT_EQ(describe(chunker_.update(document, snapshot(original))->blocks), expected)
          << entry.path();
    }
  }
}

}  // namespace
}  // namespace rondo::workspace
