#include "workspace/near_copies.h"

#include <cstdint>

#include "workspace/lines.h"

namespace rondo::workspace {
namespace {

constexpr int64_t kLeastLines = 3;
constexpr int64_t kLeastShownLines = 8;

bool is_most(int64_t n_shown, int64_t n_lines) { return 4 * n_shown >= 3 * n_lines; }

}  // namespace

NearCopies::NearCopies(std::string_view window) {
  for_each_line(window, [&](std::string_view line) {
    if (says_something(line)) lines_.insert(line);
  });
}

bool NearCopies::has(std::string_view text) const {
  int64_t n_lines = 0;
  int64_t n_shown = 0;
  int64_t first = 0;  // shown: how many lines stand before it
  int64_t last = 0;
  for_each_line(text, [&](std::string_view line) {
    if (!says_something(line)) return;
    if (lines_.contains(line)) {
      if (n_shown++ == 0) first = n_lines;
      last = n_lines;
    }
    ++n_lines;
  });
  if (n_shown == 0) return false;
  const int64_t n_between = last - first + 1;
  return (n_lines >= kLeastLines && is_most(n_shown, n_lines)) ||
         (n_between >= kLeastShownLines && is_most(n_shown, n_between));
}

}  // namespace rondo::workspace
