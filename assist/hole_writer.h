// HoleWriter: answers the holes of recipes by the loop of steps, and instructions by a model that
// follows them, several at once, so that the engine has a batch.
//
// Thread: any; fill() blocks its caller. Ownership: borrows engine and index.
#pragma once

#include <atomic>
#include <cstdint>
#include <semaphore>
#include <span>
#include <string>
#include <vector>

#include "assist/chat.h"
#include "assist/drafter.h"
#include "assist/recipe_hole.h"
#include "engine/engine.h"
#include "workspace/block_index.h"

namespace rondo::assist {

struct HoleWriterOptions {
  int32_t depth = 3;         // of the loop of steps
  int32_t n_candidates = 1;  // drafts of its first step
  int32_t n_at_once = 8;     // holes
  // Answers that the model is less sure of are none: of docstrings and names that were kept by
  // hand, hardly any is below it.
  float min_mean_logprob = -2.5f;
  std::string folder;             // of the files, absolute
  std::vector<Example> examples;  // of the recipe
};

class HoleWriter {
 public:
  // REQUIRES: engine.config().fim for holes, engine.config().chat.format for instructions.
  HoleWriter(engine::Engine& engine, const workspace::BlockIndex& index, HoleWriterOptions options);

  // One answer a hole; what goes wrong is its refusal.
  std::vector<HoleAnswer> fill(std::span<const RecipeHole> holes);

 private:
  HoleAnswer write(const RecipeHole& hole);
  Result<HoleAnswer> written(const RecipeHole& hole);
  Result<HoleAnswer> chosen(const RecipeHole& hole);
  Result<HoleAnswer> instructed(const RecipeHole& hole);
  std::vector<ChatContext> context_of(const RecipeHole& hole) const;
  std::string next_client() { return "refactor " + std::to_string(n_asked_++); }

  engine::Engine& engine_;
  const workspace::BlockIndex& index_;
  const HoleWriterOptions options_;
  std::counting_semaphore<> free_;  // of n_at_once
  std::atomic<int64_t> n_asked_ = 0;
};

}  // namespace rondo::assist
