// Cases for code actions, made of real files: something is taken out or spoilt that an action can
// bring back, and what stood there is the truth.
//
// Thread: pure functions; an ActionCases belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assist/action.h"
#include "bench/corpus.h"
#include "bench/random.h"
#include "workspace/functions.h"
#include "workspace/syntax_tree.h"

namespace rondo::bench {

// The actions that can be measured, by the names of their kinds.
const std::vector<std::string>& measured_actions();

struct ActionCase {
  std::string action;  // of measured_actions()
  size_t file = 0;     // of the repository
  std::string text;    // of the file, spoilt
  workspace::ByteRange selection;
  std::vector<assist::Diagnostic> diagnostics;
  // What stood there, a piece each: the case is right as far as the edits bring them back in these
  // places of `text`.
  std::vector<assist::TextEdit> truth;
};

class ActionCases {
 public:
  explicit ActionCases(uint64_t seed) : random_(seed) {}

  // A case for `action` of this file, another one each time; nothing when it has none.
  std::optional<ActionCase> make(const std::string& action, const CorpusFile& file, size_t index);

 private:
  struct Source;

  std::optional<ActionCase> misspelt(const Source& source);
  std::optional<ActionCase> without_import(const Source& source);
  std::optional<ActionCase> without_sign(const Source& source);
  std::optional<ActionCase> without_expression(const Source& source);
  std::optional<ActionCase> without_body(const Source& source);
  std::optional<ActionCase> without_docstring(const Source& source);
  std::optional<ActionCase> without_types(const Source& source);

  Random random_;
  workspace::Parser parser_;
};

// How much of the truth the edits bring back, 0 to 1. Blanks at line ends and around count as
// nothing; of an import, its place, quotes and a semicolon too.
double share_right(const ActionCase& one, const std::vector<assist::TextEdit>& edits);

}  // namespace rondo::bench
