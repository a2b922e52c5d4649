// What a measured piece of work cannot do without: the bytes that a step of decoding reads, the
// operations of Segments and of a prompt. Every figure of a benchmark stands beside its own.
//
// Operations are the multiplications and additions of the matrix products and of attention over
// what each row sees.
//
// Thread: pure functions.
#pragma once

#include <cstdint>

#include "engine/model_config.h"
#include "engine/prefill_plan.h"

namespace rondo::bench {

// Of a pass over all weights, each as often as a token reads it.
int64_t weight_bytes(const engine::ModelConfig& config);

// Of `n_tokens` tokens encoded as one Segment.
int64_t segment_flops(const engine::ModelConfig& config, int64_t n_tokens);

struct PromptWork {
  int32_t n_tokens = 0;
  int32_t n_cached = 0;          // leading ones that are there already
  int64_t n_context_tokens = 0;  // of Segments, that loop 0's rows see too
  engine::Loop1Rows loop1_rows = engine::Loop1Rows::kNeeded;
};

// Of a prompt, from its first new token to the logits behind its last.
int64_t prompt_flops(const engine::ModelConfig& config, const PromptWork& work);

}  // namespace rondo::bench
