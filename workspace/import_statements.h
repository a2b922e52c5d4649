// The imports of a file with the names that they bring, read from its lines alone: enough for the
// statements that people write, without a parse.
//
//   Python   import a.b as c        from .a import b as c, d       from a import *
//   JS, TS   import D, {a as b} from 'm'    import * as n from 'm'    export {a} from 'm'
//            const {a, b: c} = require('m')
//   Go       import c "host/a/b"            in groups too
//   Rust     use crate::a::{b as c, d::*};  mod a;
//   C, C++   #include "a/b.h"
//   Java     import a.b.C;                  import static a.b.C.d;
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workspace/languages.h"

namespace rondo::workspace {

struct ImportedName {
  std::string name;   // as the module has it; "default" for a JavaScript module's
  std::string local;  // as this file calls it

  bool operator==(const ImportedName&) const = default;
};

struct Import {
  // A path without extension, relative to the folder or ending there: "shop/cart" of shop.cart,
  // './cart' in shop/, crate::shop::cart or "shop/cart.h".
  std::string module;
  std::vector<ImportedName> names;  // that are brought one by one
  std::string bound;                // the name that the module goes by here: "np"; may be empty
  bool all = false;                 // every name of the module is brought
  // Python, JS, TS: the module as the statement has it: "..cart", "./cart.js". Else empty.
  std::string written = {};

  bool operator==(const Import&) const = default;
};

// The imports among the first lines of the file at `path`, in the order of the text; none for other
// languages.
std::vector<Import> import_statements(std::string_view path, const Language& language,
                                      std::string_view text);

}  // namespace rondo::workspace
