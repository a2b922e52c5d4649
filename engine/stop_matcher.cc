#include "engine/stop_matcher.h"

#include <algorithm>
#include <cstdint>

namespace rondo::engine {
namespace {

// How many bytes at the end of `text` begin a UTF-8 character that is not complete.
size_t incomplete_tail(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<uint8_t>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

bool StopMatcher::append(std::string_view bytes) {
  const size_t before = text_.size();
  text_ += bytes;
  size_t stop = std::string::npos;
  for (const std::string& string : strings_) {
    if (string.empty()) continue;
    const size_t from = before > string.size() ? before - string.size() : 0;
    stop = std::min(stop, text_.find(string, from));
  }
  if (stop == std::string::npos) return false;
  text_.resize(stop);
  return true;
}

std::string_view StopMatcher::take(bool finished) {
  const size_t end = finished ? text_.size() : std::max(n_safe(), n_taken_);
  const std::string_view piece =
      std::string_view(text_).substr(std::min(n_taken_, end), end - std::min(n_taken_, end));
  n_taken_ = end;
  return piece;
}

size_t StopMatcher::n_safe() const {
  size_t held = incomplete_tail(text_);
  for (const std::string& string : strings_) {
    for (size_t n = std::min(string.size(), text_.size()); n > held; --n) {
      if (std::string_view(text_).ends_with(std::string_view(string).substr(0, n))) held = n;
    }
  }
  return text_.size() - held;
}

}  // namespace rondo::engine
