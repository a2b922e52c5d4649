#include "assist/recipe_hole.h"

#include <algorithm>

namespace rondo::assist {

std::optional<std::string> RecipeHole::unfit(std::string_view answer) const {
  if (answer.empty()) return "got no text from the model";
  const auto begin = static_cast<size_t>(range.begin);
  if (range.size() > 0 && text.compare(begin, static_cast<size_t>(range.size()), answer) == 0) {
    return std::string(kAsItIs);
  }
  if (must != nullptr) {
    const auto match = must->find(answer, 0);
    if (!match.ok() || !*match) return "got a text that the recipe does not allow";
  }
  if (std::find(rejected.begin(), rejected.end(), answer) != rejected.end()) {
    return "got a text that had failed a check";
  }
  const bool free =
      choices.empty() || std::find(choices.begin(), choices.end(), answer) != choices.end();
  if (!free) return "got a text that is none of the choices";
  return std::nullopt;
}

std::string RecipeHole::with(std::string_view answer) const {
  std::string whole = text;
  return whole.replace(static_cast<size_t>(range.begin), static_cast<size_t>(range.size()), answer);
}

}  // namespace rondo::assist
