// Clusters of Hopper and later: blocks that run side by side and read and write each other's shared
// memory. Elsewhere a block is a cluster of one.
#pragma once

#include <cstdint>

namespace rondo::kernels::cuda {

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
#define RONDO_HAS_CLUSTERS 1
#else
#define RONDO_HAS_CLUSTERS 0
#endif

__device__ inline int cluster_blocks() {
  uint32_t n = 1;
#if RONDO_HAS_CLUSTERS
  asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(n));
#endif
  return static_cast<int>(n);
}

// A barrier of all threads of a cluster that have not ended, in two halves. What was written to
// shared memory before the first can be read after the second.
__device__ inline void arrive_at_cluster() {
#if RONDO_HAS_CLUSTERS
  asm volatile("barrier.cluster.arrive.release;" ::: "memory");
#endif
}
__device__ inline void wait_for_cluster() {
#if RONDO_HAS_CLUSTERS
  asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
#endif
}

// Both halves, of the one block too where there are no clusters.
__device__ inline void sync_cluster() {
#if RONDO_HAS_CLUSTERS
  arrive_at_cluster();
  wait_for_cluster();
#else
  __syncthreads();
#endif
}

// The number of this block in its cluster.
__device__ inline int cluster_rank() {
  uint32_t rank = 0;
#if RONDO_HAS_CLUSTERS
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
#endif
  return static_cast<int>(rank);
}

#if RONDO_HAS_CLUSTERS
__device__ inline uint32_t place_in_block(const void* here, int rank) {
  const auto local = static_cast<uint32_t>(__cvta_generic_to_shared(here));
  uint32_t there;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(local), "r"(rank));
  return there;
}
#endif

// Writes to the shared memory of block `rank` of the cluster, which must have begun and not ended,
// at the place of `here` in this one's.
__device__ inline void write_to_block(float4* here, int rank, const float4& v) {
#if RONDO_HAS_CLUSTERS
  asm volatile("st.shared::cluster.v4.f32 [%0], {%1,%2,%3,%4};" ::"r"(place_in_block(here, rank)),
               "f"(v.x), "f"(v.y), "f"(v.z), "f"(v.w)
               : "memory");
#else
  *here = v;
#endif
}
__device__ inline void write_to_block(float2* here, int rank, const float2& v) {
#if RONDO_HAS_CLUSTERS
  asm volatile("st.shared::cluster.v2.f32 [%0], {%1,%2};" ::"r"(place_in_block(here, rank)),
               "f"(v.x), "f"(v.y)
               : "memory");
#else
  *here = v;
#endif
}

// What lies in the shared memory of block `rank`, which has begun and not ended, at the place of
// `here` in this one's.
__device__ inline uint64_t read_from_block(const uint64_t* here, int rank) {
#if RONDO_HAS_CLUSTERS
  uint64_t v;
  asm volatile("ld.shared::cluster.u64 %0, [%1];"
               : "=l"(v)
               : "r"(place_in_block(here, rank))
               : "memory");
  return v;
#else
  return *here;
#endif
}

}  // namespace rondo::kernels::cuda
