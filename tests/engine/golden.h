// Golden cases: token ids with their layout and the logits that an independent model computed
// (scripts/oracle).
#pragma once

#include <string>
#include <vector>

#include "engine/request.h"

namespace rondo::engine {

struct GoldenTop {
  int32_t slot = 0;          // of the active tokens
  std::vector<int32_t> ids;  // the 20 likeliest, best first
  std::vector<float> logits;
};

struct GoldenCase {
  std::string name;
  std::vector<SegmentInput> segments;
  TokenIds active;
  std::vector<GoldenTop> tops;
  std::vector<int32_t> row_slots;        // active slots with all logits
  std::vector<std::vector<float>> rows;  // f32 [V] each
  TokenIds greedy;
};

// The cases of `folder`/golden.json and golden_rows.safetensors. Fails the test when they cannot be
// read.
std::vector<GoldenCase> read_golden(const std::string& folder);

}  // namespace rondo::engine
