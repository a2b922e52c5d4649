// Where the keys and values of a workspace lie, in bytes by tier, for some of its tokens composed;
// what releasing Blocks would leave; and how quickly what left the GPU comes back, measured. Beside
// it what other engines' layouts take for the same tokens:
//
//   full and window   loop 0 for every token, loop 1 for the window: vLLM's
//   two full sets     both loops for every token: SGLang's
//
// Bytes are of whole pages, with keys and values in bf16, as on a GPU.
//
// Thread: the caller's; starts an indexer and engines for the time of the call.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/model_config.h"

namespace rondo::bench {

// A Block as Segment.
struct BlockTokens {
  int32_t n_tokens = 0;
  int32_t n_kept = 0;  // of them, when it is released
};

// A tenth of the Blocks, by length.
struct DecileRow {
  int64_t n_blocks = 0;
  int32_t most_tokens = 0;
  int64_t bytes = 0;
  int64_t released_bytes = 0;
};

struct TierRow {
  int64_t n_composed_tokens = 0;      // whole Blocks, at least as many as asked for where there are
  int64_t segment_bytes = 0;          // on the GPU: the composed Segments
  int64_t active_bytes = 0;           // and a sequence's own tokens, loop 1's window with them
  int64_t rest_bytes = 0;             // of the other Blocks: in the host's memory, or on disk alone
  int64_t released_rest_bytes = 0;    // of them, were they kept released on the GPU
  int64_t full_and_window_bytes = 0;  // composed and active tokens as one prompt
  int64_t two_full_bytes = 0;

  int64_t gpu_bytes() const { return segment_bytes + active_bytes; }
};

// Of the largest Blocks last, by length. REQUIRES: not empty.
std::vector<DecileRow> deciles(const engine::ModelConfig& config, std::vector<BlockTokens> blocks);
// The first Blocks are composed, beside `n_active` tokens of one sequence. REQUIRES: a Loop model.
TierRow tier_row(const engine::ModelConfig& config, std::span<const BlockTokens> blocks,
                 int64_t n_composed, int32_t n_active);

// Segments of the workspace, as its model has them on this device.
struct RestoreRates {
  int64_t n_tokens = 0;
  int64_t bytes_per_token = 0;  // on this device
  double encode_s = 0;
  double disk_s = 0;  // by another engine, from files just written: the page cache may have them
  double host_s = 0;  // 0: the CPU has no such tier
};

struct KvMemoryOptions {
  std::string model;  // a folder; its shape and that of `config` are shown
  std::string config = "iquest-40b-loop";
  std::string workspace;  // a folder with source files
  std::string device;
  int32_t n_threads = 0;
  int64_t n_workspace_tokens = 131072;  // Blocks are taken until there are as many
  std::vector<int64_t> composed = {8192, 32768, 131072};
  int32_t n_active_tokens = 1024;
  int64_t n_restored_tokens = 8192;  // how many are encoded, written and brought back
};

struct KvMemoryShape {
  std::string name;
  int64_t token_bytes = 0;
  std::vector<TierRow> rows;
  std::vector<DecileRow> deciles;
};

struct KvMemoryResult {
  std::string device;
  int64_t n_blocks = 0;
  int64_t n_tokens = 0;
  std::vector<KvMemoryShape> shapes;
  RestoreRates rates;
};

// Errors: those of loading the model and of the indexer; InvalidArgument for a model that is not
// trained to read Segments, or a shape that runs once; NotFound where nothing can be indexed.
Result<KvMemoryResult> bench_kv_memory(const KvMemoryOptions& options);

}  // namespace rondo::bench
