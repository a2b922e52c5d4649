#include "assist/answer_book.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace rondo::assist {
namespace {

constexpr size_t kAtOnce = 16;  // what a kill can cost

// The same question has the same key.
std::string key_of(const RecipeHole& hole) {
  std::string text = hole.path + "\n" + hole.rule->name + "\n" + std::to_string(hole.range.begin) +
                     "\n" + std::to_string(hole.range.end) + "\n";
  for (const std::string& choice : hole.choices) text += choice + "\n";
  for (const std::string& answer : hole.rejected) text += "not " + answer + "\n";
  return hash_text(text + hole.text).to_string();
}

}  // namespace

std::vector<HoleAnswer> AnswerBook::fill(std::span<const RecipeHole> holes) {
  std::vector<HoleAnswer> answers(holes.size());
  std::vector<RecipeHole> open;
  std::vector<size_t> places;  // of those in `answers`
  for (size_t i = 0; i < holes.size(); ++i) {
    if (const auto known = known_.find(key_of(holes[i])); known != known_.end()) {
      answers[i] = known->second;
    } else {
      open.push_back(holes[i]);
      places.push_back(i);
    }
  }
  for (size_t begin = 0; begin < open.size(); begin += kAtOnce) {
    const size_t n = std::min(kAtOnce, open.size() - begin);
    std::vector<HoleAnswer> asked = ask_(std::span(open).subspan(begin, n));
    for (size_t i = 0; i < n; ++i) {
      note(key_of(open[begin + i]), asked[i]);
      answers[places[begin + i]] = std::move(asked[i]);
    }
  }
  return answers;
}

void AnswerBook::note(const std::string& key, const HoleAnswer& answer) {
  const std::lock_guard lock(mutex_);
  if (status_.ok()) status_ = edits_.note_answer(key, answer);
}

Status AnswerBook::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace rondo::assist
