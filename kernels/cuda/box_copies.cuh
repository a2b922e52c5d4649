// Copies of boxes of sm_90 beside copy_box (bulk.cuh): to all blocks of a cluster, with arrivals at
// each other's barriers, and back to global memory.
#pragma once

#include "kernels/cuda/bulk.cuh"

namespace rondo::kernels::cuda {

// Arrives at the barrier of block `rank` that lies where `barrier` does in this one.
__device__ inline void arrive_in_cluster(Barrier& barrier, uint32_t rank) {
  asm volatile(
      "{\n"
      ".reg .b32 there;\n"
      "mapa.shared::cluster.u32 there, %0, %1;\n"
      "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [there];\n"
      "}" ::"r"(shared_address(&barrier)),
      "r"(rank)
      : "memory");
}

// copy_box (bulk.cuh) to every block whose bit is in `ranks`, and for the barrier of each.
__device__ inline void copy_box_to(uint16_t ranks, void* shared, const MatrixMap& map, int32_t row,
                                   int32_t column, Barrier& barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".multicast::cluster [%0], [%1, {%2, %3, %4}], [%5], %6;" ::"r"(shared_address(shared)),
      "l"(&map.map), "r"(0), "r"(row), "r"(column), "r"(shared_address(&barrier)), "h"(ranks)
      : "memory");
}

// Begins to copy a box from shared memory to where copy_box would take it from; what lies outside
// of the matrix is left out. One thread, which also waits: until shared memory was read, or until
// the box is there.
__device__ inline void store_box(const MatrixMap& map, int32_t row, int32_t column,
                                 const void* shared) {
  asm volatile(
      "cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [%0, {%1, %2, %3}], [%4];" ::"l"(
          &map.map),
      "r"(0), "r"(row), "r"(column), "r"(shared_address(shared))
      : "memory");
}
__device__ inline void end_stores() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
__device__ inline void wait_until_stores_have_read() {
  asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
}
__device__ inline void wait_for_stores() {
  asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

// Four 8 x 8 matrices of 16-bit elements to shared memory: load_matrices (mma.cuh) backwards.
__device__ inline void store_matrices(void* row, const uint32_t (&r)[4]) {
  asm volatile(
      "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(shared_address(row)),
      "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
      : "memory");
}

}  // namespace rondo::kernels::cuda
