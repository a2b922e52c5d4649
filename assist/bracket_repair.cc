#include "assist/bracket_repair.h"

namespace rondo::assist {
namespace {

char closer_of(char opener) {
  switch (opener) {
    case '(':
      return ')';
    case '[':
      return ']';
    case '{':
      return '}';
    default:
      return opener;  // a quote
  }
}

// What a walk over a text found.
struct Brackets {
  std::string open;  // the closers that are missing at its end, the innermost last
  size_t unopened = std::string_view::npos;  // the first closer that nothing opened
};

// Skips what stands in quotes on one line; of an apostrophe in a word it says nothing.
Brackets brackets_of(std::string_view text) {
  Brackets found;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\') ++i;
      if (c == quote || c == '\n') quote = 0;
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      found.open += closer_of(c);
    } else if (c == ')' || c == ']' || c == '}') {
      if (found.open.ends_with(c)) {
        found.open.pop_back();
      } else if (found.unopened == text.npos) {
        found.unopened = i;
      }
    }
  }
  if (quote != 0) found.open += quote;
  return found;
}

}  // namespace

std::vector<std::string> bracket_repairs(std::string_view line_before, std::string_view answer) {
  std::vector<std::string> repairs;
  const auto closed = [&](const Brackets& brackets) {
    return std::string(answer) + std::string(brackets.open.rbegin(), brackets.open.rend());
  };
  const Brackets inside = brackets_of(answer);
  if (!inside.open.empty()) repairs.push_back(closed(inside));
  const Brackets line = brackets_of(std::string(line_before) + std::string(answer));
  if (!line.open.empty() && line.open != inside.open) repairs.push_back(closed(line));
  if (inside.unopened != answer.npos) {
    const std::string_view kept = answer.substr(0, inside.unopened);
    const std::string_view rest = answer.substr(inside.unopened + 1);
    repairs.push_back(std::string(kept) + std::string(rest));
    if (!rest.empty()) repairs.emplace_back(kept.substr(0, kept.find_last_not_of(" \t\n") + 1));
  }
  return repairs;
}

}  // namespace rondo::assist
