#include "workspace/test_files.h"

#include "tests/workspace/index_fixture.h"

namespace rondo::workspace {
namespace {

class TestFilesTest : public IndexFixture {
 protected:
  std::string found(const std::string& path) {
    std::string paths;
    for (const FileBlocksSnapshot& file : test_files_of(path, language_of_file(path, ""), index_)) {
      paths += file->path + " ";
    }
    return paths;
  }
};

TEST_F(TestFilesTest, AreKnownByTheirPaths) {
  for (const char* path : {"test_cart.py", "a/cart_test.go", "cart.spec.ts", "cart.test.js",
                           "CartTest.java", "tests/cart.rs", "a/__tests__/b/cart.js"}) {
    EXPECT_TRUE(is_test_path(path)) << path;
  }
  for (const char* path : {"cart.py", "contest.go", "latest/cart.ts", "attest.py", "test"}) {
    EXPECT_FALSE(is_test_path(path)) << path;
  }
}

TEST_F(TestFilesTest, AreFoundForAFileAndTheOtherWayRound) {
  put("shop/cart.py", "X = 1\n");
  put("tests/shop/test_cart.py", "X = 1\n");
  put("shop/tests/test_cart.py", "X = 1\n");
  put("tests/test_tax.py", "X = 1\n");
  put("go/cart.go", "package a\n\nvar x = 1\n");
  put("go/cart_test.go", "package a\n\nvar y = 1\n");
  put("web/cart.ts", "let x = 1\n");
  put("web/cart.test.ts", "let y = 1\n");
  put("src/cart.rs", "const X: i32 = 1;\n");
  put("tests/cart.rs", "const Y: i32 = 1;\n");
  EXPECT_EQ(found("shop/cart.py"), "shop/tests/test_cart.py tests/shop/test_cart.py ");
  EXPECT_EQ(found("tests/shop/test_cart.py"), "shop/cart.py ");
  EXPECT_EQ(found("go/cart.go"), "go/cart_test.go ");
  EXPECT_EQ(found("go/cart_test.go"), "go/cart.go ");
  EXPECT_EQ(found("web/cart.ts"), "web/cart.test.ts ");
  EXPECT_EQ(found("web/cart.test.ts"), "web/cart.ts ");
  EXPECT_EQ(found("src/cart.rs"), "tests/cart.rs ");
  EXPECT_EQ(found("other.py"), "");
}

}  // namespace
}  // namespace rondo::workspace
