#include "engine/safetensors_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <tuple>

#include "base/json.h"

namespace rondo::engine {
namespace {

constexpr size_t kDataAlignment = 64;

using Shard = std::vector<const TensorToWrite*>;

int64_t shard_bytes(const Shard& shard) {
  int64_t bytes = 0;
  for (const TensorToWrite* tensor : shard) bytes += tensor->n_bytes();
  return bytes;
}

// REQUIRES: `tensors` are sorted by name.
std::vector<Shard> deal(const std::vector<TensorToWrite>& tensors, int64_t total_bytes,
                        int64_t n_shards) {
  std::vector<Shard> shards(static_cast<size_t>(n_shards));
  int64_t begin = 0;
  for (const TensorToWrite& tensor : tensors) {
    const int64_t place = total_bytes == 0 ? 0 : std::min(begin, total_bytes - 1) * n_shards;
    shards[static_cast<size_t>(total_bytes == 0 ? 0 : place / total_bytes)].push_back(&tensor);
    begin += tensor.n_bytes();
  }
  return shards;
}

std::vector<Shard> deal_within(const std::vector<TensorToWrite>& tensors, int64_t total_bytes,
                               int64_t max_shard_bytes) {
  int64_t limit = max_shard_bytes;
  for (const TensorToWrite& tensor : tensors) limit = std::max(limit, 4 * tensor.n_bytes());
  // A shard is at most its even share and one tensor, so this ends.
  for (int64_t n_shards = 2;; ++n_shards) {
    std::vector<Shard> shards = deal(tensors, total_bytes, n_shards);
    const bool all_small = std::ranges::all_of(shards, [&](const Shard& shard) {
      return shard_bytes(shard) < std::max<int64_t>(limit, 1);
    });
    if (all_small) return shards;
  }
}

std::string header_of(const Shard& shard) {
  OrderedJson header;
  header["__metadata__"]["format"] = "pt";
  int64_t offset = 0;
  for (const TensorToWrite* tensor : shard) {
    const int64_t end = offset + tensor->n_bytes();
    header[tensor->name] = {{"dtype", dtype_name(tensor->dtype)},
                            {"shape", tensor->shape},
                            {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = dump_json(header);
  const uint64_t bytes = sizeof(uint64_t) + text.size();
  text.append((kDataAlignment - bytes % kDataAlignment) % kDataAlignment, ' ');
  return text;
}

Status cannot_write(const std::string& path) {
  return resource_exhausted_error("cannot write " + path + ": " + std::strerror(errno));
}

Status write_shard(const std::string& path, Shard shard,
                   const std::function<void(int64_t bytes)>& written) {
  std::ranges::sort(shard, {}, [](const TensorToWrite* tensor) {
    return std::tuple(-dtype_bytes(tensor->dtype), std::string_view(tensor->name));
  });
  std::ofstream file(path, std::ios::binary);
  const std::string header = header_of(shard);
  const uint64_t header_bytes = header.size();
  file.write(reinterpret_cast<const char*>(&header_bytes), sizeof header_bytes);
  file << header;
  std::vector<std::byte> bytes;
  for (const TensorToWrite* tensor : shard) {
    bytes.resize(static_cast<size_t>(tensor->n_bytes()));
    RETURN_IF_ERROR(tensor->fill(bytes));
    if (!file.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes))) break;
    written(std::ssize(bytes));
  }
  file.close();
  return file ? Status() : cannot_write(path);
}

}  // namespace

int64_t TensorToWrite::n_bytes() const {
  int64_t bytes = dtype_bytes(dtype);
  for (const int64_t dim : shape) bytes *= dim;
  return bytes;
}

Status write_file(const std::string& path, std::string_view content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.close();
  return file ? Status() : cannot_write(path);
}

Status write_shards(const std::string& folder, std::vector<TensorToWrite> tensors,
                    const ShardOptions& options) {
  std::ranges::sort(tensors, {}, &TensorToWrite::name);
  int64_t total_bytes = 0, done_bytes = 0;
  for (const TensorToWrite& tensor : tensors) total_bytes += tensor.n_bytes();
  const std::vector<Shard> shards = deal_within(tensors, total_bytes, options.max_shard_bytes);
  const auto written = [&](int64_t bytes) {
    done_bytes += bytes;
    if (options.progress) {
      options.progress(static_cast<double>(done_bytes) / static_cast<double>(total_bytes));
    }
  };
  OrderedJson index;
  index["metadata"]["total_size"] = total_bytes;
  OrderedJson& weight_map = index["weight_map"];
  for (size_t i = 0; i < shards.size(); ++i) {
    char name[64];
    std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, shards.size());
    RETURN_IF_ERROR(write_shard(folder + "/" + name, shards[i], written));
    for (const TensorToWrite* tensor : shards[i]) weight_map[tensor->name] = name;
  }
  return write_file(folder + "/model.safetensors.index.json", dump_json(index, 1) + "\n");
}

}  // namespace rondo::engine
