// RefactorModel: the engine and the index that a refactoring asks for what only a model can write.
//
// Thread: the main thread; fill() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "assist/answer_book.h"
#include "assist/hole_writer.h"
#include "cli/environment.h"
#include "cli/refactor_work.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/indexer.h"

namespace rondo::cli {

// How long answers took in earlier runs, kept for forecasts: `rondo/refactor-speed.json` in the
// user's state. Of one model on one kind of device.
struct HoleSpeed {
  int64_t n_holes = 0;
  double seconds = 0;  // that they took together, several at once
};

// What is known of `model` on the device that `configuration` names; nothing before its first run.
std::optional<HoleSpeed> read_speed(const Environment& environment, const std::string& model);
void write_speed(const Environment& environment, const std::string& model, const HoleSpeed& speed);

class RefactorModel {
 public:
  // Loads the model and reads the workspace; answers are put down in work.edits where there are.
  // Errors: those of the model; InvalidArgument where the recipe needs what it cannot do.
  static Result<std::unique_ptr<RefactorModel>> open(const RefactorArguments& arguments,
                                                     RefactorWork& work,
                                                     const Environment& environment);

  // The same of no recipe: engine and index alone. `flags` are of the engine.
  static Result<std::unique_ptr<RefactorModel>> open_bare(const Flags& flags,
                                                          const std::string& root,
                                                          const Environment& environment);
  engine::Engine& engine() { return *engine_; }
  const workspace::BlockIndex& index() const { return index_; }

  // REQUIRES: it was opened for a recipe.
  std::vector<assist::HoleAnswer> fill(std::span<const assist::RecipeHole> holes);
  // This answer failed a check: it is not given again in that file.
  void reject(const std::string& path, const std::string& answer);
  // These files are other ones now.
  void changed(const std::vector<std::string>& paths);
  // Errors: Unavailable when the ledger could not be written.
  Status status() const { return book_ ? book_->status() : Status(); }
  // Keeps how long it took, for the next forecast.
  void finish() const;

 private:
  RefactorModel(const Environment& environment, std::string folder)
      : environment_(environment), folder_(std::move(folder)) {}
  Status read_workspace(const std::string& root);
  Status check_abilities(const assist::Recipe& recipe) const;

  const Environment& environment_;
  const std::string folder_;  // of the model
  workspace::BlockIndex index_;
  std::unique_ptr<workspace::Indexer> indexer_;
  std::unique_ptr<engine::Engine> engine_;
  std::optional<assist::HoleWriter> writer_;
  std::optional<assist::AnswerBook> book_;

  std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<std::chrono::steady_clock::time_point> began_;
  HoleSpeed speed_;
  std::map<std::string, std::vector<std::string>> rejected_;  // by path
};

}  // namespace rondo::cli
