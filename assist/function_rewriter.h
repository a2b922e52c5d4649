// FunctionRewriter: a code action (action_kinds.h) made at every function of a file that it is
// offered for: `rondo annotate`.
//
// Thread: one; waits for the engine. Ownership: borrows what it is given.
#pragma once

#include <string>
#include <string_view>

#include "assist/action_scene.h"
#include "assist/recipe.h"
#include "assist/rewrite.h"
#include "engine/engine.h"
#include "workspace/block_index.h"

namespace rondo::assist {

// The action as a recipe, for plans and reports: its rule finds nothing by itself.
Recipe annotate_recipe();

struct FunctionRewriterOptions {
  std::string action = "annotateTypes";  // the name of its kind
  std::string folder;                    // of the files, absolute
};

class FunctionRewriter {
 public:
  // `rule` is the recipe's. Without an engine nothing is made: the functions are listed as open.
  FunctionRewriter(engine::Engine* engine, const workspace::BlockIndex& index, const Rule& rule,
                   FunctionRewriterOptions options)
      : engine_(engine), index_(index), rule_(rule), options_(std::move(options)) {}

  Rewrite rewrite(std::string_view path, std::string_view bytes);

 private:
  ActionScene scene_of(std::string_view path, const std::string& text, int64_t offset);
  std::optional<Action> offered(const ActionScene& scene) const;
  Result<size_t> change(const ActionScene& scene, EditedText& edited);

  engine::Engine* engine_;
  const workspace::BlockIndex& index_;
  const Rule& rule_;
  const FunctionRewriterOptions options_;
  SceneQueries queries_;
  workspace::BlockQueries block_queries_;
  workspace::Parser parser_;
};

}  // namespace rondo::assist
