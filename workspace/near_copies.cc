#include "workspace/near_copies.h"

#include <cstdint>

#include "workspace/lines.h"

namespace rondo::workspace {
namespace {

constexpr int64_t kLeastLines = 3;
constexpr int64_t kLeastShownLines = 8;

bool is_most(int64_t n_shown, int64_t n_lines) { return 4 * n_shown >= 3 * n_lines; }

}  // namespace

// The line of the cursor is on its way: it does not count.
NearCopies::NearCopies(std::string_view before, std::string_view behind) {
  const size_t line_end = behind.find('\n');
  behind.remove_prefix(line_end == behind.npos ? behind.size() : line_end);
  for_each_line(before.substr(0, before.rfind('\n') + 1), [&](std::string_view line) {
    if (!says_something(line)) return;
    lines_.insert(line);
    last_before_ = line;
  });
  for_each_line(behind, [&](std::string_view line) {
    if (says_something(line)) lines_.insert(line);
  });
}

bool NearCopies::has(std::string_view text) const {
  int64_t n_lines = 0;
  int64_t n_shown = 0;
  int64_t first = 0;  // shown: how many lines stand before it
  int64_t last = 0;
  bool at_cursor = false;  // the line before is the one before the cursor's
  bool fills_in = false;
  for_each_line(text, [&](std::string_view line) {
    if (!says_something(line)) return;
    const bool shown = lines_.contains(line);
    fills_in |= at_cursor && !shown;
    at_cursor = line == last_before_;
    if (shown) {
      if (n_shown++ == 0) first = n_lines;
      last = n_lines;
    }
    ++n_lines;
  });
  if (n_shown == 0 || fills_in) return false;
  const int64_t n_between = last - first + 1;
  return (n_lines >= kLeastLines && is_most(n_shown, n_lines)) ||
         (n_between >= kLeastShownLines && is_most(n_shown, n_between));
}

}  // namespace rondo::workspace
