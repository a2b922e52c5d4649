#include "workspace/imports.h"

#include "tests/workspace/index_fixture.h"
#include "workspace/import_resolver.h"
#include "workspace/import_statements.h"

namespace rondo::workspace {
namespace {

TEST(Imports, AreReadFromEachLanguagesLines) {
  const auto modules = [](std::string_view path, std::string_view text) {
    return imported_modules(path, text);
  };
  using Modules = std::vector<std::string>;
  EXPECT_EQ(modules("a/b.py", "import shop.cart\n"), (Modules{"shop/cart", "shop"}));
  EXPECT_EQ(modules("a/b.py", "from shop.cart import Item, X\n"),
            (Modules{"shop/cart/Item", "shop/cart"}));
  EXPECT_EQ(modules("a/b.py", "from .cart import Item\n"), (Modules{"a/cart/Item", "a/cart"}));
  EXPECT_EQ(modules("a/c/b.py", "from ..cart import Item\n"), (Modules{"a/cart/Item", "a/cart"}));
  EXPECT_EQ(modules("a.cc", "#include \"shop/cart.h\"\n#  include <map>\n# include <x/y.hpp>\n"),
            (Modules{"shop/cart", "x/y"}));
  EXPECT_EQ(modules("src/a.ts",
                    "import { A } from './cart';\nimport '../lib/x.js'\nconst y = "
                    "require('./y');\nexport const z = 'z';\nexport * from './w';\n"),
            (Modules{"src/cart", "lib/x", "src/y", "src/w"}));
  EXPECT_EQ(modules("a.go", "import (\n\t\"fmt\"\n\tx \"example.com/shop/cart\"\n)\n"),
            (Modules{"fmt", "example.com/shop/cart"}));
  EXPECT_EQ(modules("a.rs", "use crate::shop::cart::{Item, Cart};\nmod tax;\n"),
            (Modules{"shop/cart", "tax"}));
  EXPECT_EQ(modules("A.java", "import shop.cart.Item;\n"),
            (Modules{"shop/cart/Item", "shop/cart"}));
}

// "shop/cart: Item=Thing; np", one line an import: names with what they are called here, then what
// the module is called here, or "*".
std::string describe(const std::vector<Import>& imports) {
  std::string lines;
  for (const Import& import : imports) {
    lines += import.module + ":";
    for (const ImportedName& name : import.names) {
      lines += " " + name.name + (name.local == name.name ? "" : "=" + name.local);
    }
    if (!import.bound.empty()) lines += " [" + import.bound + "]";
    lines += import.all ? " *\n" : "\n";
  }
  return lines;
}

struct StatementCase {
  const char* path;
  const char* text;
  const char* imports;
};

TEST(ImportStatements, SayWhichNamesComeFromWhere) {
  const StatementCase cases[] = {
      {"a/b.py", "import numpy as np, shop.tax\n", "numpy: [np]\nshop/tax: [shop.tax]\n"},
      {"a/b.py", "from .cart import Item as Thing, X  # both\n", "a/cart: Item=Thing X\n"},
      {"a/c/b.py", "from ..shop import (\n    Item,\n    Cart,\n)\nx = 1\n", "a/shop: Item Cart\n"},
      {"a/b.py", "from . import cart\nfrom shop import *\n", "a: cart\nshop: *\n"},
      {"src/a.ts", "import Cart, { type Item as Thing } from './cart'\n",
       "src/cart: Item=Thing default=Cart\n"},
      {"src/a.ts", "import * as tax from '../lib/tax.js';\nimport './side'\n", "lib/tax: [tax]\n"},
      {"src/a.ts", "export { Item,\n  Cart } from './cart'\nexport * from './tax'\n",
       "src/cart: Item Cart\nsrc/tax: *\n"},
      {"a.js", "const { a, b: c } = require('./m')\nconst fs = require('fs')\nconst x = {\n",
       "m: a b=c\nfs: [fs]\n"},
      {"a.go", "import \"x.org/shop/v2\"\nimport (\n\t\"fmt\" // for\n\tt \"x.org/tax\"\n)\n",
       "x.org/shop: [shop]\nfmt: [fmt]\nx.org/tax: [t]\n"},
      {"src/a.rs", "use crate::shop::{cart::{Item, self}, tax::rate as r};\npub use super::x::*;\n",
       "shop/cart: Item\nshop/cart: [cart]\nshop/tax: rate=r\nx: *\n"},
      {"src/shop.rs", "pub(crate) mod cart;\nmod tests {\n    use crate::Item;\n",
       "src/shop/cart: [cart]\nlib: Item\n"},
      {"src/a.cc", "#include \"../lib/cart.h\"\n#include <map>\n", "lib/cart: *\nmap: *\n"},
      {"A.java", "import shop.cart.Item;\nimport static shop.Tax.rate;\nimport shop.util.*;\n",
       "shop/cart/Item: Item\nshop/Tax: rate\nshop/util: *\n"},
      {"notes.md", "import this\n", ""},
  };
  for (const StatementCase& a_case : cases) {
    const Language& language = language_of_file(a_case.path, a_case.text);
    EXPECT_EQ(describe(import_statements(a_case.path, language, a_case.text)), a_case.imports)
        << a_case.path << "\n"
        << a_case.text;
  }
}

struct ResolverCase {
  const char* path;
  const char* text;
  const char* qualifier;
  const char* name;
  const char* definition;  // "path name", or empty
};

class ImportResolverTest : public IndexFixture {};

TEST_F(ImportResolverTest, FindsWhatANameMeansInAFile) {
  put("src/shop/__init__.py",
      "from .cart import Cart\nfrom .tax import rate as tax_rate\n\nX = 1\n");
  put("src/shop/cart.py", "class Cart:\n    def add(self):\n        pass\n");
  put("src/shop/tax.py", "def rate(x):\n    return 1\n");
  put("other/tax.py", "def rate(x):\n    return 2\n\n\nclass Cart:\n    size = 1\n");
  put("web/lib/index.ts", "export { total } from './total'\nexport * from './cart'\nlet x = 1\n");
  put("web/lib/total.ts", "export function total() {\n  return 1\n}\n");
  put("web/lib/cart.ts", "export class Cart {\n  size = 1\n}\n");
  put("web/other/cart.test.ts", "export class Cart {\n  size = 3\n}\n");
  put("web/other/cart.ts", "export class Cart {\n  size = 2\n}\n");
  put("go/shop/a.go", "package shop\n\nfunc Total() int {\n\treturn 1\n}\n");
  put("go/tax/a.go", "package tax\n\nfunc Total() int {\n\treturn 2\n}\n");
  put("rs/src/lib.rs", "pub use shop::cart::Cart;\n\nmod shop;\n");
  put("rs/src/shop/mod.rs", "pub mod cart;\n\npub fn total() -> i32 {\n    1\n}\n");
  put("rs/src/shop/cart.rs", "pub struct Cart {\n    size: i32,\n}\n");
  put("rs/src/tax.rs", "pub struct Cart {\n    size: i64,\n}\n");
  put("cc/shop/cart.h", "int total(int x);\nstruct Cart {\n  int size;\n};\n");
  put("cc/shop/cart.cc", "int total(int x) {\n  return x;\n}\n");
  put("cc/tax/tax.h", "struct Cart {\n  long size;\n};\n");

  const ResolverCase cases[] = {
      {"src/a.py", "from shop.cart import Cart as C\n", "", "C", "src/shop/cart.py Cart"},
      {"src/a.py", "from shop import Cart\n", "", "Cart", "src/shop/cart.py Cart"},
      {"src/a.py", "from shop import tax_rate\n", "", "tax_rate", "src/shop/tax.py rate"},
      {"src/a.py", "from shop import tax\n", "tax", "rate", "src/shop/tax.py rate"},
      {"src/a.py", "import shop.tax as t\n", "t", "rate", "src/shop/tax.py rate"},
      {"src/a.py", "from other.tax import *\n", "", "rate", "other/tax.py rate"},
      {"src/a.py", "from shop import Cart\n", "", "rate", ""},
      {"src/a.py", "import numpy as np\n", "np", "rate", ""},
      {"web/a.ts", "import { total } from './lib'\n", "", "total", "web/lib/total.ts total"},
      {"web/a.ts", "import { Cart } from './lib'\n", "", "Cart", "web/lib/cart.ts Cart"},
      {"web/a.ts", "import * as o from './other/cart'\n", "o", "Cart", "web/other/cart.ts Cart"},
      {"web/a.ts", "import Cart from './other/cart'\n", "", "Cart", "web/other/cart.ts Cart"},
      {"go/a.go", "import \"x.org/go/shop\"\n", "shop", "Total", "go/shop/a.go Total"},
      {"go/a.go", "import shop \"x.org/go/tax\"\n", "shop", "Total", "go/tax/a.go Total"},
      {"rs/src/a.rs", "use crate::shop::cart::Cart;\n", "", "Cart", "rs/src/shop/cart.rs Cart"},
      {"rs/src/a.rs", "use crate::Cart;\n", "", "Cart", "rs/src/shop/cart.rs Cart"},
      {"rs/src/a.rs", "use crate::shop;\n", "shop", "total", "rs/src/shop/mod.rs total"},
      {"cc/a.cc", "#include \"shop/cart.h\"\n", "", "Cart", "cc/shop/cart.h Cart"},
      {"cc/a.cc", "#include \"tax/tax.h\"\n", "", "Cart", "cc/tax/tax.h Cart"},
  };
  for (const ResolverCase& a_case : cases) {
    const Language& language = language_of_file(a_case.path, a_case.text);
    const ImportResolver resolver(a_case.path, language, a_case.text, index_);
    const std::vector<BlockRef> refs = resolver.definitions(a_case.qualifier, a_case.name);
    const std::string first = refs.empty() ? "" : refs[0].file->path + " " + refs[0].block().name;
    EXPECT_EQ(first, a_case.definition) << a_case.path << "\n"
                                        << a_case.text << a_case.qualifier << "." << a_case.name;
  }
}

}  // namespace
}  // namespace rondo::workspace
