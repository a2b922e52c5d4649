#include "assist/answer_check.h"

#include <algorithm>
#include <utility>

#include "assist/bracket_repair.h"
#include "assist/line_shapes.h"
#include "assist/syntax_errors.h"
#include "assist/unknown_names.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr int64_t kNearBytes = 200;  // a grammar finds an error behind what caused it, or around it

// Comments at the end of a body belong to no function for some grammars.
std::string_view without_end_comments(std::string_view answer) {
  while (true) {
    answer = answer.substr(0, answer.find_last_not_of(" \t\n") + 1);
    const size_t begin = answer.rfind('\n') + 1;  // npos + 1: the only line
    const std::string_view line = trimmed(answer.substr(begin), " \t");
    const bool is_comment = line.starts_with('#') || line.starts_with("//");
    if (!is_comment) return answer;
    answer = answer.substr(0, begin);
  }
}

}  // namespace

Result<std::unique_ptr<AnswerCheck>> AnswerCheck::make(CutText cut,
                                                       const workspace::BlockIndex& index,
                                                       CodeQueries& queries) {
  std::unique_ptr<AnswerCheck> check(new AnswerCheck(std::move(cut), index, queries));
  if (check->has_grammar()) RETURN_IF_ERROR(check->look_without());
  return check;
}

Status AnswerCheck::look_without() {
  ASSIGN_OR_RETURN(empty_, parse(""));
  errors_without_ = count_syntax_errors(*empty_);
  const std::string before = empty_->text->bytes().substr(0, cut_.offset);
  const std::string line_before = before.substr(before.rfind('\n') + 1);
  std::vector<std::string> names = bracket_repairs(line_before, "x");
  names.emplace_back("x");
  for (const std::string& name : names) {
    for (const std::string_view end : line_ends(cut_.language))
      RETURN_IF_ERROR(look_without(name + std::string(end)));
  }
  if (trimmed(line_before, " \t").empty()) {
    for (const std::string_view head : line_heads(cut_.language))
      RETURN_IF_ERROR(look_without(head));
  }
  if (!workspace::has_functions(cut_.language)) return {};
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, parse("x"));
  find_signature(tree);
  return {};
}

Status AnswerCheck::look_without(std::string_view shape) {
  if (errors_without_ == 0) return {};
  ASSIGN_OR_RETURN(const int64_t n_errors, count_errors(shape));
  errors_without_ = std::min(errors_without_, n_errors);
  return {};
}

Result<int64_t> AnswerCheck::count_errors(std::string_view answer) {
  if (!has_grammar()) return 0;
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, parse(answer));
  return count_syntax_errors(tree);
}

std::string AnswerCheck::answered(std::string_view answer) const {
  std::string text = cut_.text;
  text.insert(static_cast<size_t>(cut_.offset), answer);
  return text;
}

Result<workspace::SyntaxTree> AnswerCheck::parse(std::string_view answer) {
  auto text = std::make_shared<const workspace::Text>(answered(answer));
  return parser_.parse(cut_.language, std::move(text), empty_ ? &*empty_ : nullptr, {});
}

Result<AnswerFindings> AnswerCheck::look_at(std::string_view answer) {
  const workspace::Text cut(cut_.text);
  AnswerFindings findings = {.error_line = cut.line_at(cut_.offset)};
  if (!has_grammar()) return findings;
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, parse(answer));
  findings.n_syntax_errors = count_syntax_errors(tree);
  const int64_t end = cut_.offset + static_cast<int64_t>(answer.size());
  findings.has_error_near = has_syntax_error(tree, {cut_.offset - kNearBytes, end + kNearBytes});
  if (const auto error = first_syntax_error(tree)) findings.error_line = tree.text->line_at(*error);
  if (knows_names()) findings.unknown_names = unknown_in(tree, static_cast<int64_t>(answer.size()));
  findings.keeps_signature = keeps_signature(tree, answer);
  return findings;
}

Result<std::vector<std::string>> AnswerCheck::names_in_scope() {
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, parse("x"));
  return queries_.names.of(cut_.language).table_of(tree, cursor_).bound_at(cut_.offset);
}

std::vector<workspace::Function> AnswerCheck::functions_in(
    const workspace::SyntaxTree& tree) const {
  if (!workspace::has_functions(cut_.language)) return {};
  return queries_.functions.of(cut_.language).in(tree, cursor_);
}

void AnswerCheck::find_signature(const workspace::SyntaxTree& tree) {
  const std::vector<workspace::Function> functions = functions_in(tree);
  const workspace::Function* around = workspace::function_at(functions, cut_.offset);
  if (around == nullptr || cut_.offset < around->parameters.end) return;
  signature_bytes_ = {around->bytes.begin, around->parameters.end};
  signature_ = tree.text->slice(signature_bytes_);
}

bool AnswerCheck::keeps_signature(const workspace::SyntaxTree& tree,
                                  std::string_view answer) const {
  if (signature_.empty()) return true;
  const std::vector<workspace::Function> functions = functions_in(tree);
  const int64_t end = cut_.offset + static_cast<int64_t>(without_end_comments(answer).size());
  return std::any_of(functions.begin(), functions.end(), [&](const workspace::Function& function) {
    return function.bytes.begin == signature_bytes_.begin &&
           function.parameters.end == signature_bytes_.end && function.bytes.end >= end;
  });
}

std::vector<workspace::UsedName> AnswerCheck::unknown_in(const workspace::SyntaxTree& tree,
                                                         int64_t n_bytes) const {
  const workspace::NameTable table = queries_.names.of(cut_.language).table_of(tree, cursor_);
  const std::vector<workspace::Function> functions = functions_in(tree);
  const workspace::Function* around = workspace::function_at(functions, cut_.offset);
  const NameSources sources = {
      .language = cut_.language,
      .path = cut_.path,
      .text = tree.text->bytes(),
      .index = index_,
      .builtins = queries_.names.builtins_of(cut_.language),
      .function = around == nullptr ? workspace::ByteRange() : around->bytes};
  std::vector<workspace::UsedName> unknown =
      unknown_names(table, {cut_.offset, cut_.offset + n_bytes}, sources);
  for (workspace::UsedName& name : unknown)
    name.bytes = {name.bytes.begin - cut_.offset, name.bytes.end - cut_.offset};
  return unknown;
}

}  // namespace rondo::assist
