#include "workspace/block_index.h"

#include <random>
#include <set>
#include <thread>

#include "tests/workspace/index_fixture.h"

namespace rondo::workspace {
namespace {

class BlockIndexTest : public IndexFixture {};

std::multiset<std::string> paths(const std::vector<BlockRef>& refs) {
  std::multiset<std::string> paths;
  for (const BlockRef& ref : refs) paths.insert(ref.file->path);
  return paths;
}

TEST_F(BlockIndexTest, FindsDefinitionsByName) {
  put("a.py", "def one():\n    pass\n\n\nclass Two:\n    def three(self):\n        pass\n");
  put("b.py", "def one():\n    return 1\n\n\nLIMIT = 1\n");
  EXPECT_EQ(paths(index_.defining("one")), (std::multiset<std::string>{"a.py", "b.py"}));
  EXPECT_EQ(index_.count_defining("one"), 2);
  ASSERT_EQ(index_.defining("three").size(), 1u);
  EXPECT_EQ(index_.defining("three")[0].block().qualified_name, "Two.three");
  EXPECT_EQ(index_.defining("LIMIT")[0].block().kind, BlockKind::kRun);
  EXPECT_TRUE(index_.defining("four").empty());
}

TEST_F(BlockIndexTest, ReplacesTheBlocksOfAFile) {
  put("a.py", "def one():\n    pass\n");
  const FileBlocksSnapshot before = index_.file("a.py");
  put("a.py", "def two():\n    pass\n");
  EXPECT_TRUE(index_.defining("one").empty());
  EXPECT_EQ(index_.count_defining("two"), 1);
  EXPECT_EQ(before->blocks[0].name, "one") << "a reader keeps what it has";
  index_.remove("a.py");
  index_.remove("unknown");
  EXPECT_EQ(index_.file("a.py"), nullptr);
  EXPECT_TRUE(index_.files_named("a").empty());
  EXPECT_EQ(index_.stats().n_blocks, 0);
  EXPECT_EQ(index_.stats().n_names, 0);
  EXPECT_EQ(index_.stats().text_bytes, 0);
}

TEST_F(BlockIndexTest, FindsCopiesByContent) {
  put("a.py", "def one():\n    pass\n");
  put("copy/a.py", "# a copy\nLIMIT = 3\n\n\ndef one():\n    pass\n");
  const Hash128 hash = index_.file("a.py")->blocks[0].hash;
  EXPECT_EQ(paths(index_.with_hash(hash)), (std::multiset<std::string>{"a.py", "copy/a.py"}));
}

TEST_F(BlockIndexTest, ListsFilesByFolderAndStem) {
  for (const char* path :
       {"a.py", "shop/b.py", "shop/cart.py", "shop/deep/c.py", "shop0/d.py", "shop-x/e.py"}) {
    put(path, "X = 1\n");
  }
  const auto listed = [&](std::string_view folder, int64_t limit) {
    std::string all;
    for (const FileBlocksSnapshot& file : index_.files_in(folder, limit)) all += file->path + ' ';
    return all;
  };
  EXPECT_EQ(listed("shop", 9), "shop/b.py shop/cart.py ");
  EXPECT_EQ(listed("shop", 1), "shop/b.py ");
  EXPECT_EQ(listed("", 9), "a.py ");
  EXPECT_EQ(listed("none", 9), "");
  ASSERT_EQ(index_.files_named("cart").size(), 1u);
  EXPECT_EQ(index_.files_named("cart")[0]->path, "shop/cart.py");
}

TEST_F(BlockIndexTest, KeepsNoMoreTextThanItMay) {
  BlockIndex index(30);
  index.replace(cut("a.py", "def one():\n    pass\n"));
  index.replace(cut("b.py", "def two():\n    pass\n"));
  EXPECT_NE(index.file("a.py")->text, nullptr);
  EXPECT_EQ(index.file("b.py")->text, nullptr);
  EXPECT_EQ(index.count_defining("two"), 1);
  EXPECT_EQ(index.stats().n_without_text, 1);
  index.remove("a.py");
  index.replace(cut("b.py", "def two():\n    pass\n"));
  EXPECT_NE(index.file("b.py")->text, nullptr);
}

// The tables after any order of updates are those of an index built once.
TEST_F(BlockIndexTest, EqualsAnIndexBuiltAnew) {
  std::mt19937 random(6);
  std::map<std::string, std::string> files;
  for (int step = 0; step < 400; ++step) {
    const std::string path = "f" + std::to_string(random() % 8) + ".py";
    if (random() % 4 == 0) {
      files.erase(path);
      index_.remove(path);
      continue;
    }
    std::string bytes;
    for (uint32_t n = random() % 4; n > 0; --n) {
      bytes += "def name" + std::to_string(random() % 6) + "():\n    pass\n\n\n";
    }
    files[path] = bytes;
    put(path, bytes);
  }
  BlockIndex fresh;
  for (const auto& [path, bytes] : files) fresh.replace(cut(path, bytes));
  EXPECT_EQ(index_.stats().n_blocks, fresh.stats().n_blocks);
  EXPECT_EQ(index_.stats().n_names, fresh.stats().n_names);
  EXPECT_EQ(index_.stats().text_bytes, fresh.stats().text_bytes);
  for (int i = 0; i < 6; ++i) {
    const std::string name = "name" + std::to_string(i);
    EXPECT_EQ(paths(index_.defining(name)), paths(fresh.defining(name)));
  }
}

TEST_F(BlockIndexTest, IsReadWhileItChanges) {
  const FileBlocks odd = cut("a.py", "def one():\n    pass\n");
  const FileBlocks even = cut("a.py", "def one():\n    return 2\n");
  index_.replace(odd);
  std::jthread writer([&](std::stop_token stop) {
    for (int i = 0; !stop.stop_requested(); ++i) index_.replace(i % 2 == 0 ? even : odd);
  });
  for (int i = 0; i < 2'000; ++i) {
    const std::vector<BlockRef> refs = index_.defining("one");
    ASSERT_EQ(refs.size(), 1u);
    ASSERT_EQ(refs[0].block().hash, hash_text(refs[0].file->text_of(refs[0].block())));
  }
}

}  // namespace
}  // namespace rondo::workspace
