#include "bench/cut_workspace.h"

#include <algorithm>
#include <utility>

#include "assist/cursor_window.h"

namespace rondo::bench {
namespace {

// A body's shorter lines stand everywhere ("return nil;") and give nothing away.
constexpr size_t kMinTellingBytes = 16;

std::vector<std::string> forbidden_lines(std::string_view lines, HoleKind kind) {
  std::vector<std::string> forbidden;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t begin = line.find_first_not_of(" \t");
    const size_t n_bytes = begin == line.npos ? 0 : line.size() - begin;
    if (kind != HoleKind::kBody || n_bytes >= kMinTellingBytes) forbidden.emplace_back(line);
  }
  return forbidden;
}

}  // namespace

Result<Question> CutWorkspace::question(const Hole& hole, int32_t context_tokens) {
  ASSIGN_OR_RETURN(std::vector<Question> all, questions(hole, {{.max_tokens = context_tokens}}));
  return std::move(all[0]);
}

Result<std::vector<Question>> CutWorkspace::questions(
    const Hole& hole, const std::vector<ContextSettings>& settings) {
  if (!workspace_) {
    ASSIGN_OR_RETURN(workspace_, CorpusWorkspace::index(engine_, repository_));
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
                                             .forbidden_lines = forbidden_lines(
                                                 line_of(file.text, hole), hole.kind),
                                             .max_tokens = choice.max_tokens,
                                             .sources = choice.sources,
                                             .edits = choice.edits,
                                             .open_paths = choice.open_paths})});
  }
  RETURN_IF_ERROR(workspace_->replace(file.path, file.text));
  return questions;
}

}  // namespace rondo::bench
