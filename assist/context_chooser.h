// ContextChooser: which Blocks of the workspace stand before the window of a cursor, in the form in
// which the model reads them: as Segments, or as files before the active one.
//
// Thread: one thread at a time. Ownership: borrows engine, index and speed.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "assist/completion.h"
#include "assist/cursor_table.h"
#include "assist/file_context.h"
#include "assist/reading_speed.h"
#include "assist/segment_cache.h"
#include "engine/engine.h"
#include "workspace/block_index.h"

namespace rondo::assist {

// A completion that wants context.
struct ContextPlace {
  const CompletionParams& params;
  const CursorWindow& window;
  bool continues = false;   // the window that the engine has read
  bool ahead = false;       // nobody waits for it
  int64_t n_forgotten = 0;  // by the index, before this
  std::chrono::steady_clock::time_point began;
};

class ContextChooser {
 public:
  ContextChooser(const engine::Engine& engine, const workspace::BlockIndex& index,
                 const CompleterOptions& options, const ReadingSpeed& speed);

  bool reads_files(const CompletionParams& params) const {
    return !config_.segment || params.context_mode == ContextMode::kPrefix;
  }

  // The Blocks, in the order of the prompt; `cursor` keeps what it has to know of them, `report`
  // the files that were left out as nearly the window's.
  std::vector<workspace::ContextBlock> choose(const ContextPlace& place, Cursor& cursor,
                                              CompletionReport& report);

  const engine::SegmentInput& segment(const workspace::ContextBlock& block) {
    return segments_.segment(block);
  }
  FileContext& files() { return files_; }

 private:
  FileContext::Blocks choose_blocks(const ContextPlace& place, Cursor& cursor,
                                    CompletionReport& report);
  FileContext::Blocks choose_files(const ContextPlace& place, Cursor& cursor,
                                   CompletionReport& report);

  const engine::ModelConfig& config_;
  const workspace::BlockIndex& index_;
  const CompleterOptions& options_;
  const ReadingSpeed& speed_;
  SegmentCache segments_;
  FileContext files_;
  FileContext::Blocks last_files_;  // of any cursor
};

}  // namespace rondo::assist
