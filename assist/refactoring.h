// Refactoring: a recipe over many files: what would become of each, several at a time.
//
// Thread: one; it starts its own for the time of a call.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assist/compiled_recipe.h"
#include "assist/rewrite.h"

namespace rondo::assist {

struct FileOutcome {
  std::string path;    // relative to the root
  std::string before;  // what the file holds; empty when nothing was found in it
  Rewrite rewrite;
};

// What becomes of the file at `path` that holds `bytes`.
using RewriteFile = std::function<Rewrite(std::string_view path, std::string_view bytes)>;

class Refactoring {
 public:
  // Of files below `root`; in `n_threads` at once. `fill` answers the holes of the recipe; it may
  // be empty.
  Refactoring(std::shared_ptr<const CompiledRecipe> recipe, std::string root, int n_threads,
              FillHoles fill = {});
  // By something else than the recipe, which only says what files it is about; one for each thread.
  Refactoring(std::shared_ptr<const CompiledRecipe> recipe, std::string root,
              std::vector<RewriteFile> rewriters, bool asks_model);

  // In the order of `paths`. Nothing is written. What cannot be read is left out, with the reason.
  // `on_file`, which may be empty, hears how many are done after each, from one thread at a time.
  std::vector<FileOutcome> rewrite(std::span<const std::string> paths,
                                   const std::function<void(int64_t n_done)>& on_file = {});

 private:
  FileOutcome rewrite_file(const RewriteFile& rewriter, const std::string& path) const;

  std::shared_ptr<const CompiledRecipe> recipe_;
  std::string root_;
  bool asks_model_ = false;
  std::vector<RewriteFile> rewriters_;  // one a thread
};

}  // namespace rondo::assist
