// Writes tensors as shards of safetensors files with their index.
//
//   deal    tensors in order of their names, evenly by bytes over n shards; where a tensor's first
//           byte falls decides; n is the least count from 2 on that keeps every shard small enough
//   shard   wide types first, for their alignment, and by name among equals; the data begins at a
//           multiple of 64 bytes
//
// Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/safetensors.h"

namespace rondo::engine {

// A tensor to be written: its bytes are made when their turn comes, so that one at a time is in
// memory.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::function<Status(std::span<std::byte> out)> fill;  // writes n_bytes() bytes

  int64_t n_bytes() const;
};

struct ShardOptions {
  int64_t max_shard_bytes =
      50'000'000;  // of data; four times the largest tensor where that is more
  std::function<void(double share)> progress;  // after each tensor; may be empty
};

// Writes model-0000i-of-0000n.safetensors and model.safetensors.index.json into `folder`, which
// exists. REQUIRES: the names differ.
// Errors: ResourceExhausted when a file cannot be written, and those of fill().
Status write_shards(const std::string& folder, std::vector<TensorToWrite> tensors,
                    const ShardOptions& options);

// Writes a whole file. Errors: ResourceExhausted naming it.
Status write_file(const std::string& path, std::string_view content);

}  // namespace rondo::engine
