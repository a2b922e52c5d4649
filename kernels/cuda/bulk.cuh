// Copies of sm_90 and later that one thread asks for and the copy engine makes: kBytes of global
// memory to shared memory, counted by a barrier in shared memory. On older architectures they are
// never launched (Context::copies_in_bulk).
//
// A Barrier goes through phases. A phase is over when all expected threads have arrived and all
// bytes they announced have come; wait(parity) returns when the phase of that parity (0, 1, 0, ..)
// is over.
#pragma once

#include <cstdint>

#include "kernels/cuda/matrix_map.h"

namespace rondo::kernels::cuda {

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
#define RONDO_BULK_ASM(...) asm volatile(__VA_ARGS__)
#else
#define RONDO_BULK_ASM(...) __trap()
#endif

__device__ inline uint32_t shared_address(const void* shared) {
  return static_cast<uint32_t>(__cvta_generic_to_shared(shared));
}

class Barrier {
 public:
  // By one thread, then begin_barriers() and a barrier of the block.
  __device__ void init(uint32_t n_arrivals) {
    RONDO_BULK_ASM("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(this)),
                   "r"(n_arrivals)
                   : "memory");
  }
  __device__ void arrive() {
    RONDO_BULK_ASM("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(this))
                   : "memory");
  }
  // Arrives, and announces bytes that copies will bring.
  __device__ void arrive_and_expect(uint32_t n_bytes) {
    RONDO_BULK_ASM(
        "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(this)),
        "r"(n_bytes)
        : "memory");
  }
  __device__ void wait(uint32_t parity) {
    RONDO_BULK_ASM(
        "{\n"
        ".reg .pred over;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 over, [%0], %1;\n"
        "@over bra.uni done;\n"
        "bra.uni again;\n"
        "done:\n"
        "}" ::"r"(shared_address(this)),
        "r"(parity)
        : "memory");
  }

 private:
  uint64_t state_;
};

// What was initialised can be seen by the copy engine.
__device__ inline void begin_barriers() {
  RONDO_BULK_ASM("fence.mbarrier_init.release.cluster;" ::: "memory");
}

// Begins to copy n_bytes, a multiple of 16; both addresses are aligned to 16.
__device__ inline void copy_bulk(void* shared, const void* global, uint32_t n_bytes,
                                 Barrier& barrier) {
  RONDO_BULK_ASM(
      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::
          "r"(shared_address(shared)),
      "l"(global), "r"(n_bytes), "r"(shared_address(&barrier))
      : "memory");
}

// Begins to copy a box of a map from row `row` and 128-byte column `column` on.
__device__ inline void copy_box(void* shared, const MatrixMap& map, int32_t row, int32_t column,
                                Barrier& barrier) {
  RONDO_BULK_ASM(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], "
      "[%1, {%2, %3, %4}], [%5];" ::"r"(shared_address(shared)),
      "l"(&map.map), "r"(0), "r"(row), "r"(column), "r"(shared_address(&barrier))
      : "memory");
}

#undef RONDO_BULK_ASM

// A barrier of kThreads threads of the block, others do not take part. `id` 1..15.
template <int kThreads>
__device__ inline void meet(int id) {
  asm volatile("bar.sync %0, %1;" ::"r"(id), "n"(kThreads) : "memory");
}

}  // namespace rondo::kernels::cuda
