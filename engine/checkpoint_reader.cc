#include "engine/checkpoint_reader.h"

#include <string_view>
#include <utility>

#include "engine/tensor_values.h"

namespace rondo::engine {
namespace {

using kernels::WeightType;

Status wrong_type(const std::string& name, const Tensor& tensor, const std::string& needed) {
  return corruption_error(std::string(tensor.file) + ": tensor \"" + name + "\" has dtype " +
                          std::string(dtype_name(tensor.dtype)) + " where " + needed +
                          " is needed");
}

// One plain tensor, whose rows are as long as all others'.
RowSource rows_of(const Tensor& tensor, int64_t n, int64_t k) {
  RowSource rows = elements_of(tensor);
  if (rows.make == nullptr)
    return {.n = n, .row_bytes = k * rows.row_bytes, .in_place = rows.in_place};
  return {.n = n,
          .row_bytes = k * rows.row_bytes,
          .make = [make = rows.make, k](int64_t first, int64_t n_rows, std::byte* out) {
            make(first * k, n_rows * k, out);
          }};
}

// AutoGPTQ writes a bias of zeros for modules that have none.
bool is_zero(const Tensor& tensor) {
  if (!is_float(tensor.dtype)) return false;
  for (int64_t i = 0; i < n_elements(tensor); ++i) {
    if (load_float(tensor, i) != 0) return false;
  }
  return true;
}

}  // namespace

Status CheckpointReader::vector(const std::string& name, std::vector<int64_t> shape,
                                std::vector<float>& out) {
  ASSIGN_OR_RETURN(const Tensor tensor, find(name, shape));
  if (!is_float(tensor.dtype)) return wrong_type(name, tensor, "a floating-point type");
  out.resize(static_cast<size_t>(n_elements(tensor)));
  for (size_t i = 0; i < out.size(); ++i) out[i] = load_float(tensor, static_cast<int64_t>(i));
  return {};
}

Result<MatrixSource> CheckpointReader::matrix(const std::vector<Part>& parts, int32_t k) {
  MatrixSource source = {.k = k};
  for (const Part& part : parts) {
    RETURN_IF_ERROR(add_part(part, source));
    source.n += part.n_rows;
  }
  return source;
}

Status CheckpointReader::add_part(const Part& part, MatrixSource& source) {
  if (config_.int4 && Int4Tensors::has(tensors_, part.module, *config_.int4))
    return add_int4(part, source);
  const std::string name = part.module + ".weight";
  ASSIGN_OR_RETURN(const Tensor tensor, find(name, {part.n_rows, source.k}));
  ASSIGN_OR_RETURN(const WeightType type, weight_type(name, tensor));
  if (!source.data.empty() && type != source.type)
    return wrong_type(name, tensor, "the type of the rows before it");
  source.type = type;
  source.data.push_back(rows_of(tensor, part.n_rows, source.k));
  if (type != WeightType::kInt8) return {};
  ASSIGN_OR_RETURN(const Tensor scale, scales(name + "_scale", part.n_rows));
  source.scales.push_back(elements_of(scale));
  return {};
}

Status CheckpointReader::add_int4(const Part& part, MatrixSource& source) {
  ASSIGN_OR_RETURN(const Int4Tensors found,
                   Int4Tensors::find(tensors_, part.module, *config_.int4, part.n_rows, source.k,
                                     [&](const std::string& name) { used_.insert(name); }));
  if (!source.data.empty() && !kernels::is_int4(source.type))
    return corruption_error(std::string(found.weights.file) + ": module " + part.module +
                            " has 4-bit weights, unlike the rows before it of the same matrix");
  // Zero points of one part are zero points of all.
  const bool has_zeros = source.type == WeightType::kInt4Zeros || !found.is_symmetric();
  source.type = has_zeros ? WeightType::kInt4Zeros : WeightType::kInt4;
  source.data.push_back(found.words());
  source.scales.push_back(found.group_scales());
  source.zeros.push_back(found.group_zeros());
  return {};
}

Status CheckpointReader::check_all_used() const {
  for (const auto& [name, tensor] : tensors_.tensors()) {
    if (used_.contains(name) || name.ends_with(".rotary_emb.inv_freq")) continue;
    if (config_.int4 && name.ends_with(".bias") && is_zero(tensor)) continue;
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

Result<Tensor> CheckpointReader::find(const std::string& name, const std::vector<int64_t>& shape) {
  used_.insert(name);
  return tensors_.tensor(name, shape);
}

Result<Tensor> CheckpointReader::scales(const std::string& name, int32_t n_rows) {
  used_.insert(name);
  ASSIGN_OR_RETURN(Tensor found, tensors_.tensor(name));
  if (found.shape != std::vector<int64_t>{n_rows}) {
    ASSIGN_OR_RETURN(found, find(name, {n_rows, 1}));
  }
  if (!is_float(found.dtype)) return wrong_type(name, found, "a floating-point type");
  return found;
}

Result<WeightType> CheckpointReader::weight_type(const std::string& name,
                                                 const Tensor& tensor) const {
  if (is_float(tensor.dtype)) return WeightType::kBf16;
  if (tensor.dtype == DType::kI8 && config_.weight_format == WeightFormat::kInt8Channel)
    return WeightType::kInt8;
  std::string needed = "a floating-point type";
  if (config_.weight_format == WeightFormat::kInt8Channel) needed = "I8 or " + needed;
  if (config_.weight_format == WeightFormat::kBf16)
    needed += ", as config.json has no quantization_config";
  return wrong_type(name, tensor, needed);
}

}  // namespace rondo::engine
