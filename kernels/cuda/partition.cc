#include "kernels/cuda/partition.h"

#include <cudaTypedefs.h>

namespace rondo::kernels::cuda {
namespace {

// A function of the driver that came with `version`; null where it has none. Asked for by name: the
// plugin must not need the driver's library to be opened.
template <class Function>
Function find(const char* name, unsigned version) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found;
  const cudaError_t error =
      cudaGetDriverEntryPointByVersion(name, &function, version, cudaEnableDefault, &found);
  if (error != cudaSuccess || found != cudaDriverEntryPointSuccess) return nullptr;
  return reinterpret_cast<Function>(function);
}

struct Driver {
  PFN_cuDeviceGetDevResource_v12040 get_resource =
      find<PFN_cuDeviceGetDevResource_v12040>("cuDeviceGetDevResource", 12040);
  PFN_cuDevSmResourceSplitByCount_v12040 split =
      find<PFN_cuDevSmResourceSplitByCount_v12040>("cuDevSmResourceSplitByCount", 12040);
  PFN_cuDevResourceGenerateDesc_v12040 describe =
      find<PFN_cuDevResourceGenerateDesc_v12040>("cuDevResourceGenerateDesc", 12040);
  PFN_cuGreenCtxCreate_v12040 create = find<PFN_cuGreenCtxCreate_v12040>("cuGreenCtxCreate", 12040);
  PFN_cuGreenCtxDestroy_v12040 destroy =
      find<PFN_cuGreenCtxDestroy_v12040>("cuGreenCtxDestroy", 12040);
  PFN_cuGreenCtxStreamCreate_v12050 create_stream =
      find<PFN_cuGreenCtxStreamCreate_v12050>("cuGreenCtxStreamCreate", 12050);

  bool is_whole() const {
    return get_resource != nullptr && split != nullptr && describe != nullptr &&
           create != nullptr && destroy != nullptr && create_stream != nullptr;
  }
};

const Driver& driver() {
  static const Driver kDriver;
  return kDriver;
}

}  // namespace

Partition::Partition(int32_t ordinal, int n_first) {
  if (!driver().is_whole()) return;
  CUdevResource all = {}, halves[2] = {};
  unsigned n_groups = 1;
  if (driver().get_resource(ordinal, &all, CU_DEV_RESOURCE_TYPE_SM) != CUDA_SUCCESS ||
      driver().split(&halves[0], &n_groups, &all, &halves[1], 0, static_cast<unsigned>(n_first)) !=
          CUDA_SUCCESS ||
      halves[1].type != CU_DEV_RESOURCE_TYPE_SM || halves[1].sm.smCount == 0)
    return;
  std::array<Part, 2> parts;
  bool has_both = true;
  for (int i = 0; i < 2; ++i) {
    CUdevResourceDesc description = nullptr;
    has_both &= driver().describe(&description, &halves[i], 1) == CUDA_SUCCESS &&
                driver().create(&parts[i].context, description, ordinal,
                                CU_GREEN_CTX_DEFAULT_STREAM) == CUDA_SUCCESS;
    parts[i].n_multiprocessors = static_cast<int>(halves[i].sm.smCount);
  }
  parts_ = parts;
  if (!has_both) parts_[0].n_multiprocessors = parts_[1].n_multiprocessors = 0;
}

Partition::~Partition() {
  for (const Part& part : parts_) {
    if (part.context != nullptr) driver().destroy(part.context);
  }
}

cudaStream_t Partition::open_stream(int part, int priority) const {
  CUstream stream = nullptr;
  if (parts_[part].n_multiprocessors == 0) return nullptr;
  const CUresult opened =
      driver().create_stream(&stream, parts_[part].context, CU_STREAM_NON_BLOCKING, priority);
  return opened == CUDA_SUCCESS ? stream : nullptr;
}

}  // namespace rondo::kernels::cuda
