// AnswerCheck: what tools say of a document with an answer in its hole.
//
// Thread: one; owns its parser.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "workspace/languages.h"
#include "workspace/syntax_tree.h"
#include "workspace/text.h"

namespace rondo::assist {

struct AnswerFindings {
  int64_t n_syntax_errors = 0;
  int64_t error_line = 0;  // of the first one, in the answered text; without one the hole's
};

class AnswerCheck {
 public:
  // A text with LF line ends whose hole was cut out at `offset`.
  AnswerCheck(const workspace::Language& language, std::string cut_text, int64_t offset)
      : language_(language), cut_text_(std::move(cut_text)), offset_(offset) {}

  const std::string& cut_text() const { return cut_text_; }
  int64_t offset() const { return offset_; }
  bool has_grammar() const { return language_.grammar != nullptr; }

  std::string answered(std::string_view answer) const;
  // Errors: those of the parser.
  Result<AnswerFindings> look_at(std::string_view answer);
  // The fewest syntax errors that the text has with nothing, or with a name, in its hole: an answer
  // that has no more is not to blame for them.
  Result<int64_t> errors_without();

 private:
  const workspace::Language& language_;
  const std::string cut_text_;
  const int64_t offset_;
  workspace::Parser parser_;
};

}  // namespace rondo::assist
