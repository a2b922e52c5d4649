// Refactoring: a recipe over many files: what would become of each, several at a time.
//
// Thread: one; it starts its own for the time of a call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "assist/compiled_recipe.h"
#include "assist/rewrite.h"

namespace rondo::assist {

struct FileOutcome {
  std::string path;    // relative to the root
  std::string before;  // what the file holds; empty when it was not read
  Rewrite rewrite;
};

class Refactoring {
 public:
  // Of files below `root`; in `n_threads` at once.
  Refactoring(std::shared_ptr<const CompiledRecipe> recipe, std::string root, int n_threads);

  // In the order of `paths`. Nothing is written. What cannot be read is left out, with the reason.
  std::vector<FileOutcome> rewrite(std::span<const std::string> paths);

 private:
  FileOutcome rewrite_file(Rewriter& rewriter, const std::string& path) const;

  std::shared_ptr<const CompiledRecipe> recipe_;
  std::string root_;
  std::vector<std::unique_ptr<Rewriter>> rewriters_;  // one a thread
};

}  // namespace rondo::assist
