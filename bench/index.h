// How quickly a workspace is indexed, and how quickly its Blocks follow an edit.
//
// Thread: the caller's; starts an Indexer for the time of the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace rondo::bench {

struct IndexBenchOptions {
  std::string folder;
  int32_t n_threads = 2;
  int32_t n_edits = 500;  // single characters, typed in words of 5 at seeded places of seeded files
  uint64_t seed = 1;
};

// Edits of files of one size.
struct EditTimes {
  int64_t max_bytes = 0;  // of the file, exclusive; 0: any
  int64_t n = 0;
  // From an edited text to its Blocks in the index, milliseconds; and of that, the parser alone.
  double edit_p50_ms = 0;
  double edit_p95_ms = 0;
  double parse_p50_ms = 0;
  double parse_p95_ms = 0;
  // What the thread of the protocol does of an edit; all else is another's.
  double apply_p50_ms = 0;
  double apply_p95_ms = 0;
};

struct IndexBenchResult {
  int64_t n_files = 0;  // indexed
  int64_t n_skipped = 0;
  int64_t n_lines = 0;
  int64_t n_bytes = 0;
  int64_t n_blocks = 0;
  int64_t n_names = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // of all threads: what to go by when the machine does other work too
  double mloc_per_minute = 0;
  double mloc_per_cpu_minute = 0;  // of one core
  int64_t memory_bytes = 0;        // that the process grew by

  EditTimes edits;                       // all
  std::vector<EditTimes> edits_by_size;  // below 8, 32, 128 KiB, and the rest; those with edits
};

// Errors: NotFound when the folder cannot be read or has nothing to index.
Result<IndexBenchResult> bench_index(const IndexBenchOptions& options);

}  // namespace rondo::bench
