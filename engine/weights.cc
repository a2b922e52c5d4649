// Tensor names are Hugging Face's for Llama; Qwen2 adds self_attn.{q,k,v}_proj.bias, LoopCoder
// model.gate_projections.{i}.{weight,bias}.
//
//   checkpoint   matrices   BF16, or F16 / F32 rounded to bf16 (nearest, ties to even), or
//                           I8 with X_scale, [N, 1] or [N], BF16 or rounded to it, or
//                           4 bits as int4_tensors.h has them
//                vectors    BF16, F16 or F32, widened to float (exact)
//
// Whether a matrix is quantised is said by its own tensors: releases keep some in bf16. A tensor
// that nothing asked for means that config.json describes another model, and is refused.
#include "engine/weights.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

#include "engine/checkpoint_reader.h"
#include "engine/matrix_source.h"
#include "engine/tensor_upload.h"
#include "kernels/launch.h"

namespace rondo::engine {
namespace {

using kernels::PackedMatrix;
using kernels::RowMajorMatrix;
using kernels::WeightType;

// Below this size the digest reads every byte; above, kSampleBytes of every kSampleStride and the
// end of each tensor.
constexpr int64_t kWholeDigestBytes = 1ll << 30;
constexpr size_t kSampleBytes = 4096;
constexpr size_t kSampleStride = 1 << 20;

constexpr int64_t kAlignment = 256;        // of what lies in the device's block
constexpr int64_t kReadBytes = 256 << 10;  // that a thread reads at a time

// Rows that the mapped file does not hold as they are needed.
struct RowBuffer {
  std::vector<std::byte> data, scales, zeros;
};

// The rows of `sources`: the file's own bytes where they serve, else a copy in `buffer`.
const std::byte* joined(const std::vector<RowSource>& sources, std::vector<std::byte>& buffer,
                        kernels::Stream stream) {
  if (sources.size() == 1 && sources[0].in_place != nullptr) return sources[0].in_place;
  int64_t n_bytes = 0;
  for (const RowSource& rows : sources) n_bytes += rows.n_bytes();
  buffer.resize(static_cast<size_t>(n_bytes));
  std::byte* to = buffer.data();
  for (const RowSource& rows : sources) {
    const int64_t grain = std::max<int64_t>(8, kReadBytes / rows.row_bytes / 8 * 8);
    kernels::parallel_for(stream, rows.n, grain, [&](int64_t begin, int64_t end) {
      rows.read(begin, end - begin, to + begin * rows.row_bytes);
    });
    to += rows.n_bytes();
  }
  return buffer.data();
}

// `source` as one matrix, whose bytes are valid as long as `buffer`.
RowMajorMatrix row_major(const MatrixSource& source, RowBuffer& buffer, kernels::Stream stream) {
  RowMajorMatrix matrix = {.n = source.n, .k = source.k, .type = source.type};
  matrix.data = joined(source.data, buffer.data, stream);
  if (source.type != WeightType::kBf16)
    matrix.scales = reinterpret_cast<const uint16_t*>(joined(source.scales, buffer.scales, stream));
  if (source.type == WeightType::kInt4Zeros)
    matrix.zeros = reinterpret_cast<const uint8_t*>(joined(source.zeros, buffer.zeros, stream));
  return matrix;
}

int64_t aligned(int64_t n_bytes) { return (n_bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct PackJob {
  MatrixSource source;
  PackedMatrix* out = nullptr;
};

struct VectorJob {
  std::vector<float> values;
  std::span<const float>* out = nullptr;

  int64_t n_bytes() const { return aligned(std::ssize(values) * int64_t{sizeof(float)}); }
};

// Everything that load has to bring to the device, and where its address goes.
struct Jobs {
  std::vector<PackJob> matrices;
  std::vector<VectorJob> vectors;
};

// The biases of q, k and v of a layer, one after the other.
Status read_qkv_bias(CheckpointReader& reader, const ModelConfig& config, const std::string& layer,
                     std::vector<float>& out) {
  const int64_t kv_rows = config.n_kv_heads * config.head_dim;
  for (const auto& [module, n_rows] :
       {std::pair{"q_proj", int64_t{config.n_heads} * config.head_dim},
        {"k_proj", kv_rows},
        {"v_proj", kv_rows}}) {
    std::vector<float> part;
    RETURN_IF_ERROR(reader.vector(layer + "self_attn." + module + ".bias", {n_rows}, part));
    out.insert(out.end(), part.begin(), part.end());
  }
  return {};
}

// Reads one layer's vectors and adds them and its matrices to `jobs`.
Status read_layer(CheckpointReader& reader, const ModelConfig& config, int32_t index,
                  LayerWeights& layer, Jobs& jobs) {
  const std::string name = "model.layers." + std::to_string(index) + ".";
  const int32_t hidden = config.hidden_size, ffn = config.intermediate_size;
  const int32_t q_rows = config.n_heads * config.head_dim;
  const int32_t kv_rows = config.n_kv_heads * config.head_dim;
  const auto add = [&](const std::vector<CheckpointReader::Part>& parts, int32_t k,
                       PackedMatrix& out) -> Status {
    ASSIGN_OR_RETURN(MatrixSource source, reader.matrix(parts, k));
    jobs.matrices.push_back({std::move(source), &out});
    return {};
  };
  const auto add_vector = [&](const std::string& tensor, std::vector<int64_t> shape,
                              std::span<const float>& out) -> Status {
    jobs.vectors.push_back({.out = &out});
    return reader.vector(tensor, std::move(shape), jobs.vectors.back().values);
  };
  RETURN_IF_ERROR(add_vector(name + "input_layernorm.weight", {hidden}, layer.input_norm));
  RETURN_IF_ERROR(add({{name + "self_attn.q_proj", q_rows},
                       {name + "self_attn.k_proj", kv_rows},
                       {name + "self_attn.v_proj", kv_rows}},
                      hidden, layer.qkv));
  if (config.qkv_bias) {
    jobs.vectors.push_back({.out = &layer.qkv_bias});
    RETURN_IF_ERROR(read_qkv_bias(reader, config, name, jobs.vectors.back().values));
  }
  RETURN_IF_ERROR(add({{name + "self_attn.o_proj", hidden}}, q_rows, layer.o));
  RETURN_IF_ERROR(add_vector(name + "post_attention_layernorm.weight", {hidden}, layer.post_norm));
  RETURN_IF_ERROR(
      add({{name + "mlp.gate_proj", ffn}, {name + "mlp.up_proj", ffn}}, hidden, layer.gate_up));
  RETURN_IF_ERROR(add({{name + "mlp.down_proj", hidden}}, ffn, layer.down));
  if (config.architecture == Architecture::kLoopCoder) {
    const std::string gate = "model.gate_projections." + std::to_string(index) + ".";
    RETURN_IF_ERROR(
        add_vector(gate + "weight", {config.n_heads, config.head_dim}, layer.loop_gate));
    RETURN_IF_ERROR(add_vector(gate + "bias", {config.n_heads}, layer.loop_gate_bias));
  }
  return {};
}

// Its parts, as far as its type has them.
std::vector<const std::vector<RowSource>*> parts_of(const MatrixSource& source) {
  std::vector<const std::vector<RowSource>*> parts = {&source.data};
  if (source.type != WeightType::kBf16) parts.push_back(&source.scales);
  if (source.type == WeightType::kInt4Zeros) parts.push_back(&source.zeros);
  return parts;
}

// What add_rows brings of `source`.
int64_t rows_bytes(const MatrixSource& source) {
  int64_t n = 0;
  for (const auto* part : parts_of(source)) {
    for (const RowSource& rows : *part) n += rows.n_bytes();
    n = aligned(n);
  }
  return n;
}

// Brings `source` to `at` in the device's memory, rows_bytes() bytes; what it is there.
RowMajorMatrix add_rows(const MatrixSource& source, std::byte* at, TensorUpload& upload) {
  RowMajorMatrix matrix = {.n = source.n, .k = source.k, .type = source.type};
  std::vector<const std::byte*> places;
  std::byte* to = at;
  for (const auto* part : parts_of(source)) {
    places.push_back(to);
    for (const RowSource& rows : *part) {
      upload.add(rows, to);
      to += rows.n_bytes();
    }
    to = at + aligned(to - at);
  }
  matrix.data = places[0];
  if (places.size() > 1) matrix.scales = reinterpret_cast<const uint16_t*>(places[1]);
  if (places.size() > 2) matrix.zeros = reinterpret_cast<const uint8_t*>(places[2]);
  return matrix;
}

// Matrices of random values around 2^-7, all from one block that is as large as the largest.
class RandomTensors {
 public:
  explicit RandomTensors(const ModelConfig& config) : format_(config.weight_format) {
    const int64_t widest = std::max<int64_t>(
        {config.vocab_size, config.qkv_dim(), int64_t{2} * config.intermediate_size});
    const int64_t deepest = std::max<int64_t>(config.hidden_size, config.intermediate_size);
    values_.resize(
        static_cast<size_t>(std::max(widest * config.hidden_size, deepest * config.hidden_size)));
    std::minstd_rand random(1);
    // Of a bf16: the sign, the exponent of [2^-7, 2^-6), seven random bits.
    for (uint16_t& value : values_) value = static_cast<uint16_t>((random() & 0x807f) | 0x3c00);
    // 2^-15, for int4 a group each.
    scales_.resize(static_cast<size_t>(std::max(widest * n_groups(config.hidden_size),
                                                deepest * n_groups(config.intermediate_size))),
                   0x3800);
  }

  // Valid as long as this object.
  MatrixSource matrix(int32_t n, int32_t k) const {
    switch (format_) {
      case WeightFormat::kBf16:
        return unquantized(n, k);
      case WeightFormat::kInt8Channel:
        return quantized(n, k, WeightType::kInt8, k, 1);
      case WeightFormat::kInt4Group:
        return quantized(n, k, WeightType::kInt4, int64_t{4} * ((k + 7) / 8), n_groups(k));
    }
    return {};
  }
  // Of the embedding and the head.
  MatrixSource vocabulary(int32_t n, int32_t k) const {
    return format_ == WeightFormat::kInt4Group ? unquantized(n, k) : matrix(n, k);
  }

 private:
  // Of a row of int4 weights.
  static int64_t n_groups(int32_t k) { return (k + kernels::kInt4Group - 1) / kernels::kInt4Group; }
  MatrixSource unquantized(int32_t n, int32_t k) const {
    return {.data = {rows(values_, n, int64_t{2} * k)}, .n = n, .k = k};
  }
  MatrixSource quantized(int32_t n, int32_t k, WeightType type, int64_t row_bytes,
                         int64_t row_scales) const {
    return {.data = {rows(values_, n, row_bytes)},
            .scales = {rows(scales_, n, 2 * row_scales)},
            .n = n,
            .k = k,
            .type = type};
  }
  static RowSource rows(const std::vector<uint16_t>& from, int64_t n, int64_t row_bytes) {
    return {.n = n,
            .row_bytes = row_bytes,
            .in_place = reinterpret_cast<const std::byte*>(from.data())};
  }

  const WeightFormat format_;
  std::vector<uint16_t> values_, scales_;
};

// Every tensor's name, dtype, shape and bytes, in order of names: how they are dealt to shards does
// not count.
Hash128 digest_of(const TensorFolder& tensors) {
  int64_t total_bytes = 0;
  for (const auto& [name, tensor] : tensors.tensors()) total_bytes += std::ssize(tensor.bytes);
  Hash128 digest;
  for (const auto& [name, tensor] : tensors.tensors()) {
    digest = hash_combine(digest, hash_text(name + " " + std::string(dtype_name(tensor.dtype)) +
                                            to_string(tensor.shape)));
    if (total_bytes <= kWholeDigestBytes) {
      digest = hash_combine(digest, hash_bytes(tensor.bytes));
      continue;
    }
    for (size_t begin = 0; begin < tensor.bytes.size(); begin += kSampleStride) {
      const size_t n = std::min(kSampleBytes, tensor.bytes.size() - begin);
      digest = hash_combine(digest, hash_bytes(tensor.bytes.subspan(begin, n)));
    }
    digest = hash_combine(
        digest, hash_bytes(tensor.bytes.last(std::min(kSampleBytes, tensor.bytes.size()))));
  }
  return digest;
}

}  // namespace

struct Weights::Storage {
  TensorFolder tensors;
  std::unique_ptr<const RandomTensors> random;
  RowBuffer embedding;  // when the file's own bytes do not serve
  DeviceMemory packed;
};

Weights::Weights() : storage_(std::make_unique<Storage>()) {}
Weights::Weights(Weights&&) noexcept = default;
Weights& Weights::operator=(Weights&&) noexcept = default;
Weights::~Weights() = default;

struct Weights::Plan {
  MatrixSource embedding;
  Jobs jobs;
};

Result<Weights::Plan> Weights::read(const std::string& folder, const ModelConfig& config) {
  ASSIGN_OR_RETURN(storage_->tensors, TensorFolder::open(folder));
  CheckpointReader reader(storage_->tensors, config);
  const int32_t vocab = config.vocab_size, hidden = config.hidden_size;
  Plan plan;
  ASSIGN_OR_RETURN(plan.embedding, reader.matrix({{"model.embed_tokens", vocab}}, hidden));
  layers_.resize(static_cast<size_t>(config.n_layers));
  for (int32_t i = 0; i < config.n_layers; ++i) {
    RETURN_IF_ERROR(read_layer(reader, config, i, layers_[static_cast<size_t>(i)], plan.jobs));
  }
  plan.jobs.vectors.push_back({.out = &final_norm_});
  RETURN_IF_ERROR(reader.vector("model.norm.weight", {hidden}, plan.jobs.vectors.back().values));
  MatrixSource head = plan.embedding;
  if (!config.tied_embeddings) {
    ASSIGN_OR_RETURN(head, reader.matrix({{"lm_head", vocab}}, hidden));
  }
  plan.jobs.matrices.push_back({std::move(head), &head_});
  RETURN_IF_ERROR(reader.check_all_used());
  return plan;
}

Status Weights::check(const std::string& folder, const ModelConfig& config) {
  return Weights().read(folder, config).status();
}

Result<Weights> Weights::load(const std::string& folder, const ModelConfig& config,
                              Device& device) {
  Weights weights;
  ASSIGN_OR_RETURN(const Plan plan, weights.read(folder, config));
  // Beside the rest: both wait for the disk and for memory.
  std::jthread digest([&] { weights.digest_ = digest_of(weights.storage_->tensors); });
  const Status placed = weights.place(plan, device);
  digest.join();
  RETURN_IF_ERROR(placed);
  return weights;
}

Result<Weights> Weights::random(const ModelConfig& config, Device& device, RandomLayers layers) {
  Weights weights;
  auto& tensors = *(weights.storage_->random = std::make_unique<const RandomTensors>(config));
  const int32_t hidden = config.hidden_size, ffn = config.intermediate_size;
  const int32_t width = config.n_heads * config.head_dim;
  Plan plan = {.embedding = tensors.vocabulary(config.vocab_size, hidden)};
  const auto add_ones = [&](int64_t n, std::span<const float>& out) {
    plan.jobs.vectors.push_back({std::vector<float>(static_cast<size_t>(n), 1.0f), &out});
  };
  const auto n_layers = static_cast<size_t>(config.n_layers);
  weights.layers_.resize(layers == RandomLayers::kShared ? 1 : n_layers);
  for (LayerWeights& layer : weights.layers_) {
    plan.jobs.matrices.push_back({tensors.matrix(config.qkv_dim(), hidden), &layer.qkv});
    plan.jobs.matrices.push_back({tensors.matrix(hidden, width), &layer.o});
    plan.jobs.matrices.push_back({tensors.matrix(2 * ffn, hidden), &layer.gate_up});
    plan.jobs.matrices.push_back({tensors.matrix(hidden, ffn), &layer.down});
    add_ones(hidden, layer.input_norm);
    add_ones(hidden, layer.post_norm);
    if (config.qkv_bias) add_ones(config.qkv_dim(), layer.qkv_bias);
    if (config.architecture != Architecture::kLoopCoder) continue;
    add_ones(width, layer.loop_gate);
    add_ones(config.n_heads, layer.loop_gate_bias);
  }
  add_ones(hidden, weights.final_norm_);
  plan.jobs.matrices.push_back({tensors.vocabulary(config.vocab_size, hidden), &weights.head_});
  RETURN_IF_ERROR(weights.place(plan, device));
  if (layers == RandomLayers::kShared)
    weights.layers_.assign(n_layers, LayerWeights(weights.layers_[0]));
  return weights;
}

// One block holds everything. What jobs fill in lies in this object (which is moved only when it is
// whole) or on the heap, where `read` saw it.
Status Weights::place(const Plan& plan, Device& device) {
  const kernels::Kernels& kernels = device.kernels();
  for (const auto& [source, out] : plan.jobs.matrices) {
    packed_bytes_ += aligned(kernels.packed_bytes(source.type, source.n, source.k));
  }
  for (const VectorJob& job : plan.jobs.vectors) packed_bytes_ += job.n_bytes();
  if (!device.is_cpu()) packed_bytes_ += rows_bytes(plan.embedding);
  ASSIGN_OR_RETURN(storage_->packed, device.allocate(packed_bytes_));
  std::byte* at = storage_->packed.data();
  for (const auto& [source, out] : plan.jobs.matrices) {
    *out = {.data = at, .n = source.n, .k = source.k, .type = source.type};
    at += aligned(kernels.packed_bytes(source.type, source.n, source.k));
  }
  for (const VectorJob& job : plan.jobs.vectors) {
    device.upload(at, job.values.data(), std::ssize(job.values) * int64_t{sizeof(float)});
    *job.out = {reinterpret_cast<const float*>(at), job.values.size()};
    at += job.n_bytes();
  }
  RETURN_IF_ERROR(device.is_cpu() ? pack_on_cpu(plan, device) : upload(plan, at, device));
  return device.status();
}

Status Weights::pack_on_cpu(const Plan& plan, Device& device) {
  embedding_ = row_major(plan.embedding, storage_->embedding, device.stream());
  RowBuffer buffer;
  for (const auto& [source, out] : plan.jobs.matrices) {
    const RowMajorMatrix matrix = row_major(source, buffer, device.stream());
    device.launched(device.kernels().pack(matrix, const_cast<void*>(out->data), device.stream()),
                    "pack");
  }
  return {};
}

// The embedding to its place, matrices as checkpoints have them to a place that they share, from
// which the device packs them.
Status Weights::upload(const Plan& plan, std::byte* embedding, Device& device) {
  int64_t most_bytes = 0;
  for (const auto& [source, out] : plan.jobs.matrices)
    most_bytes = std::max(most_bytes, rows_bytes(source));
  ASSIGN_OR_RETURN(const DeviceMemory unpacked, device.allocate(most_bytes));
  TensorUpload upload(device);
  embedding_ = add_rows(plan.embedding, embedding, upload);
  for (const auto& [source, out] : plan.jobs.matrices) {
    const RowMajorMatrix matrix = add_rows(source, unpacked.data(), upload);
    upload.then([matrix, out = out, &device] {
      device.launched(device.kernels().pack(matrix, const_cast<void*>(out->data), device.stream()),
                      "pack");
    });
  }
  upload.run();
  return device.status();
}

}  // namespace rondo::engine
