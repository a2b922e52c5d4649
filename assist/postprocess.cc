#include "assist/postprocess.h"

#include <algorithm>

#include "base/characters.h"

namespace rondo::assist {
namespace {

std::string_view trim(std::string_view text) { return trimmed(text, " \t\r\n"); }

constexpr std::string_view kBlanks = " \t\r";

std::string_view trim_end(std::string_view text) {
  const size_t last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

bool is_closer(char c) {
  return c == ')' || c == ']' || c == '}' || c == '"' || c == '\'' || c == '`' || c == '>';
}

char opener_of(char closer) {
  switch (closer) {
    case ')':
      return '(';
    case ']':
      return '[';
    case '}':
      return '{';
    case '>':
      return '<';
    default:
      return closer;
  }
}

// Whether the closer at text[at] closes something that `text` itself opened.
bool closes_inside(std::string_view text, size_t at) {
  const char closer = text[at];
  const char opener = opener_of(closer);
  if (opener == closer) return std::count(text.begin(), text.begin() + at, closer) % 2 == 1;
  int depth = 0;
  for (size_t i = 0; i < at; ++i)
    depth += text[i] == opener ? 1 : (text[i] == closer && depth > 0 ? -1 : 0);
  return depth > 0;
}

// How many bytes at the end of `text` stand at the beginning of `after` already. A short overlap
// counts only when it is made of closers that `text` did not open itself: "x)" before ")" loses its
// bracket, "f(x)" does not.
size_t overlap(std::string_view text, std::string_view after) {
  for (size_t n = std::min(text.size(), after.size()); n > 0; --n) {
    if (!text.ends_with(after.substr(0, n))) continue;
    const size_t from = text.size() - n;
    const std::string_view common = after.substr(0, n);
    const bool whole_rest = trim(common) == trim(after) && trim(common).size() >= 3;
    const bool closers = std::all_of(common.begin(), common.end(), [](char c) {
      return is_closer(c) || c == ';' || c == ',' || c == ':';
    });
    if (whole_rest) return n;
    if (closers && !(is_closer(common[0]) && closes_inside(text, from))) return n;
  }
  return 0;
}

}  // namespace

Surroundings surroundings_of(const workspace::Text& text, int64_t offset) {
  const workspace::ByteRange line = text.line(text.line_at(offset));
  Surroundings around = {.line_before = text.slice({line.begin, offset}),
                         .line_after = text.slice({offset, std::max(offset, line.end)})};
  for (int64_t below = text.line_at(offset) + 1; below < text.line_count(); ++below) {
    const std::string_view candidate = text.slice(text.line(below));
    if (candidate.find_first_not_of(" \t") == std::string_view::npos) continue;
    around.next_line = candidate;
    break;
  }
  return around;
}

FittedText fit_text(std::string_view generated, const Surroundings& surroundings) {
  std::string_view text = trim_end(generated);
  const std::string_view after = trim_end(surroundings.line_after);
  if (!after.empty()) {
    const size_t newline = text.find('\n');
    text = trim_end(text.substr(0, newline));  // text behind the cursor: one line only
    text.remove_suffix(overlap(text, after));
  }
  if (trim(text).empty()) return {.silence = "the model has nothing to add here"};
  const bool repeats = trim(surroundings.line_before).empty() && after.empty() &&
                       trim(text.substr(0, text.find('\n'))) == trim(surroundings.next_line);
  if (repeats) return {.silence = "the suggestion only repeated the next line"};
  return {.text = std::string(text)};
}

std::string with_line_ends_of(std::string_view document, std::string_view text) {
  const size_t newline = document.find('\n');
  const bool crlf =
      newline != std::string_view::npos && newline > 0 && document[newline - 1] == '\r';
  std::string out;
  for (const char c : text) {
    if (c == '\n' && crlf) out += '\r';
    out += c;
  }
  return out;
}

}  // namespace rondo::assist
