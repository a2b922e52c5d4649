// greedy (formula in kernels.h). A block is a row; a thread takes 4 neighbours at a time and keeps
// the largest logit, its id and the sum of exponentials below it, in one pass. float32; the order
// of sums depends on the vocabulary alone.

#include <cfloat>
#include <climits>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 1024;
constexpr int kWarps = kThreads / 32;

struct Best {
  float logit = -FLT_MAX;
  int id = INT_MAX;
  float sum = 0;  // of exp(others - logit)

  __device__ void add(const Best& other) {
    const float larger = fmaxf(logit, other.logit);
    sum = sum * expf(logit - larger) + other.sum * expf(other.logit - larger);
    if (other.logit > logit || (other.logit == logit && other.id < id)) id = other.id;
    logit = larger;
  }
};

__device__ Best warp_best(Best best) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    best.add({__shfl_xor_sync(~0u, best.logit, distance), __shfl_xor_sync(~0u, best.id, distance),
              __shfl_xor_sync(~0u, best.sum, distance)});
  }
  return best;
}

__global__ void __launch_bounds__(kThreads) greedy_kernel(GreedyParams p) {
  __shared__ Best bests[kWarps];
  begin_kernel();
  const float* logits = p.logits + int64_t{blockIdx.x} * p.n_vocabulary;
  const bool aligned = reinterpret_cast<uintptr_t>(logits) % 16 == 0;
  Best best;
#pragma unroll 4
  for (int at = 4 * threadIdx.x; at < p.n_vocabulary; at += 4 * kThreads) {
    const float4 four = load_four(logits, at, p.n_vocabulary, aligned, -INFINITY);
    const float values[4] = {four.x, four.y, four.z, four.w};
    const float largest = fmaxf(fmaxf(four.x, four.y), fmaxf(four.z, four.w));
    if (largest > best.logit) {
      best.sum *= expf(best.logit - largest);
      best.logit = largest;
#pragma unroll
      for (int i = 3; i >= 0; --i) best.id = values[i] == largest ? at + i : best.id;
    }
#pragma unroll
    for (const float value : values) best.sum += expf(value - best.logit);
  }
  best = warp_best(best);
  if (threadIdx.x % 32 == 0) bests[threadIdx.x / 32] = best;
  __syncthreads();
  if (threadIdx.x >= 32) return;
  best = warp_best(bests[threadIdx.x]);
  if (threadIdx.x > 0) return;
  const int id = best.id < p.n_vocabulary ? best.id : 0;  // 0 if all are NaN or -infinity
  p.ids[blockIdx.x] = id;
  p.choices[blockIdx.x] = {id, -logf(best.sum)};
}

}  // namespace

int greedy(const GreedyParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  return launch(context(stream), greedy_kernel, {.grid = p.n_rows, .block = kThreads}, p);
}

}  // namespace rondo::kernels::cuda
