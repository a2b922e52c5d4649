// In which words a name is imported, by what other files do and by what the document does.
#include "assist/add_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/assist/index_file.h"

namespace rondo::assist {
namespace {

class ImportCandidates : public testing::Test {
 protected:
  ImportCandidates() {
    index_file(index_, "shop/__init__.py", "VERSION = 1\n");
    index_file(index_, "shop/cart.py", "class Basket:\n    pass\n");
    index_file(index_, "shop/ui/view.py", "from ..cart import Basket\n\nprint(Basket)\n");
    index_file(index_, "tool.py", "def run():\n    pass\n");
    index_file(index_, "web/a.js",
               "import { Modal } from \"./modal.jsx\";\nimport { t } from \"gettext\";\n");
    index_file(index_, "web/modal.jsx", "export function Modal() {}\n");
  }
  std::vector<std::string> of(const std::string& path, const std::string& text,
                              const std::string& name) {
    auto document = std::make_shared<workspace::Document>();
    document->path = path;
    document->language = &workspace::language_of_file(path, text);
    document->text = std::make_shared<const workspace::Text>(text);
    SceneQueries queries;
    workspace::Parser parser;
    const ActionScene scene = make_scene({.document = document}, {}, index_, queries, parser, {});
    std::vector<std::string> statements;
    for (const ImportCandidate& one : import_candidates(scene, name, 100)) {
      statements.push_back(one.statement);
    }
    return statements;
  }

  workspace::BlockIndex index_;
};

using testing::Contains;
using testing::ElementsAre;

TEST_F(ImportCandidates, SayModulesOfTheirTreeAsTheDocumentAndOthersDo) {
  EXPECT_THAT(of("shop/a.py", "", "Basket"),
              ElementsAre("from .cart import Basket", "from shop.cart import Basket"));
  EXPECT_THAT(of("shop/ui/b.py", "from . import view\n", "Basket"),
              ElementsAre("from ..cart import Basket"));
  EXPECT_THAT(of("a.py", "", "Basket"), ElementsAre("from shop.cart import Basket"));
}

TEST_F(ImportCandidates, FindModulesByTheirName) {
  EXPECT_THAT(of("a.py", "", "cart"), ElementsAre("from shop import cart"));
  EXPECT_THAT(of("a.py", "", "tool"), ElementsAre("import tool"));
}

TEST_F(ImportCandidates, KnowTheStandardLibrary) {
  EXPECT_THAT(of("a.py", "", "binascii"), ElementsAre("import binascii"));
  EXPECT_THAT(of("a.py", "", "TypeVar"), ElementsAre("from typing import TypeVar"));
  EXPECT_THAT(of("a.py", "", "TypeVa"), ElementsAre());
}

TEST_F(ImportCandidates, KeepTheExtensionThatOthersWrite) {
  EXPECT_THAT(of("web/ui/b.js", "", "Modal"), Contains("import { Modal } from '../modal.jsx';"));
  EXPECT_THAT(of("b.js", "import x from \"./x.js\";\n", "Modal"),
              ElementsAre("import { Modal } from \"./web/modal.jsx\";"));
  EXPECT_THAT(of("web/b.js", "", "t"), ElementsAre("import { t } from 'gettext';"));
}

}  // namespace
}  // namespace rondo::assist
