#include "bench/cut_workspace.h"

#include "assist/cursor_window.h"

namespace rondo::bench {

Result<Question> CutWorkspace::question(const Hole& hole, int32_t context_tokens) {
  if (!workspace_) {
    ASSIGN_OR_RETURN(workspace_, CorpusWorkspace::index(engine_, repository_));
  }
  const CorpusFile& file = repository_.files[hole.file];
  const std::string cut = cut_text(file.text, hole);
  RETURN_IF_ERROR(workspace_->replace(file.path, cut));
  assist::CursorWindow window{assist::WindowLimits()};
  window.place(cut, hole.begin);
  Question question{{file.path, window.prefix(), window.suffix()},
                    file.text.substr(hole.begin, hole.end - hole.begin),
                    workspace_->choose({.path = file.path,
                                        .window = {window.begin(), window.end()},
                                        .cursor = hole.begin,
                                        .forbidden_lines = {std::string(line_of(file.text, hole))},
                                        .max_tokens = context_tokens})};
  RETURN_IF_ERROR(workspace_->replace(file.path, file.text));
  return question;
}

}  // namespace rondo::bench
