// Rewriter: what a recipe makes of one file, without touching it.
//
// Matches that lie in one another, or whose edits do, are made one pass after the other, the outer
// one first; passes go on until the recipe finds nothing more, so that a second run changes
// nothing.
//
// Thread: one; each has its own. Owns its parser.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assist/action_scene.h"
#include "assist/compiled_recipe.h"
#include "assist/recipe_hole.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

// A hole that was filled.
struct FilledHole {
  const Rule* rule = nullptr;
  int64_t line = 0;  // of the place when it was asked for
  HoleAnswer answer;
};

struct Rewrite {
  enum class Verdict {
    kUnchanged,  // nothing matched, or all that did was left
    kChanged,
    kLeftOut  // the file stays as it is: `reason`
  };
  Verdict verdict = Verdict::kUnchanged;
  std::string text;                        // kChanged: all bytes of the new file
  std::vector<Change> changes;             // outside of these every byte is as it was
  std::map<std::string, int64_t> matches;  // how many were changed, by rule
  std::vector<std::string> signatures;     // names of functions that are gone or called otherwise
  std::vector<LeftMatch> left;             // places that stay as they are
  std::string reason;                      // a part of a sentence: "does not parse any more"
  std::vector<FilledHole> filled;
  std::vector<std::string> blocks;  // names of those that `changes` and `open` lie in
  bool parted = false;  // each of `changes` may be made without the others, and filled one hole
  std::vector<RecipeHole> open;  // nobody was there to fill them

  int64_t n_matches() const;
};

class Rewriter {
 public:
  // `fill` may be empty.
  explicit Rewriter(std::shared_ptr<const CompiledRecipe> recipe, FillHoles fill = {})
      : recipe_(std::move(recipe)), fill_(std::move(fill)) {}

  // `path` tells the language, and whether the recipe is about this file.
  Rewrite rewrite(std::string_view path, std::string_view bytes);

 private:
  // A file on its way.
  struct Pass;

  Status run_passes(Pass& pass);
  void fill_holes(Pass& pass, std::vector<RuleMatch>& matches);
  Status finish(const workspace::SyntaxTree& before, Pass& pass);
  Result<workspace::SyntaxTree> parse(const workspace::Language& language, std::string_view text);

  std::shared_ptr<const CompiledRecipe> recipe_;
  FillHoles fill_;
  workspace::Parser parser_;
  workspace::QueryCursor cursor_;
  SceneQueries functions_;
  workspace::QueryCursor functions_cursor_;
};

}  // namespace rondo::assist
