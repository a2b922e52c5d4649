#include "workspace/chunker.h"

#include "workspace/block_query.h"
#include "workspace/plain_chunker.h"
#include "workspace/syntax_chunker.h"

namespace rondo::workspace {
namespace {

// Why the text is not worth cutting; empty when it is.
std::string reason_to_skip(const Text& text, Chunking chunking, const ChunkOptions& options) {
  const int64_t max_bytes =
      chunking == Chunking::kText ? options.max_text_bytes : options.max_file_bytes;
  if (text.size() > max_bytes) {
    return "has " + std::to_string(text.size()) + " bytes, more than " + std::to_string(max_bytes);
  }
  if (text.bytes().find('\0') != std::string::npos) return "is binary";
  for (int64_t line = 0; line < text.line_count(); ++line) {
    if (text.line(line).size() > options.max_line_bytes) {
      return "has a line of more than " + std::to_string(options.max_line_bytes) + " bytes";
    }
  }
  return {};
}

}  // namespace

Result<Chunked> Chunker::chunk(const Language& language, TextSnapshot text,
                               const WorkLimits& limits) {
  DocumentTree document{.language = &language};
  return update(document, std::move(text), limits);
}

Chunked Chunker::chunk_tree(const Language& language, const SyntaxTree& tree) {
  std::string reason = reason_to_skip(*tree.text, language.chunking, options_);
  if (!reason.empty()) return {.skipped = std::move(reason)};
  if (language.chunking != Chunking::kSyntax) {
    return {.blocks = chunk_plain(*tree.text, language.chunking, options_)};
  }
  return {.blocks = chunk_syntax(tree, queries_.of(language), options_)};
}

Result<Chunked> Chunker::update(DocumentTree& document, TextSnapshot text,
                                const WorkLimits& limits) {
  const Language& language = *document.language;
  if (std::string reason = reason_to_skip(*text, language.chunking, options_); !reason.empty()) {
    document.tree.reset();
    document.blocks.clear();
    return Chunked{.skipped = std::move(reason)};
  }
  if (language.chunking != Chunking::kSyntax) {
    return Chunked{.blocks = chunk_plain(*text, language.chunking, options_)};
  }
  const SyntaxTree* before = document.tree ? &*document.tree : nullptr;
  ASSIGN_OR_RETURN(SyntaxTree tree, parser_.parse(language, std::move(text), before, limits));
  std::vector<Block> blocks = chunk_syntax(tree, queries_.of(language), options_);
  add_references(tree, queries_.references_of(language), document.blocks, blocks);
  document.tree = std::move(tree);
  document.blocks = blocks;
  return Chunked{.blocks = std::move(blocks)};
}

}  // namespace rondo::workspace
