#include "assist/offer.h"

#include <utility>

namespace rondo::assist {
namespace {

// What was typed at byte `offset` of `before` to make it `now`; nothing when something else
// changed.
std::optional<std::string_view> typed_at(int64_t offset, std::string_view before,
                                         std::string_view now, int64_t offset_now) {
  const int64_t n_typed = offset_now - offset;
  const int64_t grown = static_cast<int64_t>(now.size()) - static_cast<int64_t>(before.size());
  if (n_typed < 0 || grown != n_typed) return std::nullopt;
  if (now.substr(0, offset) != before.substr(0, offset)) return std::nullopt;
  if (now.substr(offset_now) != before.substr(offset)) return std::nullopt;
  return now.substr(offset, n_typed);
}

}  // namespace

std::optional<CompletionOutcome> Offer::rest(std::string_view now, int64_t offset_now) const {
  if (text == nullptr) return std::nullopt;
  const auto typed = typed_at(offset, text->bytes(), now, offset_now);
  if (!typed) return std::nullopt;
  CompletionOutcome left = {.report = outcome.report};
  left.report.typed_through = true;
  for (CompletionCandidate candidate : outcome.candidates) {
    const bool at_cursor = candidate.replace_begin == offset && candidate.replace_end == offset;
    const bool goes_on =
        candidate.text.starts_with(*typed) && candidate.text.size() > typed->size();
    if (!at_cursor || !goes_on) continue;
    candidate.text.erase(0, typed->size());
    candidate.replace_begin = candidate.replace_end = offset_now;
    left.candidates.push_back(std::move(candidate));
  }
  if (left.candidates.empty()) return std::nullopt;
  return left;
}

}  // namespace rondo::assist
