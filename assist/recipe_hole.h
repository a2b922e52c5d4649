// RecipeHole: a place of a file where a recipe wants what only a model can write, and the answer.
//
// Thread: values and pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assist/recipe.h"
#include "assist/regex.h"
#include "workspace/languages.h"
#include "workspace/text.h"

namespace rondo::assist {

// Why an answer does not fit that is what stood there.
inline constexpr std::string_view kAsItIs = "is as the model would have it";

struct RecipeHole {
  std::string path;  // of the file
  const workspace::Language* language = nullptr;
  const Rule* rule = nullptr;
  const RecipeEdit* edit = nullptr;
  // The file as it would be, with every other edit of the match made, and where in it the answer
  // goes: an empty range for a hole, what is to be rewritten for an instruction.
  std::string text;
  workspace::ByteRange range;
  int64_t line = 0;  // of the place in the file as it is, counted from 1
  // Of edit->must; null: any answer is fit. Lives as long as the recipe.
  const Regex* must = nullptr;
  std::vector<std::string> rejected;  // answers that failed a check before
  std::vector<std::string> choices;   // edit->among_similar: the answer is one of them

  // Why an answer does not fit here, a part of a sentence; nothing when it does.
  std::optional<std::string> unfit(std::string_view answer) const;
  // text with `answer` at its place.
  std::string with(std::string_view answer) const;
};

struct HoleAnswer {
  std::string text;
  std::string refusal;      // why there is none, a part of a sentence; empty: there is one
  double mean_logprob = 0;  // a token
  int32_t n_steps = 0;      // that it took
};

// Answers holes, one each, in their order. Called by several threads at once.
using FillHoles = std::function<std::vector<HoleAnswer>(std::span<const RecipeHole>)>;

}  // namespace rondo::assist
