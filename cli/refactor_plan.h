// RefactorPlan: what a run would ask a model, without asking: places, tokens, and how long that
// takes.
//
// Thread: the main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "assist/refactoring.h"
#include "base/status.h"
#include "cli/environment.h"
#include "cli/refactor_work.h"
#include "engine/model_config.h"
#include "engine/tokenizer.h"

namespace rondo::cli {

// What a file of the plan would ask the model.
struct PlannedFile {
  int64_t n_holes = 0;
  int64_t n_read = 0;     // tokens around the holes
  int64_t n_written = 0;  // at most
};

class RefactorPlan {
 public:
  // Errors: those of finding the model, and of its tokenizer, where the recipe needs one.
  static Result<RefactorPlan> open(const RefactorArguments& arguments, const RefactorWork& work,
                                   const Environment& environment);

  // The file as `outcome` would have it; counted.
  PlannedFile add(const assist::FileOutcome& outcome);

  // All so far.
  const PlannedFile& total() const { return total_; }
  // "3 holes: 2,460 tokens around them ..." for people; empty when no model is needed.
  std::string summary() const;
  // What the run would take with the model; nothing when none is needed.
  std::optional<double> seconds() const;

 private:
  struct Model {
    std::string folder;
    engine::ModelConfig config;
    engine::Tokenizer tokenizer;
    std::optional<double> seconds_a_hole;  // in the last run
  };
  explicit RefactorPlan(std::optional<Model> model) : model_(std::move(model)) {}
  int64_t count_around(const assist::RecipeHole& hole) const;

  std::optional<Model> model_;
  PlannedFile total_;
};

}  // namespace rondo::cli
