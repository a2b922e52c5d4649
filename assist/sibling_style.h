// SiblingStyle: how the files of a folder are written, for a new one among them: what their own
// lines say most often. Read from the index, so nothing that is excluded is looked at.
//
// Thread: pure functions; the index locks itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assist/module_sentence.h"
#include "workspace/block_index.h"
#include "workspace/languages.h"

namespace rondo::assist {

struct SiblingStyle {
  std::vector<std::string> siblings;  // paths of the files that were looked at, in their order
  NameStyle file_names = NameStyle::kSnake;
  std::string extension;             // with its dot: the siblings', else the language's first
  std::string header;                // comment lines that all begin with, with line ends; or empty
  std::vector<std::string> imports;  // lines that more than half of them have
  std::string indent = "    ";
  std::string line_end = "\n";
  bool documents = false;         // most functions say what they do
  bool semicolons = true;         // JavaScript, TypeScript
  bool requires_modules = false;  // JavaScript: by require() and module.exports
  std::string package;            // Go: "package shop"

  // Tests of the siblings. `test_folder` is relative to the workspace folder, without '/' at its
  // end; nothing is known without an example.
  std::string test_example;               // a path, or empty
  std::string test_folder;                // where it lies
  std::string test_prefix, test_suffix;   // of its name: "test_", "" of test_cart.py
  std::vector<std::string> test_imports;  // its first lines that import something from elsewhere
  std::string module_prefix;  // before the module in an import of a test: "shop.", also without one
};

// `folder` is relative to the workspace folder, "" is that itself.
SiblingStyle read_sibling_style(const workspace::BlockIndex& index, std::string_view folder,
                                const workspace::Language& language);

}  // namespace rondo::assist
