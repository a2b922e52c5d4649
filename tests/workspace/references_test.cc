#include "workspace/references.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/workspace/index_fixture.h"

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(RONDO_SOURCE_DIR) / "tests/fixtures/workspace/references";

std::string read(const fs::path& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

// "7 call tax_rate", lines counted from 1.
std::string describe(const std::vector<Reference>& references, const Text& text) {
  std::string lines;
  for (const Reference& reference : references) {
    lines += std::to_string(text.line_at(reference.offset) + 1) +
             (reference.kind == ReferenceKind::kCall ? " call " : " type ") + reference.name + '\n';
  }
  return lines;
}

class ReferencesTest : public IndexFixture {
 protected:
  bool references(const Block& block, std::string_view name) {
    return std::binary_search(block.references.begin(), block.references.end(), name_hash(name));
  }
};

// Each fixture has its references beside it.
TEST_F(ReferencesTest, FindsThoseOfTheFixtures) {
  int n_fixtures = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFixtures)) {
    if (entry.path().extension() == ".references") continue;
    ++n_fixtures;
    const TextSnapshot text = snapshot(read(entry.path()));
    const Language& language = language_of_file(entry.path().string(), text->bytes());
    const Result<SyntaxTree> tree = Parser().parse(language, text, nullptr, {});
    ASSERT_TRUE(tree.ok());
    const auto found = queries_.references_of(language).in(*tree, {.begin = 0, .end = text->size()},
                                                           QueryCursor());
    EXPECT_EQ(describe(found, *text), read(entry.path().string() + ".references")) << entry.path();
  }
  EXPECT_EQ(n_fixtures, 11);
}

TEST_F(ReferencesTest, BelongToTheirBlocksAndAreNotTheirOwnNames) {
  const FileBlocks file = cut("a.py",
                              "def first(x):\n    second(x)\n    first(x)\n\n\n"
                              "def second(x):\n    third(x)\n");
  ASSERT_EQ(file.blocks.size(), 2u);
  EXPECT_TRUE(references(file.blocks[0], "second"));
  EXPECT_FALSE(references(file.blocks[0], "first"));
  EXPECT_FALSE(references(file.blocks[0], "third"));
  EXPECT_TRUE(references(file.blocks[1], "third"));
}

// Nothing is looked at again but what changed, and the result is that of looking at everything.
TEST_F(ReferencesTest, OfAnEditedTextAreThoseOfANewOne) {
  const Language& language = *language_by_id("python");
  std::string bytes;
  for (int i = 0; i < 20; ++i) {
    bytes +=
        "def f" + std::to_string(i) + "00(x):\n    return call_" + std::to_string(i) + "(x)\n\n\n";
  }
  DocumentTree document{.language = &language};
  ASSERT_TRUE(chunker_.update(document, snapshot(bytes)).ok());
  for (const auto& [at, inserted] : std::vector<std::pair<size_t, std::string>>{
           {bytes.find("call_7"), "other_"},
           {bytes.find("def f1200"), "def new():\n    call_99()\n\n\n"},
           {bytes.find("call_15("), "("},
           {0, "\"\"\""}}) {
    bytes.insert(at, inserted);
    const Result<Chunked> edited = chunker_.update(document, snapshot(bytes));
    const Result<Chunked> anew = chunker_.chunk(language, snapshot(bytes));
    ASSERT_TRUE(edited.ok() && anew.ok());
    EXPECT_EQ(edited->blocks, anew->blocks) << inserted;
  }
}

TEST_F(ReferencesTest, AreFoundByName) {
  put("lib/b.py", "def user():\n    helper_of(1)\n\n\ndef other():\n    nothing(1)\n");
  put("lib/a.py", "def test_it():\n    helper_of(2)\n");
  std::vector<BlockRef> refs = index_.referencing("helper_of", 8);
  ASSERT_EQ(refs.size(), 2u);
  EXPECT_EQ(refs[0].block().name, "test_it");
  EXPECT_EQ(refs[1].block().name, "user");
  EXPECT_TRUE(index_.referencing("helper_of", 1).empty()) << "too many say nothing";
  put("lib/a.py", "def test_it():\n    nothing(2)\n");
  refs = index_.referencing("helper_of", 8);
  ASSERT_EQ(refs.size(), 1u);
  EXPECT_EQ(refs[0].block().name, "user");
  EXPECT_EQ(index_.referencing("nothing", 8).size(), 2u);
  index_.remove("lib/b.py");
  EXPECT_TRUE(index_.referencing("helper_of", 8).empty());
}

}  // namespace
}  // namespace rondo::workspace
