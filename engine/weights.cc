// Tensor names are Hugging Face's for Llama; LoopCoder adds
// model.gate_projections.{i}.{weight,bias}.
//
//   checkpoint   matrices   BF16, or F16 / F32 rounded to bf16 (nearest, ties to even), or
//                           I8 with X_scale, [N, 1] or [N], BF16 or rounded to it
//                vectors    BF16, F16 or F32, widened to float (exact)
//
// Whether a matrix is int8 is said by its own dtype: quantised releases keep some in bf16. A tensor
// that nothing asked for means that config.json describes another model, and is refused.
#include "engine/weights.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "engine/tensor_upload.h"
#include "engine/tensor_values.h"
#include "kernels/bf16.h"

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

constexpr int64_t kAlignment = 256;  // of what lies in the device's block

// Appends `tensor` as bf16.
void append_bf16(const Tensor& tensor, std::vector<std::byte>& out) {
  if (tensor.dtype == DType::kBf16) {
    out.insert(out.end(), tensor.bytes.begin(), tensor.bytes.end());
    return;
  }
  const int64_t n = n_elements(tensor);
  const size_t begin = out.size();
  out.resize(begin + static_cast<size_t>(n) * sizeof(uint16_t));
  for (int64_t i = 0; i < n; ++i) {
    const uint16_t bits = kernels::float_to_bf16(load_float(tensor, i));
    std::memcpy(out.data() + begin + i * 2, &bits, sizeof bits);
  }
}

// One matrix of the checkpoint, perhaps in several tensors whose rows follow each other.
struct MatrixSource {
  std::vector<Tensor> parts;
  std::vector<Tensor> scales;  // one a part, of quantised ones
  int32_t n = 0;
  int32_t k = 0;
  WeightType type = WeightType::kBf16;
};

// Rows that the mapped file does not hold as they are needed.
struct RowBuffer {
  std::vector<std::byte> data;
  std::vector<std::byte> scales;  // bf16
};

// `source` as one matrix: the file's own bytes where they serve, else a copy in `buffer`.
RowMajorMatrix row_major(const MatrixSource& source, RowBuffer& buffer) {
  const bool in_place = source.parts.size() == 1;
  buffer.data.clear();
  buffer.scales.clear();
  RowMajorMatrix matrix{.n = source.n, .k = source.k, .type = source.type};
  if (in_place && source.parts[0].dtype != DType::kF16 && source.parts[0].dtype != DType::kF32) {
    matrix.data = source.parts[0].bytes.data();
  } else {
    for (const Tensor& part : source.parts) {
      if (part.dtype == DType::kI8) {
        buffer.data.insert(buffer.data.end(), part.bytes.begin(), part.bytes.end());
      } else {
        append_bf16(part, buffer.data);
      }
    }
    matrix.data = buffer.data.data();
  }
  if (!source.scales.empty()) {
    for (const Tensor& scales : source.scales) append_bf16(scales, buffer.scales);
    matrix.scales = reinterpret_cast<const uint16_t*>(buffer.scales.data());
  }
  return matrix;
}

int64_t aligned(int64_t n_bytes) { return (n_bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct PartName {
  std::string name;
  int32_t n_rows = 0;
};

// Finds tensors, checks their shapes and types, and remembers which were asked for.
class CheckpointReader {
 public:
  CheckpointReader(const TensorFolder& tensors, const ModelConfig& config)
      : tensors_(tensors), config_(config) {}

  Status vector(const std::string& name, std::vector<int64_t> shape, std::vector<float>& out) {
    ASSIGN_OR_RETURN(const Tensor tensor, find(name, shape));
    if (!is_float(tensor.dtype)) return wrong_type(name, tensor, "a floating-point type");
    out.resize(static_cast<size_t>(n_elements(tensor)));
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = load_float(tensor, static_cast<int64_t>(i));
    }
    return {};
  }

  Result<MatrixSource> matrix(const std::vector<PartName>& parts, int32_t k) {
    MatrixSource source{.k = k};
    for (const auto& [name, n_rows] : parts) {
      ASSIGN_OR_RETURN(Tensor part, find(name, {n_rows, k}));
      ASSIGN_OR_RETURN(const WeightType type, weight_type(name, part));
      if (!source.parts.empty() && type != source.type) {
        return wrong_type(name, part, "the type of " + parts[0].name);
      }
      source.type = type;
      if (type == WeightType::kInt8) {
        ASSIGN_OR_RETURN(Tensor scale, scales(name + "_scale", n_rows));
        source.scales.push_back(std::move(scale));
      }
      source.parts.push_back(std::move(part));
      source.n += n_rows;
    }
    return source;
  }

  // Refuses a checkpoint that holds more than the configuration asks for.
  Status check_all_used() const {
    for (const auto& [name, tensor] : tensors_.tensors()) {
      if (used_.contains(name) || name.ends_with(".rotary_emb.inv_freq")) continue;
      if (config_.tied_embeddings && name == "lm_head.weight") continue;
      const bool is_gate = name.starts_with("model.gate_projections.");
      return corruption_error(
          std::string(tensor.file) + " holds tensor \"" + name + "\", which config.json's " +
          (is_gate ? "dense architecture does not have: the weights are of a LoopCoder, and run "
                     "once they would give worse text unnoticed"
                   : "architecture does not have: it describes another model"));
    }
    return {};
  }

 private:
  Result<Tensor> find(const std::string& name, const std::vector<int64_t>& shape) {
    used_.insert(name);
    return tensors_.tensor(name, shape);
  }

  Result<Tensor> scales(const std::string& name, int32_t n_rows) {
    used_.insert(name);
    ASSIGN_OR_RETURN(Tensor found, tensors_.tensor(name));
    if (found.shape != std::vector<int64_t>{n_rows}) {
      ASSIGN_OR_RETURN(found, find(name, {n_rows, 1}));
    }
    if (!is_float(found.dtype)) return wrong_type(name, found, "a floating-point type");
    return found;
  }

  Result<WeightType> weight_type(const std::string& name, const Tensor& tensor) const {
    if (is_float(tensor.dtype)) return WeightType::kBf16;
    if (tensor.dtype == DType::kI8 && config_.weight_format == WeightFormat::kInt8Channel) {
      return WeightType::kInt8;
    }
    return wrong_type(name, tensor,
                      config_.weight_format == WeightFormat::kInt8Channel
                          ? "I8 or a floating-point type"
                          : "a floating-point type, as config.json has no quantization_config");
  }

  static Status wrong_type(const std::string& name, const Tensor& tensor,
                           const std::string& needed) {
    return corruption_error(std::string(tensor.file) + ": tensor \"" + name + "\" has dtype " +
                            std::string(dtype_name(tensor.dtype)) + " where " + needed +
                            " is needed");
  }

  const TensorFolder& tensors_;
  const ModelConfig& config_;
  std::set<std::string, std::less<>> used_;
};

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

// Reads one layer's vectors and adds them and its matrices to `jobs`.
Status read_layer(CheckpointReader& reader, const ModelConfig& config, int32_t index,
                  LayerWeights& layer, Jobs& jobs) {
  const std::string name = "model.layers." + std::to_string(index) + ".";
  const int32_t hidden = config.hidden_size, ffn = config.intermediate_size;
  const int32_t q_rows = config.n_heads * config.head_dim;
  const int32_t kv_rows = config.n_kv_heads * config.head_dim;
  const auto add = [&](const std::vector<PartName>& parts, int32_t k, PackedMatrix& out) -> Status {
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
  RETURN_IF_ERROR(add({{name + "self_attn.q_proj.weight", q_rows},
                       {name + "self_attn.k_proj.weight", kv_rows},
                       {name + "self_attn.v_proj.weight", kv_rows}},
                      hidden, layer.qkv));
  RETURN_IF_ERROR(add({{name + "self_attn.o_proj.weight", hidden}}, q_rows, layer.o));
  RETURN_IF_ERROR(add_vector(name + "post_attention_layernorm.weight", {hidden}, layer.post_norm));
  RETURN_IF_ERROR(add({{name + "mlp.gate_proj.weight", ffn}, {name + "mlp.up_proj.weight", ffn}},
                      hidden, layer.gate_up));
  RETURN_IF_ERROR(add({{name + "mlp.down_proj.weight", hidden}}, ffn, layer.down));
  if (config.architecture == Architecture::kLoopCoder) {
    const std::string gate = "model.gate_projections." + std::to_string(index) + ".";
    RETURN_IF_ERROR(
        add_vector(gate + "weight", {config.n_heads, config.head_dim}, layer.loop_gate));
    RETURN_IF_ERROR(add_vector(gate + "bias", {config.n_heads}, layer.loop_gate_bias));
  }
  return {};
}

// What add_rows brings of `source`.
int64_t rows_bytes(const MatrixSource& source) {
  int64_t n = 0;
  for (const auto* tensors : {&source.parts, &source.scales}) {
    for (const Tensor& tensor : *tensors) n += TensorUpload::n_bytes(tensor);
    n = aligned(n);
  }
  return n;
}

// Brings `source` to `at` in the device's memory, rows_bytes() bytes; what it is there.
RowMajorMatrix add_rows(const MatrixSource& source, std::byte* at, TensorUpload& upload) {
  RowMajorMatrix matrix = {.data = at, .n = source.n, .k = source.k, .type = source.type};
  std::byte* to = at;
  const auto add = [&](const std::vector<Tensor>& tensors) {
    for (const Tensor& tensor : tensors) {
      upload.add(tensor, to);
      to += TensorUpload::n_bytes(tensor);
    }
    to = at + aligned(to - at);
  };
  add(source.parts);
  if (!source.scales.empty()) matrix.scales = reinterpret_cast<const uint16_t*>(to);
  add(source.scales);
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
        return quantized(n, k, WeightType::kInt8, int64_t{n} * k, n);
      case WeightFormat::kInt4Group:
        return quantized(n, k, WeightType::kInt4, int64_t{n} * ((k + 7) / 8 * 4), n * n_groups(k));
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
    MatrixSource source = {.n = n, .k = k, .type = WeightType::kBf16};
    source.parts.push_back({.dtype = DType::kBf16,
                            .shape = {n, k},
                            .bytes = std::as_bytes(std::span(values_)).first(size_t{2} * n * k)});
    return source;
  }
  MatrixSource quantized(int32_t n, int32_t k, WeightType type, int64_t n_bytes,
                         int64_t n_scales) const {
    MatrixSource source = {.n = n, .k = k, .type = type};
    source.parts.push_back({.dtype = DType::kI8,
                            .shape = {n_bytes},
                            .bytes = std::as_bytes(std::span(values_)).first(n_bytes)});
    source.scales.push_back({.dtype = DType::kBf16,
                             .shape = {n_scales},
                             .bytes = std::as_bytes(std::span(scales_)).first(2 * n_scales)});
    return source;
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
  ASSIGN_OR_RETURN(plan.embedding, reader.matrix({{"model.embed_tokens.weight", vocab}}, hidden));
  layers_.resize(static_cast<size_t>(config.n_layers));
  for (int32_t i = 0; i < config.n_layers; ++i) {
    RETURN_IF_ERROR(read_layer(reader, config, i, layers_[static_cast<size_t>(i)], plan.jobs));
  }
  plan.jobs.vectors.push_back({.out = &final_norm_});
  RETURN_IF_ERROR(reader.vector("model.norm.weight", {hidden}, plan.jobs.vectors.back().values));
  MatrixSource head = plan.embedding;
  if (!config.tied_embeddings) {
    ASSIGN_OR_RETURN(head, reader.matrix({{"lm_head.weight", vocab}}, hidden));
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

Result<Weights> Weights::random(const ModelConfig& config, Device& device) {
  Weights weights;
  auto& tensors = *(weights.storage_->random = std::make_unique<const RandomTensors>(config));
  const int32_t hidden = config.hidden_size, ffn = config.intermediate_size;
  const int32_t width = config.n_heads * config.head_dim;
  Plan plan = {.embedding = tensors.vocabulary(config.vocab_size, hidden)};
  const auto add_ones = [&](int64_t n, std::span<const float>& out) {
    plan.jobs.vectors.push_back({std::vector<float>(static_cast<size_t>(n), 1.0f), &out});
  };
  weights.layers_.resize(static_cast<size_t>(config.n_layers));
  for (LayerWeights& layer : weights.layers_) {
    plan.jobs.matrices.push_back({tensors.matrix(config.qkv_dim(), hidden), &layer.qkv});
    plan.jobs.matrices.push_back({tensors.matrix(hidden, width), &layer.o});
    plan.jobs.matrices.push_back({tensors.matrix(2 * ffn, hidden), &layer.gate_up});
    plan.jobs.matrices.push_back({tensors.matrix(hidden, ffn), &layer.down});
    add_ones(hidden, layer.input_norm);
    add_ones(hidden, layer.post_norm);
    if (config.architecture != Architecture::kLoopCoder) continue;
    add_ones(width, layer.loop_gate);
    add_ones(config.n_heads, layer.loop_gate_bias);
  }
  add_ones(hidden, weights.final_norm_);
  plan.jobs.matrices.push_back({tensors.vocabulary(config.vocab_size, hidden), &weights.head_});
  RETURN_IF_ERROR(weights.place(plan, device));
  return weights;
}

// One block holds everything. What jobs fill in lies in this object (which is moved only when it is
// whole) or on the heap, where `read` saw it.
Status Weights::place(const Plan& plan, Device& device) {
  const kernels::Kernels& kernels = device.kernels();
  for (const auto& [source, out] : plan.jobs.matrices) {
    const int64_t n_bytes = kernels.packed_bytes(source.type, source.n, source.k);
    if (n_bytes == 0)
      return unavailable_error("the kernels " + std::string(kernels.name) +
                               " have none for 4-bit weights; use a GPU");
    packed_bytes_ += aligned(n_bytes);
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
  embedding_ = row_major(plan.embedding, storage_->embedding);
  RowBuffer buffer;
  for (const auto& [source, out] : plan.jobs.matrices) {
    const RowMajorMatrix matrix = row_major(source, buffer);
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
