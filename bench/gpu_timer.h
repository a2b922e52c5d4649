// Times launches on a GPU: memory for them, and seconds a call.
//
// Thread: the caller's, which owns the device meanwhile. Ownership: a GpuMemory has what it
// allocated until it ends; both borrow the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/status.h"
#include "kernels/device.h"

namespace rondo::bench {

class GpuMemory {
 public:
  explicit GpuMemory(const kernels::Device& device) : device_(device) {}
  ~GpuMemory();
  GpuMemory(const GpuMemory&) = delete;
  GpuMemory& operator=(const GpuMemory&) = delete;

  // Errors: ResourceExhausted.
  Result<std::byte*> allocate(int64_t n_bytes);

  template <class T>
  Result<T*> copy_of(const std::vector<T>& values) {
    const auto n_bytes = static_cast<int64_t>(values.size() * sizeof(T));
    ASSIGN_OR_RETURN(std::byte * piece, allocate(n_bytes));
    RETURN_IF_ERROR(upload(piece, values.data(), n_bytes));
    return reinterpret_cast<T*>(piece);
  }

  // Random numbers that are finite as bf16 and as float32.
  Result<std::byte*> random(int64_t n_bytes);

 private:
  Status upload(std::byte* to, const void* from, int64_t n_bytes);

  const kernels::Device& device_;
  std::vector<void*> pieces_;
};

// One call of a kernel, by its number, so that calls can take turns in memory; returns what a
// launcher returns.
using GpuLaunch = std::function<int(int64_t call)>;

// Seconds a call takes when one follows the other in a recorded graph, as in a step of the engine:
// the best of three rounds of about 0.03 s.
// Errors: Unavailable when the device fails.
Result<double> time_on_gpu(const kernels::Device& device, const GpuLaunch& launch);

}  // namespace rondo::bench
