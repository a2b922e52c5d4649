// RecipeTemplate: what a rule writes: text with {capture}, {capture|filter}, and {{ }} for braces.
//
// Filters: `operand` puts parentheses where a comparison's operand needs them; `fstring` makes an
// f-string of a format call; `keywords` makes keyword arguments of a dictionary; `union` joins what
// was captured with " | "; the name of one of the recipe's tables looks the text up there.
//
// Thread: immutable after parsing; any thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "assist/captures.h"
#include "base/status.h"

namespace rondo::assist {

class RecipeTemplate {
 public:
  using Tables = std::map<std::string, std::map<std::string, std::string>>;

  // `tables` must live as long as the result. Errors: InvalidArgument, a sentence.
  static Result<RecipeTemplate> parse(std::string_view source, const Tables& tables);

  // The captures that it needs.
  std::vector<std::string> captures() const;

  // Whether it has line breaks of its own.
  bool has_lines() const;

  // The text to write, with `line_break` for each of the template's own; captures are as they stand
  // in `text`.
  // Errors: InvalidArgument when a filter refuses: a part of a sentence that says why.
  Result<std::string> fill(const Captures& captures, std::string_view text,
                           std::string_view line_break) const;

 private:
  using Filter = std::function<Result<std::string>(const std::vector<Capture>&, std::string_view)>;
  struct Piece {
    std::string text;     // written as it is, or
    std::string capture;  // the name of one
    Filter filter;        // empty: as it stands
  };
  static Result<Filter> filter_named(const std::string& name, const Tables& tables);
  static Result<Piece> field_of(const std::string& field, const Tables& tables);

  std::vector<Piece> pieces_;
};

}  // namespace rondo::assist
