// Finds the tensors that a configuration asks for, checks their shapes and types, and remembers
// which were asked for.
//
// Thread: one. Borrows tensors and configuration; what it returns views the tensors.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/int4_tensors.h"
#include "engine/matrix_source.h"
#include "engine/model_config.h"
#include "engine/safetensors.h"

namespace rondo::engine {

class CheckpointReader {
 public:
  // Some of a matrix' rows. `module` X: X.weight, or what Int4Tensors has of X.
  struct Part {
    std::string module;
    int32_t n_rows = 0;
  };

  CheckpointReader(const TensorFolder& tensors, const ModelConfig& config)
      : tensors_(tensors), config_(config) {}

  // Errors of all: NotFound, Corruption naming tensor and file; those of Int4Tensors::find.
  Status vector(const std::string& name, std::vector<int64_t> shape, std::vector<float>& out);
  Result<MatrixSource> matrix(const std::vector<Part>& parts, int32_t k);
  // Refuses a checkpoint that holds more than the configuration asks for.
  Status check_all_used() const;

 private:
  Status add_part(const Part& part, MatrixSource& source);
  Status add_int4(const Part& part, MatrixSource& source);
  Result<Tensor> find(const std::string& name, const std::vector<int64_t>& shape);
  Result<Tensor> scales(const std::string& name, int32_t n_rows);
  Result<kernels::WeightType> weight_type(const std::string& name, const Tensor& tensor) const;

  const TensorFolder& tensors_;
  const ModelConfig& config_;
  std::set<std::string, std::less<>> used_;
};

}  // namespace rondo::engine
