// choose (contract in kernels.h). A block is a row.
//
// The likeliest token, and the sum that its probability needs, come from one pass in which a thread
// takes 4 neighbours at a time; float32, and the order of sums depends on the vocabulary alone.
// Rows that draw go on: what top-k and top-p leave out is found by the keys' digits from the
// highest, a histogram of whole numbers each; then each warp adds up what is kept of its part of
// the ids, and the one that the point falls on looks at its part token by token. The weights are
// those of drawing.h, with the device's exponential.

#include <cfloat>
#include <climits>

#include "kernels/cuda/launch.cuh"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/reduce.cuh"
#include "kernels/drawing.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kThreads = 1024;
constexpr int kWarps = kThreads / 32;
constexpr unsigned kAll = ~0u;

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
    best.add({__shfl_xor_sync(kAll, best.logit, distance), __shfl_xor_sync(kAll, best.id, distance),
              __shfl_xor_sync(kAll, best.sum, distance)});
  }
  return best;
}

// Of the whole row, in every thread.
__device__ Best row_best(const float* logits, int n) {
  __shared__ Best bests[kWarps];
  const bool aligned = reinterpret_cast<uintptr_t>(logits) % 16 == 0;
  Best best;
#pragma unroll 4
  for (int at = 4 * threadIdx.x; at < n; at += 4 * kThreads) {
    const float4 four = load_four(logits, at, n, aligned, -INFINITY);
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
  best = warp_best(bests[threadIdx.x % 32]);
  if (best.id >= n) best.id = 0;  // all are NaN or -infinity
  return best;
}

// A row's tokens as they are drawn.
struct Row {
  const float* logits;
  int n;
  float largest, inverse;

  // False for one that is too far away.
  __device__ bool key(int id, uint32_t& out) const {
    const float key = drawing_key(logits[id], largest, inverse);
    if (!(key < kDrawingKeys)) return false;
    out = static_cast<uint32_t>(key);
    return true;
  }
};

__device__ uint64_t weight_of(uint32_t key) { return drawing_weight(expf(-drawing_distance(key))); }

__device__ uint64_t warp_sum(uint64_t value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value += __shfl_xor_sync(kAll, value, distance);
  return value;
}

// The sum of this lane's value and those of all lanes below it.
template <class T>
__device__ T warp_scan(T value) {
  const int lane = threadIdx.x % 32;
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const T below = __shfl_up_sync(kAll, value, distance);
    if (lane >= distance) value += below;
  }
  return value;
}

// The head of a row that is kept: keys below `from`, and of those in [from, to), which weigh the
// same, the first n_last by their ids. `to` may be 2^32.
struct Head {
  uint64_t from = uint64_t{1} << 32, to = uint64_t{1} << 32;
  uint64_t n_last = 0;
  uint64_t weight = 0;  // of all
};

constexpr int kDigitBits = 11;
constexpr int kDigits = 1 << kDigitBits;

struct Histogram {
  unsigned counts[kDigits];
  uint64_t weights[kDigits];
  uint64_t warps[2][kWarps];
  int digit;
  uint64_t count_below, weight_below;
};

// Notes the first digit up to which there are `wanted` tokens, or as much weight, beyond what came
// before; the last that has any where there are not so many.
__device__ void find_digit(Histogram& h, bool by_weight, uint64_t wanted) {
  constexpr int kEach = kDigits / kThreads;
  uint64_t count = 0, weight = 0;
  for (int i = 0; i < kEach; ++i) {
    count += h.counts[threadIdx.x * kEach + i];
    weight += h.weights[threadIdx.x * kEach + i];
  }
  uint64_t counts = warp_scan(count), weights = warp_scan(weight);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (lane == 31) h.warps[0][warp] = counts, h.warps[1][warp] = weights;
  __syncthreads();
  const uint64_t warp_counts = warp_scan(h.warps[0][lane]);
  const uint64_t warp_weights = warp_scan(h.warps[1][lane]);
  const uint64_t all = __shfl_sync(kAll, by_weight ? warp_weights : warp_counts, 31);
  if (warp > 0) {
    counts += __shfl_sync(kAll, warp_counts, warp - 1);
    weights += __shfl_sync(kAll, warp_weights, warp - 1);
  }
  wanted = wanted < all ? wanted : all;
  const uint64_t through = by_weight ? weights : counts;
  uint64_t before = by_weight ? weights - weight : counts - count;
  if (before < wanted && wanted <= through) {
    count = counts - count, weight = weights - weight;  // below this thread's digits
    int digit = threadIdx.x * kEach;
    for (;; ++digit) {
      before += by_weight ? h.weights[digit] : h.counts[digit];
      if (before >= wanted) break;
      count += h.counts[digit], weight += h.weights[digit];
    }
    h.digit = digit, h.count_below = count, h.weight_below = weight;
  }
  __syncthreads();
}

// The head of `wanted` tokens, or of as much weight. REQUIRES: wanted > 0; some token has weight.
__device__ Head find_head(const Row& row, bool by_weight, uint64_t wanted, Histogram& h) {
  Head head;
  uint64_t prefix = 0;  // of the keys in question, shifted
  int width = 32;       // of what is not known of them
  uint64_t n_below = 0, weight_below = 0;
  while (width > 0) {
    const int shift = max(width - kDigitBits, 0);
    for (int i = threadIdx.x; i < kDigits; i += kThreads) h.counts[i] = 0, h.weights[i] = 0;
    __syncthreads();
    for (int id = threadIdx.x; id < row.n; id += kThreads) {
      uint32_t key = 0;
      if (!row.key(id, key) || uint64_t{key} >> width != prefix) continue;
      const unsigned digit = (key >> shift) & ((1u << (width - shift)) - 1);
      atomicAdd(&h.counts[digit], 1u);
      atomicAdd(reinterpret_cast<unsigned long long*>(&h.weights[digit]),
                static_cast<unsigned long long>(weight_of(key)));
    }
    __syncthreads();
    find_digit(h, by_weight, wanted - (by_weight ? weight_below : n_below));
    n_below += h.count_below, weight_below += h.weight_below;
    prefix = prefix << (width - shift) | static_cast<unsigned>(h.digit);
    width = shift;
    const uint64_t n_equal = h.counts[h.digit];
    const uint64_t weight_each = n_equal > 0 ? h.weights[h.digit] / n_equal : 0;
    head.from = prefix << width;
    head.to = (prefix + 1) << width;
    const uint64_t left = wanted - (by_weight ? weight_below : n_below);
    const uint64_t n_left =
        by_weight && weight_each > 0 ? (left + weight_each - 1) / weight_each : left;
    head.n_last = n_left < n_equal ? n_left : n_equal;
    head.weight = weight_below + head.n_last * weight_each;
    __syncthreads();
    if (n_equal <= 1) break;
  }
  return head;
}

// The token that `random` falls on among those that are kept; `otherwise` when none has weight.
__device__ int fall(const Row& row, const Head& head, uint64_t random, int otherwise,
                    Histogram& h) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int each = ((row.n + kWarps - 1) / kWarps + 31) / 32 * 32;
  const int begin = warp * each, end = min(row.n, begin + each);
  uint64_t below = 0, n_last = 0, weight_each = 0;
  for (int id = begin + lane; id < end; id += 32) {
    uint32_t key = 0;
    if (!row.key(id, key) || key >= head.to) continue;
    if (key < head.from) {
      below += weight_of(key);
    } else {
      ++n_last, weight_each = weight_of(key);
    }
  }
  below = warp_sum(below), n_last = warp_sum(n_last);
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    weight_each = max(weight_each, __shfl_xor_sync(kAll, weight_each, distance));
  if (lane == 0) {
    h.warps[0][warp] = below, h.warps[1][warp] = n_last;
    h.weights[warp] = weight_each;
    if (warp == 0) h.digit = otherwise;
  }
  __syncthreads();
  // Every warp knows all: lane i of warp i's part.
  const uint64_t last = h.warps[1][lane];
  const uint64_t last_before = warp_scan(last) - last;
  const uint64_t room = head.n_last > last_before ? head.n_last - last_before : 0;
  const uint64_t kept = h.warps[0][lane] + min(room, last) * h.weights[lane];
  const uint64_t through = warp_scan(kept);
  const uint64_t point = high_product(random, __shfl_sync(kAll, through, 31));
  const unsigned behind = __ballot_sync(kAll, point < through);
  const int owner = __ffs(behind) - 1;
  if (owner == warp) {
    uint64_t left = point - __shfl_sync(kAll, through - kept, owner);
    uint64_t rank = __shfl_sync(kAll, last_before, owner);
    for (int at = begin; at < end; at += 32) {
      const int id = at + lane;
      uint32_t key = 0;
      const bool seen = id < end && row.key(id, key) && key < head.to;
      const unsigned lasts = __ballot_sync(kAll, seen && key >= head.from);
      const bool fits = rank + __popc(lasts & ((1u << lane) - 1)) < head.n_last;
      const uint64_t mine = seen && (key < head.from || fits) ? weight_of(key) : 0;
      const uint64_t sum = warp_scan(mine);
      const unsigned found = __ballot_sync(kAll, left < sum);
      if (found != 0) {
        if (lane == 0) h.digit = at + __ffs(found) - 1;
        break;
      }
      left -= __shfl_sync(kAll, sum, 31);
      rank += __popc(lasts);
    }
  }
  __syncthreads();
  return h.digit;
}

__device__ uint64_t total_weight(const Row& row, Histogram& h) {
  uint64_t sum = 0;
  for (int id = threadIdx.x; id < row.n; id += kThreads) {
    uint32_t key = 0;
    if (row.key(id, key)) sum += weight_of(key);
  }
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) h.warps[0][threadIdx.x / 32] = sum;
  __syncthreads();
  sum = warp_sum(h.warps[0][threadIdx.x % 32]);
  __syncthreads();
  return sum;
}

__device__ int drawn(const Row& row, const Draw& draw, int likeliest) {
  __shared__ Histogram histogram;
  uint32_t key = 0;
  if (!row.key(likeliest, key)) return likeliest;  // no logit is a number
  Head head;                                       // of all
  const bool has_top_k = draw.top_k > 0 && draw.top_k < row.n;
  if (has_top_k) head = find_head(row, false, draw.top_k, histogram);
  if (draw.top_p < 1) {
    const uint64_t weight = has_top_k ? head.weight : total_weight(row, histogram);
    head = find_head(row, true, drawing_target(draw.top_p, weight), histogram);
  }
  return fall(row, head, draw.point, likeliest, histogram);
}

__global__ void __launch_bounds__(kThreads) choose_kernel(ChooseParams p) {
  begin_kernel();
  const float* logits = p.logits + int64_t{blockIdx.x} * p.n_vocabulary;
  const Best best = row_best(logits, p.n_vocabulary);
  const Draw draw = p.draws != nullptr ? p.draws[blockIdx.x] : Draw();
  int id = best.id;
  if (draw.temperature > 0)
    id = drawn({logits, p.n_vocabulary, best.logit, 1.0f / draw.temperature}, draw, best.id);
  if (threadIdx.x > 0) return;
  p.ids[blockIdx.x] = id;
  const float distance = id == best.id ? 0.0f : logits[id] - best.logit;
  p.choices[blockIdx.x] = {id, distance - logf(best.sum)};
}

}  // namespace

int choose(const ChooseParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  return launch(context(stream), choose_kernel, {.grid = p.n_rows, .block = kThreads}, p);
}

}  // namespace rondo::kernels::cuda
