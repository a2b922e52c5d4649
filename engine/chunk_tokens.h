// How many rows a step of prefill or of Segment encoding has: as many as keep a keystroke from
// waiting long for the step to end, and no fewer than fill the device.
//
// Thread: pure functions.
#pragma once

#include <cstdint>

#include "engine/device.h"
#include "engine/model_config.h"

namespace rondo::engine {

struct ChunkTokens {
  int32_t prefill = 0;     // multiples of kPageTokens
  int32_t background = 0;  // of work that nobody waits for
};

ChunkTokens chunk_tokens(const ModelConfig& config, const Device& device);

// What a GPU takes, and the CPU.
ChunkTokens gpu_chunk_tokens(const ModelConfig& config);
ChunkTokens cpu_chunk_tokens();

}  // namespace rondo::engine
