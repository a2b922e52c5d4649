#include "bench/cut_workspace.h"

#include <utility>

#include "assist/cursor_window.h"
#include "bench/cases.h"

namespace rondo::bench {
Result<Question> CutWorkspace::question(const Hole& hole, int32_t context_tokens) {
  ASSIGN_OR_RETURN(std::vector<Question> all, questions(hole, {{.max_tokens = context_tokens}}));
  return std::move(all[0]);
}

Result<std::vector<Question>> CutWorkspace::questions(
    const Hole& hole, const std::vector<ContextSettings>& settings) {
  if (!workspace_) {
    ASSIGN_OR_RETURN(workspace_, CorpusWorkspace::make(engine_, repository_));
  }
  const CorpusFile& file = repository_.files[hole.file];
  const std::string cut = cut_text(file.text, hole);
  RETURN_IF_ERROR(workspace_->replace(file.path, cut));
  assist::CursorWindow window{assist::WindowLimits()};
  window.place(cut, hole.begin);
  std::vector<Question> questions;
  for (const ContextSettings& choice : settings) {
    questions.push_back({{file.path, window.prefix(), window.suffix()},
                         file.text.substr(hole.begin, hole.end - hole.begin),
                         workspace_->choose({.path = file.path,
                                             .window = {window.begin(), window.end()},
                                             .cursor = hole.begin,
                                             .forbidden_lines = forbidden_lines(file.text, hole),
                                             .max_tokens = choice.max_tokens,
                                             .sources = choice.sources,
                                             .edits = choice.edits,
                                             .open_paths = choice.open_paths})});
  }
  RETURN_IF_ERROR(workspace_->replace(file.path, file.text));
  return questions;
}

}  // namespace rondo::bench
