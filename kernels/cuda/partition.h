// The multiprocessors of a GPU in two parts (green contexts, CUDA 12.5 and later): what runs in one
// never waits for a place in the other. Kernels that read weights all the time and kernels that
// multiply all the time get on together, where one after the other half of the GPU is idle.
//
// Thread: the engine thread. Owns the parts; streams are the caller's, and go before them.
#pragma once

#include <cuda.h>
#include <cuda_runtime.h>

#include <array>
#include <cstdint>

namespace rondo::kernels::cuda {

class Partition {
 public:
  // Device `ordinal`, current on this thread: at least `n_first` multiprocessors in part 0, as the
  // hardware groups them (by eights on Hopper), the others in part 1. Where the driver or the
  // device has no parts, there are none.
  Partition(int32_t ordinal, int n_first);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  // Of a part; 0 when there are none.
  int n_multiprocessors(int part) const { return parts_[part].n_multiprocessors; }
  // A stream whose kernels run in `part` alone, in the order of its priority among those; null when
  // there is none.
  cudaStream_t open_stream(int part, int priority) const;

 private:
  struct Part {
    CUgreenCtx context = nullptr;
    int n_multiprocessors = 0;
  };
  std::array<Part, 2> parts_;
};

}  // namespace rondo::kernels::cuda
