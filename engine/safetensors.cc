#include "engine/safetensors.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "base/json.h"

namespace rondo::engine {
namespace {

// The header's limit in the format's own implementation.
constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr char kSingleFile[] = "model.safetensors";
constexpr char kIndexFile[] = "model.safetensors.index.json";

struct DTypeRow {
  std::string_view name;
  DType dtype;
  int64_t bytes;
};
constexpr DTypeRow kDTypes[] = {
    {"F32", DType::kF32, 4}, {"F16", DType::kF16, 2}, {"BF16", DType::kBf16, 2},
    {"I8", DType::kI8, 1},   {"U8", DType::kU8, 1},   {"I32", DType::kI32, 4},
    {"I64", DType::kI64, 8},
};

std::string quote(std::string_view name) { return "\"" + std::string(name) + "\""; }

Status bad_tensor(std::string_view file, std::string_view name, const std::string& reason) {
  return corruption_error(std::string(file) + ": tensor " + quote(name) + " " + reason);
}

// A JSON integer that fits int64_t and is not negative.
std::optional<int64_t> as_size(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  if (json.is_number_unsigned() &&
      json.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return std::nullopt;
  }
  const auto size = json.get<int64_t>();
  return size < 0 ? std::nullopt : std::optional(size);
}

// An array of sizes, or nothing.
std::optional<std::vector<int64_t>> as_sizes(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_array()) return std::nullopt;
  std::vector<int64_t> sizes;
  for (const Json& element : *it) {
    const auto size = as_size(element);
    if (!size) return std::nullopt;
    sizes.push_back(*size);
  }
  return sizes;
}

// dtype size times every dimension, or nothing when that overflows.
std::optional<int64_t> tensor_bytes(int64_t dtype_bytes, const std::vector<int64_t>& shape) {
  int64_t bytes = dtype_bytes;
  for (const int64_t dim : shape) {
    if (__builtin_mul_overflow(bytes, dim, &bytes)) return std::nullopt;
  }
  return bytes;
}

// One entry of the header: its place is checked against the data section and its own shape.
Result<Tensor> parse_tensor(std::string_view file, const std::string& name, const Json& entry,
                            std::span<const std::byte> data) {
  if (!entry.is_object()) return bad_tensor(file, name, "is not described by an object");
  Tensor tensor;
  tensor.file = file;
  const std::string dtype = json_get<std::string>(entry, "dtype").value_or("");
  const auto* row = std::ranges::find(kDTypes, dtype, &DTypeRow::name);
  if (row == std::end(kDTypes)) {
    return bad_tensor(file, name, "has dtype " + quote(dtype) + ", which is not supported");
  }
  tensor.dtype = row->dtype;
  auto shape = as_sizes(entry, "shape");
  if (!shape) return bad_tensor(file, name, "has no valid shape");
  tensor.shape = std::move(*shape);
  const auto bytes = tensor_bytes(row->bytes, tensor.shape);
  if (!bytes) return bad_tensor(file, name, "is larger than any file: " + to_string(tensor.shape));

  const auto offsets = as_sizes(entry, "data_offsets");
  if (!offsets || offsets->size() != 2) return bad_tensor(file, name, "has no valid data_offsets");
  const int64_t begin = (*offsets)[0], end = (*offsets)[1];
  if (begin > end || end > std::ssize(data)) {
    return bad_tensor(file, name,
                      "lies at bytes " + std::to_string(begin) + " to " + std::to_string(end) +
                          " of a data section of " + std::to_string(data.size()) +
                          " bytes: the file is truncated or its header is wrong");
  }
  if (end - begin != *bytes) {
    return bad_tensor(file, name,
                      "of shape " + to_string(tensor.shape) + " and dtype " + dtype + " needs " +
                          std::to_string(*bytes) + " bytes but has " + std::to_string(end - begin));
  }
  tensor.bytes = data.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  return tensor;
}

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

// The format's rule: in order of their offsets the tensors cover the data section without overlap,
// hole or rest.
Status check_coverage(std::string_view file, std::span<const std::byte> data,
                      const NamedTensors& tensors) {
  std::vector<const std::pair<std::string, Tensor>*> sorted;
  for (const auto& named : tensors) sorted.push_back(&named);
  std::ranges::sort(sorted, {}, [](const auto* named) {
    return std::pair(named->second.bytes.data(), named->second.bytes.size());
  });
  const std::byte* covered = data.data();
  for (const auto* named : sorted) {
    const auto& bytes = named->second.bytes;
    if (bytes.data() < covered) return bad_tensor(file, named->first, "overlaps another tensor");
    if (bytes.data() > covered) {
      return bad_tensor(
          file, named->first,
          "follows " + std::to_string(bytes.data() - covered) + " bytes that belong to no tensor");
    }
    covered += bytes.size();
  }
  if (covered != data.data() + data.size()) {
    return corruption_error(std::string(file) + ": its last " +
                            std::to_string(data.data() + data.size() - covered) +
                            " bytes belong to no tensor");
  }
  return {};
}

Result<NamedTensors> parse_file(std::string_view file, std::span<const std::byte> bytes) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) {
    return corruption_error(std::string(file) + " has " + std::to_string(bytes.size()) +
                            " bytes: it is empty or truncated");
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  const auto body = bytes.subspan(sizeof header_bytes);
  if (header_bytes > kMaxHeaderBytes || header_bytes > body.size()) {
    return corruption_error(std::string(file) + " says that its header has " +
                            std::to_string(header_bytes) + " bytes, but " +
                            std::to_string(body.size()) +
                            " follow: it is truncated or not a safetensors file");
  }
  const std::string_view header(reinterpret_cast<const char*>(body.data()), header_bytes);
  auto json = parse_json_unique(header, std::string(file) + ": the header");
  if (!json.ok()) return corruption_error(json.status().message());
  if (!json->is_object()) {
    return corruption_error(std::string(file) + ": the header is not an object");
  }
  const auto data = body.subspan(header_bytes);
  NamedTensors tensors;
  for (const auto& [name, entry] : json->items()) {
    if (name == "__metadata__") continue;
    ASSIGN_OR_RETURN(Tensor tensor, parse_tensor(file, name, entry, data));
    tensors.emplace_back(name, std::move(tensor));
  }
  RETURN_IF_ERROR(check_coverage(file, data, tensors));
  return tensors;
}

// Tensor name to shard, as the index file says.
Result<std::map<std::string, std::string>> parse_index(const std::string& path) {
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  auto json = parse_json_unique(file.text(), path);
  if (!json.ok()) return corruption_error(json.status().message());
  if (!json->is_object() || !json->contains("weight_map") || !(*json)["weight_map"].is_object()) {
    return corruption_error(path + " has no object \"weight_map\"");
  }
  std::map<std::string, std::string> shards;
  for (const auto& [name, shard] : (*json)["weight_map"].items()) {
    if (!shard.is_string() || shard.get<std::string>().empty() ||
        shard.get<std::string>().find('/') != std::string::npos) {
      return corruption_error(path + ": the shard of tensor " + quote(name) +
                              " is not a file name");
    }
    shards[name] = shard.get<std::string>();
  }
  if (shards.empty()) return corruption_error(path + " names no tensor");
  return shards;
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

std::string_view dtype_name(DType dtype) {
  return std::ranges::find(kDTypes, dtype, &DTypeRow::dtype)->name;
}

int64_t dtype_bytes(DType dtype) {
  return std::ranges::find(kDTypes, dtype, &DTypeRow::dtype)->bytes;
}

std::string to_string(std::span<const int64_t> shape) {
  std::string text = "[";
  for (const int64_t dim : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(dim);
  }
  return text + "]";
}

Result<TensorFolder> TensorFolder::open(const std::string& folder) {
  TensorFolder opened;
  opened.folder_ = folder;
  if (exists(folder + "/" + kSingleFile)) {
    RETURN_IF_ERROR(opened.add_file(folder + "/" + kSingleFile));
    return opened;
  }
  const std::string index = folder + "/" + kIndexFile;
  if (!exists(index)) {
    return not_found_error(folder + " has neither " + kSingleFile + " nor " + kIndexFile +
                           ": it is not a model folder in the safetensors format");
  }
  ASSIGN_OR_RETURN(const auto shards, parse_index(index));
  std::set<std::string> files;
  for (const auto& [name, shard] : shards) files.insert(folder + "/" + shard);
  for (const std::string& file : files) {
    Status added = opened.add_file(file);
    if (added.code() == Code::kNotFound) {
      return not_found_error(index + " names a shard that is not there: " + added.message());
    }
    RETURN_IF_ERROR(std::move(added));
  }
  for (const auto& [name, shard] : shards) {
    const auto it = opened.tensors_.find(name);
    if (it == opened.tensors_.end() || it->second.file != folder + "/" + shard) {
      return corruption_error(index + " says that " + shard + " holds tensor " + quote(name) +
                              ", but it does not");
    }
  }
  return opened;
}

Status TensorFolder::add_file(const std::string& path) {
  ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  file_names_.push_back(std::make_unique<const std::string>(path));
  ASSIGN_OR_RETURN(NamedTensors tensors, parse_file(*file_names_.back(), file.bytes()));
  files_.push_back(std::move(file));
  for (auto& [name, tensor] : tensors) {
    const auto [it, added] = tensors_.try_emplace(name, std::move(tensor));
    if (!added) {
      return corruption_error("tensor " + quote(name) + " is in both " +
                              std::string(it->second.file) + " and " + path);
    }
  }
  return {};
}

bool TensorFolder::has(std::string_view name) const { return tensors_.contains(name); }

Result<Tensor> TensorFolder::tensor(std::string_view name) const {
  const auto it = tensors_.find(name);
  if (it == tensors_.end()) {
    return not_found_error(folder_ + " has no tensor " + quote(name) +
                           ": the weights do not fit config.json, or the folder is incomplete");
  }
  return it->second;
}

Result<Tensor> TensorFolder::tensor(std::string_view name, std::span<const int64_t> shape) const {
  ASSIGN_OR_RETURN(Tensor found, tensor(name));
  if (!std::ranges::equal(found.shape, shape)) {
    return bad_tensor(
        found.file, name,
        "has shape " + to_string(found.shape) + " where config.json needs " + to_string(shape));
  }
  return found;
}

}  // namespace rondo::engine
