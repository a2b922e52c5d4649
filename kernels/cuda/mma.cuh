// The instructions of sm_80 and later that C++ has no words for: tensor core products of bf16, and
// copies from global to shared memory that go on while the thread does.
//
// A product is D = A B + D of one warp, A [16][16], B [16][8], D [16][8]. With g = lane / 4 and
// t = lane % 4 a lane holds (PTX, mma.m16n8k16)
//
//   a0 A[g][2t, 2t+1]     a1 A[g+8][2t, 2t+1]     a2 A[g][2t+8, 2t+9]     a3 A[g+8][2t+8, 2t+9]
//   b0 B[2t, 2t+1][g]     b1 B[2t+8, 2t+9][g]
//   d0, d1 D[g][2t, 2t+1]                         d2, d3 D[g+8][2t, 2t+1]
//
// Which 16 of the inner indices a product takes is free as long as A and B agree: so a lane may
// load 16 neighbouring bytes and spread them over several products. Every element of D is a sum of
// its own, whatever stands in the other rows and columns.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

namespace rondo::kernels::cuda {

__device__ inline void mma(float (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,
                           uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// The same of signed bytes, A [16][32], B [32][8], sums int32: for a pair of bf16 read four bytes.
__device__ inline void mma_bytes(int32_t (&d)[4], uint32_t a0, uint32_t a1, uint32_t a2,
                                 uint32_t a3, uint32_t b0, uint32_t b1) {
  asm("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
      "{%0,%1,%2,%3};"
      : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Four 8 x 8 matrices of 16-bit elements; lane i names row i % 8 of matrix i / 8. A lane gets
// elements 2t, 2t+1 of row g of each, or with `transposed` of column g.
__device__ inline void load_matrices(uint32_t (&r)[4], const void* row) {
  const auto at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}
__device__ inline void load_matrices_transposed(uint32_t (&r)[4], const void* row) {
  const auto at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}

// Begins to copy kBytes (4 or 16, aligned) to shared memory; zeros where nothing `exists`.
template <int kBytes>
__device__ inline void copy_async(void* shared, const void* global, bool exists) {
  static_assert(kBytes == 4 || kBytes == 16, "sizes that are used here");
  const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  const int n = exists ? kBytes : 0;
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(global), "r"(n)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(global), "r"(n)
                 : "memory");
  }
}
// Ends a group of the thread's copies.
__device__ inline void end_copy_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }
// Waits until at most kGroups of the thread's latest groups are still on their way.
template <int kGroups>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kGroups) : "memory");
}

// Two floats as bf16, to the nearest even, `low` in the low half.
__device__ inline uint32_t pack_bf16(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}

// a - b of two pairs of bf16.
__device__ inline uint32_t subtract_bf16(uint32_t a, uint32_t b) {
  const __nv_bfloat162 d = __hsub2(*reinterpret_cast<const __nv_bfloat162*>(&a),
                                   *reinterpret_cast<const __nv_bfloat162*>(&b));
  return *reinterpret_cast<const uint32_t*>(&d);
}

}  // namespace rondo::kernels::cuda
