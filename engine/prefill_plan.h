// Which rows of a prompt each layer has to see: the trapezoid of Loop models, and where a cached
// sequence can go on.
//
// Loop 1's local branch reaches back window - 1 keys a layer, so the last row depends on loop 1 at
// fewer positions the deeper the layer: loop 1 is computed for those alone, which is exact
// (ARCHITECTURE.md, Segments). `margin` more positions are kept computed, so that a prompt that
// changes near its end finds the keys it needs.
//
// Thread: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model_config.h"

namespace rondo::engine {

// The rows of one layer, as absolute slots of the active sequence.
struct LayerRange {
  int32_t keys_from = 0;     // K/V are computed for slots [keys_from, n)
  int32_t outputs_from = 0;  // attention and feed-forward for slots [outputs_from, n)
};

// The rows that loop 1 computes.
enum class Loop1Rows {
  kNeeded,  // the trapezoid
  kAll      // all, of both loops chunk by chunk: the same answer, to measure and to test against
};

struct PrefillPlan {
  int32_t n_cached = 0;     // slots [0, n_cached) need no work at all
  bool restarts = false;    // loop 1 cannot go on from its cached keys: they are to be dropped
  int32_t window_from = 0;  // nothing reads loop 1's keys of earlier slots, nor are they computed
  std::vector<LayerRange> loop0;  // [L]
  std::vector<LayerRange> loop1;  // [L]; empty for models that run once
};

struct PrefillGoal {
  int32_t n_tokens = 0;      // active tokens after this prefill
  int32_t n_matching = 0;    // leading ones that the cached sequence already has, < n_tokens
  int32_t n_shared = 0;      // leading ones in pages that are not written to: there it begins where
                             // a page ends
  int32_t first_output = 0;  // final hidden states are wanted for slots [first_output, n_tokens)
  int32_t margin = 0;
  Loop1Rows loop1_rows = Loop1Rows::kNeeded;
};

// A prefill's loop 1 needs keys of at most so many slots at its end, where `n_outputs` final hidden
// states are wanted.
inline size_t trapezoid_tokens(const ModelConfig& config, size_t n_outputs, int32_t margin) {
  return n_outputs + static_cast<size_t>(margin + (config.loop_window - 1) * config.n_layers);
}

// `valid_from[l]` says from which slot on the cached sequence has loop 1's keys of layer l.
PrefillPlan plan_prefill(const ModelConfig& config, const PrefillGoal& goal,
                         std::span<const int32_t> valid_from);

}  // namespace rondo::engine
