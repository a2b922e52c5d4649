// How much of what the model is asked about it has read before: a seeded trace of typing goes over
// the files of a work tree, as somebody who works in a few of them, and every answer says how many
// of its tokens were there, and whose they were.
//
// Evaluation of caches only: answers are not compared with what was typed.
//
// Thread: the caller's; starts an engine and a Completer for the time of the call. Ownership:
// borrows the corpus.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "assist/completion.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "engine/engine.h"

namespace rondo::bench {

struct CacheBenchOptions {
  engine::EngineOptions engine;
  int32_t context_tokens = 2900;
  int32_t n_actions = 400;    // keys and jumps, for each way of reading context
  int32_t n_files = 6;        // that are worked in
  int32_t keys_a_visit = 40;  // of a file, before the next one, about
  // Real time: so long between two keys, and six times that before a jump; work is prepared then,
  // and an answer has the product's time for its first token. 0: without a clock; each action waits
  // for what is prepared, each answer reads all that it wants, and the result depends on the seed
  // alone.
  std::chrono::milliseconds pause{0};
  uint64_t seed = 1;
};

// What stood before an action.
enum class CacheAction {
  kKey,        // typed behind the one before
  kJump,       // somewhere else in the file
  kReturn,     // in a file where somebody typed before
  kFirstVisit  // in another
};
inline constexpr int32_t kCacheActions = 4;

// Tokens of all answers behind one kind of action, those of the context counted.
struct CacheTokens {
  int64_t n_actions = 0;
  int64_t n_typed_through = 0;    // agreed with what was shown: the model was not asked
  int64_t n_tokens = 0;           // what the model was asked about: prompt and Segments
  int64_t n_cursor = 0;           // of them, from the sequence of this cursor,
  int64_t n_prefix_pages = 0;     // from pages of other prompts,
  int64_t n_segments = 0;         // from Segments that were there;
  int64_t n_computed = 0;         // the rest
  int64_t n_whole_hits = 0;       // answers that computed no more than a tenth
  std::vector<int64_t> computed;  // for each answer that asked the model

  double hit_rate() const {
    return n_tokens == 0 ? 0 : 1 - static_cast<double>(n_computed) / static_cast<double>(n_tokens);
  }
  int64_t n_asked() const { return n_actions - n_typed_through; }
  // Of what each answer computed; 0 for none.
  int64_t computed_percentile(double p) const;
  void add(const assist::CompletionReport& report);
};

// One way of reading context.
struct CacheRun {
  assist::ContextMode mode = assist::ContextMode::kSegments;
  CacheTokens actions[kCacheActions];  // [i]: CacheAction
  CacheTokens all() const;
};

struct CacheBenchResult {
  std::string device;
  std::string kernels;
  int64_t n_files = 0;  // of the work tree
  std::vector<CacheRun> runs;
};

// Runs the same trace in each mode, each with an engine that knows nothing. Errors: NotFound when
// there is no file to type in; InvalidArgument for a model without FIM; those of the engine.
Result<CacheBenchResult> bench_cache(const Repository& repository,
                                     const std::vector<assist::ContextMode>& modes,
                                     const CacheBenchOptions& options);

}  // namespace rondo::bench
