// What a file imports, told from its lines alone.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "workspace/block_index.h"

namespace rondo::workspace {

// The modules that the first lines of a file name in imports and includes, as paths without
// extension: "shop/cart" of  #include "shop/cart.h"  or  use crate::shop::cart::{A, B};  both
// "shop/cart/Item" and "shop/cart" of  from shop.cart import Item  or  import shop.cart.Item.
// Relative ones ('../cart', from .cart) are resolved from `path`, the file's own.
std::vector<std::string> imported_modules(std::string_view path, std::string_view text);

// The file that imports.
struct Importer {
  std::string_view path;
  const Language& language;
};

// The indexed files of the importer's family that a module may mean: those at its path, seen from
// the importer's folder or from one above it, or else in the folder there; or else those that end
// with its path. At most 32, in the order of their paths, but first what speaks for a folder:
// __init__, index, mod, lib.
std::vector<FileBlocksSnapshot> files_of_module(const Importer& importer, std::string_view module,
                                                const BlockIndex& index);

}  // namespace rondo::workspace
