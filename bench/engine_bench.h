// How fast the engine runs a model: decoding, encoding Segments, cold prefill. Each figure stands
// beside the bytes or operations that it cannot do without, so that a reader sees how far from the
// limit it is.
//
// Thread: the caller's; starts threads of its own for the time of the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace rondo::bench {

struct EngineBenchOptions {
  std::string model;
  std::string config;          // random weights in this shape (named_configs.h) instead of `model`
  int32_t n_layers = 0;        // of them; 0: all
  bool shares_layers = false;  // all have the first one's weights
  bool int8 = false;           // theirs; else bf16
  bool int4 = false;           // theirs, in groups of 128, but for embedding and head
  std::string device;          // as EngineOptions has it
  std::string kernels;         // empty: the fastest
  int32_t n_threads = 0;       // 0: all
  int32_t n_context_tokens = 0;   // composed Segments, for decode
  int32_t n_active_tokens = 512;  // of the prompt
  int32_t n_sequences = 1;        // that decode side by side
  float temperature = 0;          // of drawn tokens, with top-k 20 and top-p 0.85; 0: the likeliest
  int32_t n_tokens = 128;         // decoded a repetition, or encoded Segments' tokens
  int32_t n_beside_tokens = 0;    // of a prompt beside the decoding (beside_prefill.h)
  int32_t n_chunk_tokens = 0;     // rows of its chunks; 0: as many as the engine takes
  int32_t n_repetitions = 5;      // the best and the median are reported
  bool profile = false;           // also says where the time went, by kernel
};

struct DecodeResult {
  std::string device, kernels;
  int32_t n_threads = 0;
  double tokens_per_s = 0;  // of all sequences together, median repetition
  double best_tokens_per_s = 0;
  int64_t bytes_per_step = 0;  // weights as often as they are read, and the K/V of all sequences
  double bytes_per_s = 0;
  // What memory gives in the same run: bytes/s read from a buffer as large as weights and K/V, or
  // on a GPU read and written by a large copy.
  double bandwidth = 0;
  std::string profile;  // of the last repetition, one line a kernel
};

struct PrefillResult {
  std::string device, kernels;
  int32_t n_threads = 0;
  double segment_tokens_per_s = 0;  // encoding Segments of about 300 tokens
  double segment_flops_per_s = 0;
  double active_ms = 0;  // cold active window of n_active_tokens, both loops, to the first logits
  double active_flops_per_s = 0;
  // Of the multiply-adds that these kernels use (AMX bf16, else FMA), on registers, or of a GPU
  // library's large product; in the same run.
  double peak_flops_per_s = 0;
  int64_t active_flops = 0;                     // what the trapezoid leaves of it
  std::string segment_profile, active_profile;  // of the last repetition, one line a kernel
};

// From before the device is opened to the first token, in this process: what the program's own
// start takes comes on top.
struct StartResult {
  std::string device, kernels;
  int64_t weight_bytes = 0;
  double device_ms = 0;       // the driver and its context
  double weights_ms = 0;      // configuration and weights
  double pool_ms = 0;         // the K/V pages
  double first_token_ms = 0;  // a cold prompt of n_active_tokens, and a token of decoding
  double next_token_ms = 0;   // the token behind that
  double total_ms = 0;        // of all but the last
};

// Errors: those of loading the model.
Result<StartResult> bench_start(const EngineBenchOptions& options);
Result<DecodeResult> bench_decode(const EngineBenchOptions& options);
Result<PrefillResult> bench_prefill(const EngineBenchOptions& options);

}  // namespace rondo::bench
