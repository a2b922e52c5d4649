// AnswerBook: answers of a model that are put down in a run's ledger, so that who resumes the run
// asks only for what was not answered yet.
//
// Thread: fill() from any; a lock guards the transaction meanwhile, which nobody else may use then.
// Ownership: borrows the transaction.
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "assist/edit_transaction.h"
#include "assist/recipe_hole.h"

namespace rondo::assist {

class AnswerBook {
 public:
  // `known` is what the run has answers for already.
  AnswerBook(EditTransaction& edits, std::map<std::string, HoleAnswer> known, FillHoles ask)
      : edits_(edits), known_(std::move(known)), ask_(std::move(ask)) {}

  std::vector<HoleAnswer> fill(std::span<const RecipeHole> holes);

  // Errors: Unavailable when an answer could not be put down.
  Status status() const;

 private:
  void note(const std::string& key, const HoleAnswer& answer);

  EditTransaction& edits_;
  const std::map<std::string, HoleAnswer> known_;
  const FillHoles ask_;
  mutable std::mutex mutex_;
  Status status_;  // guarded by mutex_, as is what edits_ writes
};

}  // namespace rondo::assist
