#include "engine/quantize.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/model_config.h"
#include "engine/safetensors.h"
#include "engine/safetensors_writer.h"
#include "engine/tensor_values.h"
#include "kernels/bf16.h"

namespace rondo::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCopied[] = {"generation_config.json", "tokenizer.model", "tokenizer.json",
                                   "tokenizer_config.json", "chat_template.jinja"};

bool is_gate(std::string_view name) { return name.starts_with("model.gate_projections."); }

bool is_quantized(std::string_view name, const Tensor& tensor) {
  return tensor.shape.size() == 2 && !is_gate(name);
}

// The bf16 bits of row `row`'s scale. REQUIRES: tensor is [N, K].
Result<uint16_t> row_scale(const std::string& name, const Tensor& tensor, int64_t row) {
  const int64_t k = tensor.shape[1];
  float largest = 0;
  for (int64_t i = row * k; i < (row + 1) * k; ++i) {
    const float size = std::fabs(load_float(tensor, i));
    if (!std::isfinite(size)) {
      return corruption_error(std::string(tensor.file) + ": tensor \"" + name +
                              "\" has a value that is not finite in row " + std::to_string(row));
    }
    largest = std::max(largest, size);
  }
  const uint16_t scale = kernels::float_to_bf16(largest / 127.f);
  return scale == 0 ? kernels::float_to_bf16(1.f) : scale;
}

Status write_scales(const std::string& name, const Tensor& tensor, std::span<std::byte> out) {
  for (int64_t row = 0; row < tensor.shape[0]; ++row) {
    ASSIGN_OR_RETURN(const uint16_t scale, row_scale(name, tensor, row));
    std::memcpy(out.data() + row * 2, &scale, sizeof scale);
  }
  return {};
}

Status write_int8(const std::string& name, const Tensor& tensor, std::span<std::byte> out) {
  const int64_t k = tensor.shape[1];
  for (int64_t row = 0; row < tensor.shape[0]; ++row) {
    ASSIGN_OR_RETURN(const uint16_t bits, row_scale(name, tensor, row));
    const float scale = kernels::bf16_to_float(bits);
    for (int64_t i = row * k; i < (row + 1) * k; ++i) {
      // Only a subnormal scale is so coarse that the clamp acts.
      const float q = std::clamp(std::nearbyint(load_float(tensor, i) / scale), -127.f, 127.f);
      out[static_cast<size_t>(i)] = static_cast<std::byte>(static_cast<int8_t>(q));
    }
  }
  return {};
}

// What the output holds: every tensor of the input, matrices in two parts.
Result<std::vector<TensorToWrite>> plan(const TensorFolder& tensors) {
  std::vector<TensorToWrite> out;
  for (const auto& entry : tensors.tensors()) {
    const std::string& name = entry.first;
    const Tensor& tensor = entry.second;
    if (!is_quantized(name, tensor)) {
      const auto copy = [&tensor](std::span<std::byte> bytes) {
        std::ranges::copy(tensor.bytes, bytes.begin());
        return Status();
      };
      out.push_back({name, tensor.dtype, tensor.shape, copy});
      continue;
    }
    if (!is_float(tensor.dtype)) {
      return invalid_argument_error(std::string(tensor.file) + ": tensor \"" + name + "\" is " +
                                    std::string(dtype_name(tensor.dtype)) +
                                    "; only floating-point models can be quantised");
    }
    const auto int8 = [&name, &tensor](std::span<std::byte> bytes) {
      return write_int8(name, tensor, bytes);
    };
    const auto scales = [&name, &tensor](std::span<std::byte> bytes) {
      return write_scales(name, tensor, bytes);
    };
    out.push_back({name, DType::kI8, tensor.shape, int8});
    out.push_back({name + "_scale", DType::kBf16, {tensor.shape[0], 1}, scales});
  }
  return out;
}

OrderedJson quantization_config(const ModelConfig& config) {
  OrderedJson ignore = OrderedJson::array();
  if (config.architecture == Architecture::kLoopCoder) {
    for (int32_t layer = 0; layer < config.n_layers; ++layer) {
      ignore.push_back("model.gate_projections." + std::to_string(layer));
    }
  }
  const OrderedJson weights = {{"num_bits", 8},
                               {"type", "int"},
                               {"symmetric", true},
                               {"strategy", "channel"},
                               {"dynamic", false}};
  const OrderedJson group = {
      {"targets", {"Linear", "Embedding"}}, {"weights", weights}, {"input_activations", nullptr}};
  return {{"quant_method", "compressed-tensors"},
          {"format", "int-quantized"},
          {"quantization_status", "compressed"},
          {"config_groups", {{"group_0", group}}},
          {"ignore", ignore}};
}

Status write_folder(const std::string& input, const std::string& output,
                    const std::function<void(double share)>& progress) {
  ASSIGN_OR_RETURN(const ModelConfig config, ModelConfig::load(input));
  if (config.weight_format != WeightFormat::kBf16) {
    return invalid_argument_error(input + " is quantised already");
  }
  ASSIGN_OR_RETURN(const TensorFolder tensors, TensorFolder::open(input));
  ASSIGN_OR_RETURN(std::vector<TensorToWrite> planned, plan(tensors));
  RETURN_IF_ERROR(write_shards(output, std::move(planned), {.progress = progress}));

  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(input + "/config.json"));
  ASSIGN_OR_RETURN(OrderedJson json, parse_ordered_json(file.text(), input + "/config.json"));
  json["quantization_config"] = quantization_config(config);
  RETURN_IF_ERROR(write_file(output + "/config.json", dump_json(json, 2) + "\n"));
  for (const char* name : kCopied) {
    const auto copied = MappedFile::open(input + "/" + name);
    if (copied.status().code() == Code::kNotFound) continue;
    RETURN_IF_ERROR(copied.status());
    RETURN_IF_ERROR(write_file(output + "/" + name, copied->text()));
  }
  return {};
}

}  // namespace

Status quantize_folder(const std::string& input, const std::string& output,
                       const std::function<void(double share)>& progress) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(output, error))) {
    return invalid_argument_error(output + " exists already; name a folder that does not");
  }
  std::string scratch = output + ".XXXXXX";
  if (::mkdtemp(scratch.data()) == nullptr) {
    return invalid_argument_error("cannot make a folder beside " + output + ": " +
                                  std::strerror(errno));
  }
  Status status = write_folder(input, scratch, progress);
  if (status.ok()) {
    fs::permissions(scratch, fs::perms(0755), error);
    fs::rename(scratch, output, error);
    if (error) status = invalid_argument_error("cannot make " + output + ": " + error.message());
  }
  if (!status.ok()) fs::remove_all(scratch, error);
  return status;
}

}  // namespace rondo::engine
