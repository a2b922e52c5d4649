// Which files are tests, and of what, by their paths: the conventions of Python, JavaScript,
// TypeScript, Go, Rust, C, C++ and Java.
//
// Thread: pure functions; the index locks itself.
#pragma once

#include <string_view>
#include <vector>

#include "workspace/block_index.h"

namespace rondo::workspace {

// test_cart.py, cart_test.go, cart.spec.ts, CartTest.java, and everything in a folder test, tests,
// __tests__, spec or testing.
bool is_test_path(std::string_view path);

// The tests of the file at `path` or, when it is a test, what it tests, by name; of its family, in
// the order of their paths, those that share the most folders with it first; at most 4.
std::vector<FileBlocksSnapshot> test_files_of(std::string_view path, const Language& language,
                                              const BlockIndex& index);

}  // namespace rondo::workspace
