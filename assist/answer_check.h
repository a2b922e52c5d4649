// AnswerCheck: what tools say of a document with an answer in its hole.
//
// Thread: one; owns its parser, borrows the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "workspace/block_index.h"
#include "workspace/functions.h"
#include "workspace/names.h"
#include "workspace/syntax_query.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

// A text with LF line ends whose hole was cut out at `offset`.
struct CutText {
  const workspace::Language& language;
  std::string path;
  std::string text;
  int64_t offset = 0;
};

// The queries of all languages. Thread: any.
struct CodeQueries {
  workspace::NameQueries names;
  workspace::FunctionQueries functions;
};

struct AnswerFindings {
  int64_t n_syntax_errors = 0;
  bool has_error_near = false;  // one of them lies within some lines of the answer
  int64_t error_line = 0;       // of the first one, in the answered text; without one the hole's
  // Of names in the answer; bytes count from its beginning, one that it only ends begins before 0.
  std::vector<workspace::UsedName> unknown_names;
  // The answer lies in the function around the hole, whose head is as it was.
  bool keeps_signature = true;
};

class AnswerCheck {
 public:
  // Errors: those of the parser.
  static Result<std::unique_ptr<AnswerCheck>> make(CutText cut, const workspace::BlockIndex& index,
                                                   CodeQueries& queries);

  const CutText& cut() const { return cut_; }
  bool has_grammar() const { return cut_.language.grammar != nullptr; }
  bool knows_names() const { return has_grammar() && workspace::has_names(cut_.language); }
  // The function around the hole; empty when there is none, or its head is not whole.
  const std::string& signature() const { return signature_; }
  // The fewest syntax errors that the text has with nothing, or with one of the shapes of a line
  // (line_shapes.h), in its hole: an answer that has no more is not to blame for them.
  int64_t errors_without() const { return errors_without_; }

  std::string answered(std::string_view answer) const;
  // Errors: those of the parser.
  Result<AnswerFindings> look_at(std::string_view answer);
  // Of the text with the answer in it. Errors: as above.
  Result<int64_t> count_errors(std::string_view answer);
  // The names that are bound around the hole, the innermost first. Errors: as above.
  Result<std::vector<std::string>> names_in_scope();
  Result<workspace::SyntaxTree> parse(std::string_view answer);

 private:
  AnswerCheck(CutText cut, const workspace::BlockIndex& index, CodeQueries& queries)
      : cut_(std::move(cut)), index_(index), queries_(queries) {}
  Status look_without();
  Status look_without(std::string_view shape);
  std::vector<workspace::Function> functions_in(const workspace::SyntaxTree& tree) const;
  void find_signature(const workspace::SyntaxTree& tree);
  bool keeps_signature(const workspace::SyntaxTree& tree, std::string_view answer) const;
  std::vector<workspace::UsedName> unknown_in(const workspace::SyntaxTree& tree,
                                              int64_t n_bytes) const;

  CutText cut_;
  const workspace::BlockIndex& index_;
  CodeQueries& queries_;
  workspace::QueryCursor cursor_;  // of the questions below
  workspace::Parser parser_;
  std::optional<workspace::SyntaxTree> empty_;  // with nothing in the hole: others are made from it
  int64_t errors_without_ = 0;
  std::string signature_;                 // empty: nothing to keep
  workspace::ByteRange signature_bytes_;  // of the function up to the end of its parameters
};

}  // namespace rondo::assist
