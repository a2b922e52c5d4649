#include "bench/corpus_workspace.h"

#include <utility>

#include "workspace/languages.h"

namespace rondo::bench {

Result<std::unique_ptr<CorpusWorkspace>> CorpusWorkspace::make(const engine::Engine& engine,
                                                               const Repository& repository) {
  std::unique_ptr<CorpusWorkspace> workspace(new CorpusWorkspace(engine));
  for (const CorpusFile& file : repository.files) {
    RETURN_IF_ERROR(workspace->replace(file.path, file.text));
  }
  return workspace;
}

Status CorpusWorkspace::replace(const std::string& path, std::string text) {
  const auto snapshot = std::make_shared<const workspace::Text>(std::move(text));
  const workspace::Language& language = workspace::language_of_file(path, snapshot->bytes());
  ASSIGN_OR_RETURN(workspace::Chunked chunked, chunker_.chunk(language, snapshot));
  index_.replace({path, &language, snapshot, std::move(chunked.blocks)});
  return {};
}

ChosenContext CorpusWorkspace::choose(const ContextRequest& request) {
  const workspace::FileBlocksSnapshot file = index_.file(request.path);
  workspace::ContextQuery query = {.path = request.path,
                                   .language = file->language,
                                   .text = file->text,
                                   .cursor = request.cursor,
                                   .window = request.window,
                                   .forbidden_lines = request.forbidden_lines,
                                   .edits = request.edits,
                                   .open_paths = request.open_paths,
                                   .max_tokens = request.max_tokens,
                                   .max_blocks = request.max_blocks,
                                   .sources = request.sources};
  query.count_tokens = [this](const workspace::ContextBlock& block) {
    return static_cast<int64_t>(segments_.segment(block).tokens->size());
  };
  ChosenContext chosen;
  for (const workspace::ContextBlock& block : workspace::choose_context(query, index_)) {
    chosen.segments.push_back(segments_.segment(block));
    chosen.files.push_back(std::make_shared<const engine::TokenIds>(
        assist::file_part(engine_.config(), engine_.tokenizer(), block.path, block.text)));
  }
  return chosen;
}

}  // namespace rondo::bench
