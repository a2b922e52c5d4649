// What a person who types waits for: a file of a workspace is opened, lines of it are typed again
// as editors make it (typing_trace.h), and each action asks for a completion, with and without
// background work going on.
//
// Thread: the caller's; starts an engine and a Completer for the time of the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace rondo::bench {

struct CompletionBenchOptions {
  std::string model;
  std::string device;  // as EngineOptions'
  std::string kernels;
  int32_t n_threads = 0;
  std::string workspace;          // a folder with source files
  int32_t context_tokens = 4000;  // of composed Segments
  int32_t max_new_tokens = 10;
  int32_t n_actions = 400;
  int32_t pause_ms = 80;  // between two keys, as of somebody who types fast; work is prepared then
  int32_t jump_pause_ms = 500;  // before a cursor goes elsewhere
  int32_t most_keys = 0;        // at one place, before a jump; 0: all of a line or two
  uint32_t seed = 1;
};

// Milliseconds from complete() to its answer.
struct Latencies {
  int32_t n = 0;
  double p50_ms = 0;
  double p95_ms = 0;
};

// What an answer found ready.
enum class CacheState {
  kTypedThrough,  // the text that was shown goes on: the model was not asked
  kCursorHit,     // most of the prompt was there
  kSegmentHit,    // all Segments were there, the prompt was not
  kCold           // Segments had to be encoded first
};
inline constexpr int32_t kCacheStates = 4;

// Where the time of the first answers at a place went: medians, milliseconds and tokens.
struct FirstAnswer {
  double choose_ms = 0;  // of context, and all into tokens
  double segments_ms = 0;
  double prompt_ms = 0;
  double decode_ms = 0;
  double encoded_tokens = 0;  // of Segments
  double prompt_tokens = 0;   // computed
};

// All answers of a typing trace (typing_trace.h).
struct TypingSummary {
  Latencies states[kCacheStates];
  Latencies jumps;  // the first answers at a place where nobody typed before
  FirstAnswer at_jumps;
  double median_new_tokens = 0;  // of the prompt, computed for a key that asked the model
  double p95_new_tokens = 0;
};

struct CompletionBenchResult {
  std::string device;
  std::string kernels;
  int32_t n_threads = 0;
  int64_t n_files = 0;
  int32_t n_segment_tokens = 0;   // median over the keys
  double first_ms = 0;            // cold Segments and cold window
  double median_tokenize_us = 0;  // for a key: the text around the cursor, whole
  TypingSummary quiet;
  TypingSummary while_indexing;  // background work fills every pause
};

// Errors: those of the engine; NotFound when the workspace has no file to type in.
Result<CompletionBenchResult> bench_completion(const CompletionBenchOptions& options);

}  // namespace rondo::bench
