// The tensors of a model folder: model.safetensors, or the shards that model.safetensors.index.json
// names, mapped. Format: https://github.com/huggingface/safetensors (8-byte little-endian header
// length, JSON header, data).
//
// Thread: immutable after open; any thread. Owns the mappings: a Tensor's bytes live as long as its
// TensorFolder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/status.h"

namespace rondo::engine {

enum class DType { kF32, kF16, kBf16, kI8, kU8, kI32, kI64 };

struct Tensor {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  // little-endian, row-major; as aligned as the file has it
  std::string_view file;             // its shard, for messages
};

class TensorFolder {
 public:
  // Maps every shard and checks every header against its file: lengths, overlaps, shapes, dtypes.
  // Errors: NotFound, Corruption naming file and tensor.
  static Result<TensorFolder> open(const std::string& folder);

  // Errors: NotFound naming the tensor and the folder.
  Result<Tensor> tensor(std::string_view name) const;
  // The same, and its shape must be `shape`; else Corruption saying both.
  Result<Tensor> tensor(std::string_view name, std::span<const int64_t> shape) const;
  bool has(std::string_view name) const;
  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::vector<MappedFile> files_;
  std::vector<std::string> file_names_;
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace rondo::engine
