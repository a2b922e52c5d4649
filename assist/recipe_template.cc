#include "assist/recipe_template.h"

#include <algorithm>

#include "assist/python_strings.h"

namespace rondo::assist {
namespace {

// The captures of a pattern as one text.
std::string_view whole(const std::vector<Capture>& captures, std::string_view text) {
  return slice(text, {.begin = captures.front().range.begin, .end = captures.back().range.end});
}

Status needs_node() {
  return invalid_argument_error("was found by a regular expression, which has no syntax");
}

}  // namespace

Result<RecipeTemplate::Filter> RecipeTemplate::filter_named(const std::string& name,
                                                            const Tables& tables) {
  using Found = const std::vector<Capture>&;
  if (name == "operand") {
    return Filter([](Found found, std::string_view text) -> Result<std::string> {
      if (!found[0].node) return needs_node();
      return operand_of(*found[0].node, text);
    });
  }
  if (name == "fstring") {
    return Filter([](Found found, std::string_view text) -> Result<std::string> {
      if (!found[0].node) return needs_node();
      return f_string_of(*found[0].node, text);
    });
  }
  if (name == "keywords") {
    return Filter([](Found found, std::string_view text) -> Result<std::string> {
      if (!found[0].node) return needs_node();
      return keywords_of(*found[0].node, text);
    });
  }
  if (name == "union") {
    return Filter([](Found found, std::string_view text) -> Result<std::string> {
      std::string all;
      for (const Capture& capture : found) {
        if (!all.empty()) all += " | ";
        all += slice(text, capture.range);
      }
      return all;
    });
  }
  const auto table = tables.find(name);
  if (table == tables.end()) {
    return invalid_argument_error(
        "there is no filter or table '" + name +
        "'; filters are operand, fstring, keywords, union, and the names under 'tables:'");
  }
  return Filter([&rows = table->second](Found found, std::string_view text) -> Result<std::string> {
    const auto row = rows.find(std::string(whole(found, text)));
    if (row == rows.end()) return invalid_argument_error("is not in the recipe's table");
    return row->second;
  });
}

Result<RecipeTemplate::Piece> RecipeTemplate::field_of(const std::string& field,
                                                       const Tables& tables) {
  const size_t bar = field.find('|');
  Piece piece{.text = {}, .capture = field.substr(0, bar), .filter = nullptr};
  if (piece.capture.empty() || piece.capture.find_first_of(" \n{") != std::string::npos) {
    return invalid_argument_error("'{" + field +
                                  "}' names no capture; a brace that is meant is written {{ or }}");
  }
  if (bar != std::string::npos) {
    ASSIGN_OR_RETURN(piece.filter, filter_named(field.substr(bar + 1), tables));
  }
  return piece;
}

Result<RecipeTemplate> RecipeTemplate::parse(std::string_view source, const Tables& tables) {
  RecipeTemplate made;
  std::string text;
  for (size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    const bool doubled = i + 1 < source.size() && source[i + 1] == c;
    if ((c == '{' || c == '}') && doubled) {
      text += c;
      ++i;
    } else if (c == '{') {
      const size_t end = source.find('}', i);
      if (end == source.npos)
        return invalid_argument_error("a '{' is not closed; write {{ for one");
      ASSIGN_OR_RETURN(Piece piece,
                       field_of(std::string(source.substr(i + 1, end - i - 1)), tables));
      made.pieces_.push_back({.text = std::move(text)});
      made.pieces_.push_back(std::move(piece));
      text.clear();
      i = end;
    } else if (c == '}') {
      return invalid_argument_error("a '}' closes nothing; write }} for one");
    } else {
      text += c;
    }
  }
  made.pieces_.push_back({.text = std::move(text)});
  return made;
}

std::vector<std::string> RecipeTemplate::captures() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    if (!piece.capture.empty()) names.push_back(piece.capture);
  }
  return names;
}

bool RecipeTemplate::has_lines() const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [](const Piece& piece) { return piece.text.find('\n') != std::string::npos; });
}

Result<std::string> RecipeTemplate::fill(const Captures& captures, std::string_view text,
                                         std::string_view line_break) const {
  std::string filled;
  for (const Piece& piece : pieces_) {
    for (const char c : piece.text) {
      if (c == '\n') {
        filled += line_break;
      } else {
        filled += c;
      }
    }
    const std::vector<Capture> found = captures.named(piece.capture);
    if (found.empty()) continue;  // plain text, or an optional part that is not there
    if (piece.filter == nullptr) {
      filled += whole(found, text);
      continue;
    }
    ASSIGN_OR_RETURN(const std::string value, piece.filter(found, text));
    filled += value;
  }
  return filled;
}

}  // namespace rondo::assist
