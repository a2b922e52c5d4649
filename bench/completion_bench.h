// What a person who types waits for: a file of a workspace is opened, one of its lines is typed
// again key by key, and each key asks for a completion, with and without background work going on.
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
  std::string kernels;
  int32_t n_threads = 0;
  std::string workspace;          // a folder with source files
  int32_t context_tokens = 4000;  // of composed Segments
  int32_t max_new_tokens = 10;
  int32_t n_keys = 120;
  uint32_t seed = 1;
};

// Milliseconds from complete() to its answer.
struct Latencies {
  int32_t n = 0;
  double p50_ms = 0;
  double p95_ms = 0;
};

struct CompletionBenchResult {
  std::string kernels;
  int32_t n_threads = 0;
  int64_t n_files = 0;
  int32_t n_segment_tokens = 0;   // median over the keys
  double first_ms = 0;            // cold Segments and cold window
  Latencies keys;                 // a cursor hit with at most 8 new tokens
  Latencies keys_while_indexing;  // the same while background work fills every pause
  Latencies jumps;               // a cursor somewhere else in the file, its Segments mostly encoded
  double median_new_tokens = 0;  // prompt tokens that a key computes
  double median_tokenize_us = 0;  // for a key: the text around the cursor, whole
  int32_t n_typed_through = 0;    // keys that agreed with what was shown and cost no model call
};

// Errors: those of the engine; NotFound when the workspace has no file to type in.
Result<CompletionBenchResult> bench_completion(const CompletionBenchOptions& options);

}  // namespace rondo::bench
