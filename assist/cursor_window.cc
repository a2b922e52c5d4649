#include "assist/cursor_window.h"

#include <algorithm>

namespace rondo::assist {
namespace {

constexpr std::string_view kClosers = ")]}>\"'`;,";

// The start of the first line that begins at or after `offset`; where none does before `limit`, as
// in a line that is longer than a window, that of the first character.
int64_t line_start_from(std::string_view text, int64_t offset, int64_t limit) {
  if (offset <= 0) return 0;
  const size_t newline = text.substr(0, limit).find('\n', offset - 1);
  if (newline != std::string_view::npos && static_cast<int64_t>(newline) + 1 < limit)
    return static_cast<int64_t>(newline) + 1;
  while (offset < limit && (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80) ++offset;
  return std::min(offset, limit);
}

// The end of the last whole line that ends at or before `offset`; `offset` itself when not one line
// fits.
int64_t line_end_until(std::string_view text, int64_t from, int64_t offset) {
  if (offset >= static_cast<int64_t>(text.size())) return static_cast<int64_t>(text.size());
  const size_t newline = text.rfind('\n', offset);
  const bool fits = newline != std::string_view::npos && static_cast<int64_t>(newline) > from;
  return fits ? static_cast<int64_t>(newline) : offset;
}

std::string_view without_closers(std::string_view text) {
  const size_t first = text.find_first_not_of(kClosers);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

// The rest of the first line, and what follows it.
std::pair<std::string_view, std::string_view> split_line(std::string_view text) {
  const size_t newline = text.find('\n');
  if (newline == std::string_view::npos) return {text, {}};
  return {text.substr(0, newline), text.substr(newline)};
}

}  // namespace

bool CursorWindow::place(std::string_view text, int64_t offset, double share) {
  const auto part = [&](int64_t bytes) { return static_cast<int64_t>(share_ * bytes); };
  const bool same_begin = keep_begin(text, offset);
  if (!same_begin) {
    share_ = share;
    begin_ = line_start_from(text, offset - part(limits_.prefix_bytes - limits_.prefix_step_bytes),
                             offset);
  }
  const bool same_suffix = same_begin && keep_suffix(text, offset);
  end_ = line_end_until(text, offset, offset + part(limits_.suffix_bytes));
  if (!same_suffix) suffix_ = text.substr(offset, end_ - offset);
  prefix_ = text.substr(begin_, offset - begin_);
  text_size_ = static_cast<int64_t>(text.size());
  return same_begin && same_suffix;
}

// Whether the prefix can begin where it began: there, or moved by what was inserted above.
bool CursorWindow::keep_begin(std::string_view text, int64_t offset) {
  if (begin_ < 0) return false;
  const std::string_view head = std::string_view(prefix_).substr(0, 128);
  const int64_t grown = static_cast<int64_t>(text.size()) - text_size_;
  for (const int64_t begin : {begin_, begin_ + grown}) {
    if (begin < 0 || begin > offset || offset - begin > limits_.prefix_bytes) continue;
    const std::string_view there = text.substr(begin, offset - begin);
    if (!there.starts_with(head.substr(0, there.size()))) continue;
    // A cursor that jumped far back would read a stump.
    const bool long_enough =
        begin == 0 || 2 * (offset - begin) >= static_cast<int64_t>(prefix_.size());
    if (!long_enough) continue;
    begin_ = begin;
    return true;
  }
  return false;
}

bool CursorWindow::keep_suffix(std::string_view text, int64_t offset) const {
  const auto [told_line, told_below] = split_line(suffix_);
  const auto [line, below] = split_line(text.substr(offset));
  return without_closers(told_line) == without_closers(line) && below.starts_with(told_below);
}

}  // namespace rondo::assist
