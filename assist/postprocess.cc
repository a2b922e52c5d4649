#include "assist/postprocess.h"

#include <algorithm>
#include <vector>

#include "base/characters.h"

namespace rondo::assist {
namespace {

std::string_view trim(std::string_view text) { return trimmed(text, " \t\r\n"); }

constexpr std::string_view kBlanks = " \t\r";
constexpr size_t kTabSpaces = 4;
constexpr size_t kMostRepeatedLines = 4;
constexpr size_t kRepetitions = 3;
constexpr size_t kRepeatedBytes = 16;  // together, so that closing braces are no repetition

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
size_t overlap(std::string_view text, std::string_view after, const FitRules& rules) {
  for (size_t n = std::min(text.size(), after.size()); n > 0; --n) {
    if (!text.ends_with(after.substr(0, n))) continue;
    const size_t from = text.size() - n;
    const std::string_view common = after.substr(0, n);
    const bool whole_rest = trim(common) == trim(after) && trim(common).size() >= 3;
    const bool closers = std::all_of(common.begin(), common.end(), [](char c) {
      return is_closer(c) || c == ';' || c == ',' || c == ':';
    });
    if (whole_rest && rules.suffix) return n;
    if (closers && rules.closers && !(is_closer(common[0]) && closes_inside(text, from))) return n;
  }
  return 0;
}

std::string_view blanks_at_begin(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

// The indentation of a line, written with tabs, or with none.
std::string indentation_as(std::string_view blanks, bool tabs) {
  std::string spaces;
  for (const char c : blanks) spaces += c == '\t' ? std::string(kTabSpaces, ' ') : " ";
  if (!tabs) return spaces;
  return std::string(spaces.size() / kTabSpaces, '\t') +
         std::string(spaces.size() % kTabSpaces, ' ');
}

// `text` indented with what the lines around it are indented with, where those say.
std::string indented_alike(std::string_view text, const Surroundings& around) {
  const std::string_view before = blanks_at_begin(around.line_before);
  const std::string_view model = before.empty() ? blanks_at_begin(around.next_line) : before;
  const bool tabs = !model.empty() && model.find(' ') == model.npos;
  const bool spaces = !model.empty() && model.find('\t') == model.npos;
  if (!tabs && !spaces) return std::string(text);
  std::string out;
  bool whole_line = around.line_before.empty();
  while (true) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::string_view blanks = whole_line ? blanks_at_begin(line) : line.substr(0, 0);
    out += indentation_as(blanks, tabs);
    out += line.substr(blanks.size());
    if (end == text.size()) return out;
    out += '\n';
    text.remove_prefix(end + 1);
    whole_line = true;
  }
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(text);
  return lines;
}

// `text` up to where up to four lines come the second time, when they come at least three times one
// after the other: a small model that repeats itself does not stop.
std::string_view without_repetition(std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    for (size_t n = 1; n <= kMostRepeatedLines && i + kRepetitions * n <= lines.size(); ++n) {
      const auto same = [&](size_t k) { return trim(lines[i + k]) == trim(lines[i + k + n]); };
      size_t k = 0;
      size_t n_bytes = 0;
      while (k < (kRepetitions - 1) * n && same(k)) n_bytes += trim(lines[i + k++]).size();
      if (k < (kRepetitions - 1) * n || n_bytes < kRepeatedBytes) continue;
      return trim_end(
          text.substr(0, lines[i + n - 1].data() + lines[i + n - 1].size() - text.data()));
    }
  }
  return text;
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

FittedText fit_text(std::string_view generated, const Surroundings& surroundings,
                    const FitRules& rules) {
  const auto trim_ends = [&](std::string_view text) {
    return rules.blanks ? trim_end(text) : text;
  };
  std::string_view text = trim_ends(generated);
  const std::string_view after = trim_end(surroundings.line_after);
  if (!after.empty()) {
    if (rules.one_line) text = trim_ends(text.substr(0, text.find('\n')));
    text.remove_suffix(overlap(text, after, rules));
  }
  if (rules.repetition) text = without_repetition(text);
  if (trim(text).empty()) return {.silence = "the model has nothing to add here"};
  const bool repeats = trim(surroundings.line_before).empty() && after.empty() &&
                       trim(text.substr(0, text.find('\n'))) == trim(surroundings.next_line);
  if (repeats && rules.next_line) return {.silence = "the suggestion only repeated the next line"};
  return {.text = rules.indentation ? indented_alike(text, surroundings) : std::string(text)};
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
