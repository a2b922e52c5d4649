// The workspace of one repository as the product has it: its files cut into Blocks and indexed, and
// the product's own choice of context.
//
// Thread: one thread at a time. Ownership: owns index and texts; borrows the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "assist/segment_cache.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/context.h"

namespace rondo::bench {

// Blocks in the order of their scores, the best first.
struct ChosenContext {
  std::vector<engine::SegmentInput> segments;
  std::vector<std::shared_ptr<const engine::TokenIds>> files;  // the same, as assist::file_part()
};

// For whom context is chosen.
struct ContextRequest {
  std::string path;
  workspace::ByteRange window;  // of the file's present text: what the model sees anyway
  int64_t cursor = 0;           // in it
  std::vector<std::string> forbidden_lines;
  int64_t max_tokens = 0;
  int64_t max_blocks = 16;  // as for the tables of the model card
  workspace::ContextSources sources = {};
  std::vector<workspace::RecentEdit> edits = {};
  std::vector<std::string> open_paths = {};
};

class CorpusWorkspace {
 public:
  // Indexes every file. REQUIRES: engine.config().segment. Errors: those of the chunker.
  static Result<std::unique_ptr<CorpusWorkspace>> make(const engine::Engine& engine,
                                                       const Repository& repository);

  const workspace::BlockIndex& index() const { return index_; }
  // Gives a file another text.
  Status replace(const std::string& path, std::string text);

  // The Blocks that the product chooses. REQUIRES: request.path is indexed.
  ChosenContext choose(const ContextRequest& request);

 private:
  explicit CorpusWorkspace(const engine::Engine& engine)
      : engine_(engine), segments_(engine.config(), engine.tokenizer()) {}

  const engine::Engine& engine_;
  workspace::BlockQueries queries_;
  workspace::Chunker chunker_{queries_};
  workspace::BlockIndex index_;
  assist::SegmentCache segments_;
};

}  // namespace rondo::bench
