#include "assist/answer_check.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <utility>

#include "assist/syntax_errors.h"

namespace rondo::assist {

std::string AnswerCheck::answered(std::string_view answer) const {
  std::string text = cut_text_;
  text.insert(static_cast<size_t>(offset_), answer);
  return text;
}

Result<AnswerFindings> AnswerCheck::look_at(std::string_view answer) {
  const auto text = std::make_shared<const workspace::Text>(answered(answer));
  AnswerFindings findings = {.error_line = text->line_at(offset_)};
  if (!has_grammar()) return findings;
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, parser_.parse(language_, text, nullptr, {}));
  findings.n_syntax_errors = count_syntax_errors(tree);
  if (const auto error = first_syntax_error(tree)) findings.error_line = text->line_at(*error);
  return findings;
}

Result<int64_t> AnswerCheck::errors_without() {
  ASSIGN_OR_RETURN(const AnswerFindings nothing, look_at(""));
  ASSIGN_OR_RETURN(const AnswerFindings name, look_at("x"));
  return std::min(nothing.n_syntax_errors, name.n_syntax_errors);
}

}  // namespace rondo::assist
