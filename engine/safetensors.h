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
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/status.h"

namespace rondo::engine {

enum class DType { kF32, kF16, kBf16, kI8, kU8, kI32, kI64 };
std::string_view dtype_name(DType dtype);  // as the format spells it: "BF16"
int64_t dtype_bytes(DType dtype);
std::string to_string(std::span<const int64_t> shape);  // "[16384, 640]"

struct Tensor {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  // little-endian, row-major; as aligned as the file has it
  std::string_view file;             // its shard, for messages
};

class TensorFolder {
 public:
  // Maps every shard and checks every header against its file: length, dtypes, shapes, and that the
  // tensors cover the data without overlap or hole. model.safetensors is preferred to an index.
  // The files must not shrink while they are open.
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
  Status add_file(const std::string& path);

  std::string folder_;
  std::vector<MappedFile> files_;
  std::vector<std::unique_ptr<const std::string>> file_names_;  // Tensor::file views them
  std::map<std::string, Tensor, std::less<>> tensors_;
};

}  // namespace rondo::engine
