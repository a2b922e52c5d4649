// choose (contract in kernels.h, arithmetic in drawing.h). A row has a block or, where there are
// clusters and the vocabulary is worth it, a cluster of eight; a warp of it a stretch of the ids.
//
//   1. the likeliest token, and the sum that its probability needs, in one pass in which a thread
//      takes 4 neighbours at a time: a row that does not draw is done
//   2. the keys, to shared memory; with top_k the cut that leaves so many: each block counts its
//      keys by their first ten bits, all blocks' counts are added, among the keys of the bin where
//      the k-th lies the next ten bits are counted, and so on
//   3. how much weight each block keeps, to all; with top_p the cut that leaves so much of it, in
//      the same way with sums of weight for counts, and what each block keeps of that
//   4. the warp in whose stretch the point lies looks for it
//
// Whole numbers alone decide which token is drawn. The logarithm of its probability is float32; the
// order of its sums depends on the vocabulary and the kind of device alone.
// Memory: 19 KiB, and 4 bytes for each of a block's tokens where there is room for them; else they
// are read from the device's memory again.

#include <cfloat>
#include <climits>

#include "kernels/cuda/cluster.cuh"
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
constexpr int kClusterBlocks = 8;
// A cluster begins and meets a microsecond later than a block, and reads eight times as fast.
constexpr int32_t kOneBlockVocabulary = 32 << 10;
constexpr int kDigitBits = 10;
constexpr int kBins = 1 << kDigitBits;
static_assert(kBins == kThreads && kWarps == 32);

struct Shared {
  uint64_t amounts[2][kBins];      // [turn]: blocks read each other's while the next is counted
  float4 bests[kClusterBlocks];    // Best, packed
  float4 kept[2][kClusterBlocks];  // [turn]: bits of a Weight
  float4 warp_bests[kWarps];
  uint64_t warp_amounts[kWarps];
  uint64_t warp_weights[kWarps];
  uint32_t warp_equals[kWarps];
  uint64_t before_digit;
  uint32_t digit;
};

template <int kBlocks>
__device__ void sync_row() {
  if constexpr (kBlocks > 1) {
    sync_cluster();
  } else {
    __syncthreads();
  }
}

template <int kBlocks>
__device__ int rank_in_row() {
  return kBlocks > 1 ? cluster_rank() : 0;
}

// To every block of the row, at `here`, from threads 0 .. kBlocks - 1.
template <int kBlocks>
__device__ void tell_row(float4* here, const float4& v) {
  if (threadIdx.x >= kBlocks) return;
  if constexpr (kBlocks > 1) {
    write_to_block(here, static_cast<int>(threadIdx.x), v);
  } else {
    *here = v;
  }
}

struct Best {
  float logit = -FLT_MAX;
  int id = INT_MAX;  // the lowest of equal ones
  float sum = 0;     // of exp(others - logit)

  // Both ways round the same to the bit.
  __device__ void add(const Best& other) {
    const float larger = fmaxf(logit, other.logit);
    sum = __fadd_rn(__fmul_rn(sum, expf(logit - larger)),
                    __fmul_rn(other.sum, expf(other.logit - larger)));
    if (other.logit > logit || (other.logit == logit && other.id < id)) id = other.id;
    logit = larger;
  }
  __device__ float4 packed() const { return {logit, __int_as_float(id), sum, 0}; }
};

__device__ Best unpacked(const float4& v) { return {v.x, __float_as_int(v.y), v.z}; }

__device__ Best warp_best(Best best) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    best.add({__shfl_xor_sync(kAll, best.logit, distance), __shfl_xor_sync(kAll, best.id, distance),
              __shfl_xor_sync(kAll, best.sum, distance)});
  }
  return best;
}

__device__ uint64_t warp_sum(uint64_t value) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2)
    value += __shfl_xor_sync(kAll, value, distance);
  return value;
}

// The sum of the values of this lane and those before it.
__device__ uint64_t warp_scan(uint64_t value) {
#pragma unroll
  for (int distance = 1; distance < 32; distance *= 2) {
    const uint64_t before = __shfl_up_sync(kAll, value, distance);
    if (threadIdx.x % 32 >= distance) value += before;
  }
  return value;
}

// The likeliest of the tokens begin .. end - 1 that this thread looks at.
__device__ Best thread_best(const float* logits, int begin, int end) {
  const bool aligned = reinterpret_cast<uintptr_t>(logits + begin) % 16 == 0;
  Best best;
#pragma unroll 4
  for (int at = begin + 4 * static_cast<int>(threadIdx.x); at < end; at += 4 * kThreads) {
    const float4 four = load_four(logits, at, end, aligned, -INFINITY);
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
  return best;
}

// Of the row, in every thread. `begin`, `end`: this block's tokens.
template <int kBlocks>
__device__ Best row_best(const float* logits, int begin, int end, int n, Shared& shared) {
  Best best = warp_best(thread_best(logits, begin, end));
  if (threadIdx.x % 32 == 0) shared.warp_bests[threadIdx.x / 32] = best.packed();
  __syncthreads();
  best = warp_best(unpacked(shared.warp_bests[threadIdx.x % 32]));
  if constexpr (kBlocks > 1) {
    wait_for_cluster();  // the others have begun
    tell_row<kBlocks>(&shared.bests[cluster_rank()], best.packed());
    sync_cluster();
    best = unpacked(shared.bests[0]);
#pragma unroll
    for (int i = 1; i < kBlocks; ++i) best.add(unpacked(shared.bests[i]));
  }
  if (best.id >= n) best.id = 0;  // all are NaN or -infinity
  return best;
}

// What a warp has of a row that draws. Every lane touches the same elements all the time, so
// nothing has to be waited for.
struct Stretch {
  const float* logits = nullptr;  // the row's
  uint32_t* keys = nullptr;       // [n], shared; null: no room
  int first = 0;                  // id
  int n = 0;
  float largest = 0, octaves = 0;  // of the row

  __device__ uint32_t make_key(int i) const {
    return drawing_key(logits[first + i], largest, octaves);
  }
  __device__ uint32_t key(int i) const { return keys != nullptr ? keys[i] : make_key(i); }
  __device__ void make_keys() {
    if (keys == nullptr) return;
#pragma unroll 4
    for (int i = threadIdx.x % 32; i < n; i += 32) keys[i] = make_key(i);
  }
};

// What is kept of the order: tokens with smaller keys, and of those with this one the first by id.
struct Cut {
  uint32_t key = kNoKey;  // kNoKey: all that have weight
  uint32_t n_equal = 0;
};

// A sum in two words, because shared memory adds no more at once.
__device__ void add(uint64_t* amounts, uint32_t bin, uint32_t amount) {
  uint32_t* words = reinterpret_cast<uint32_t*>(amounts + bin);
  if (atomicAdd(words, amount) + amount < amount) atomicAdd(words + 1, 1u);
}

// The bin in which the sum of all blocks' amounts reaches `target`, and the sum before it, to
// shared.digit and before_digit; false if it never does.
template <int kBlocks>
__device__ bool find_digit(const uint64_t* amounts, uint64_t target, Shared& shared) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint64_t amount = 0;
  if constexpr (kBlocks > 1) {
#pragma unroll
    for (int i = 0; i < kBlocks; ++i) amount += read_from_block(&amounts[threadIdx.x], i);
  } else {
    amount = amounts[threadIdx.x];
  }
  uint64_t through = warp_scan(amount);
  if (lane == 31) shared.warp_amounts[warp] = through;
  __syncthreads();
  const uint64_t through_warps = warp_scan(shared.warp_amounts[lane]);
  if (__shfl_sync(kAll, through_warps, 31) < target) return false;
  const uint64_t before_warp = __shfl_sync(kAll, through_warps, max(warp - 1, 0));
  if (warp > 0) through += before_warp;
  if (through - amount < target && target <= through) {
    shared.digit = threadIdx.x;
    shared.before_digit = through - amount;
  }
  __syncthreads();
  return true;
}

// Where the order of tokens has `target` first, counted in tokens or in weight; without an end if
// it never has. `turn`: of the histograms.
template <int kBlocks, bool kByWeight>
__device__ Cut cut_at(uint64_t target, const Stretch& stretch, Shared& shared, int& turn) {
  uint32_t found = 0;  // the key's digits so far
  for (int bits = kKeyBits; bits > 0;) {
    const int shift = bits > kDigitBits ? bits - kDigitBits : 0;
    uint64_t* amounts = shared.amounts[turn];
    turn ^= 1;
    amounts[threadIdx.x] = 0;
    __syncthreads();
    for (int i = threadIdx.x % 32; i < stretch.n; i += 32) {
      const uint32_t key = stretch.key(i);
      if (key >> bits != found) continue;
      const uint32_t digit = (key >> shift) - (found << (bits - shift));
      add(amounts, digit, kByWeight ? drawing_weight(key) : 1);
    }
    sync_row<kBlocks>();
    if (!find_digit<kBlocks>(amounts, target, shared)) return {};
    target -= shared.before_digit;
    found = (found << (bits - shift)) + shared.digit;
    bits = shift;
  }
  const uint32_t each = kByWeight ? drawing_weight(found) : 1;
  return {.key = found, .n_equal = static_cast<uint32_t>((target + each - 1) / each)};
}

// What a cut keeps of some tokens, of which so many are equal to it.
struct Weight {
  uint64_t smaller = 0;  // of tokens with smaller keys
  uint32_t n_equal = 0;

  __device__ void add(const Weight& other) {
    smaller += other.smaller;
    n_equal += other.n_equal;
  }
  __device__ uint64_t kept(const Cut& cut) const {
    return smaller + uint64_t{min(n_equal, cut.n_equal)} * drawing_weight(cut.key);
  }
};

// Of the row, and of what lies before this block in it. Of each of the block's warps to shared.
struct RowWeight {
  Weight all, before;
};

template <int kBlocks>
__device__ RowWeight weigh(const Cut& cut, const Stretch& stretch, Shared& shared, int turn) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  uint64_t smaller = 0;
  uint32_t n_equal = 0;
  for (int i = lane; i < stretch.n; i += 32) {
    const uint32_t key = stretch.key(i);
    if (key < cut.key) smaller += drawing_weight(key);
    n_equal += key == cut.key && key != kNoKey;
  }
  smaller = warp_sum(smaller), n_equal = static_cast<uint32_t>(warp_sum(n_equal));
  if (lane == 0) shared.warp_weights[warp] = smaller, shared.warp_equals[warp] = n_equal;
  __syncthreads();
  if (warp == 0) {
    const uint64_t block = warp_sum(shared.warp_weights[lane]);
    const auto equals = static_cast<uint32_t>(warp_sum(shared.warp_equals[lane]));
    tell_row<kBlocks>(
        &shared.kept[turn][rank_in_row<kBlocks>()],
        {__uint_as_float(static_cast<uint32_t>(block)),
         __uint_as_float(static_cast<uint32_t>(block >> 32)), __uint_as_float(equals), 0});
  }
  sync_row<kBlocks>();
  RowWeight row;
#pragma unroll
  for (int i = 0; i < kBlocks; ++i) {
    const float4 bits = shared.kept[turn][i];
    const uint64_t high = __float_as_uint(bits.y);
    if (i == rank_in_row<kBlocks>()) row.before = row.all;
    row.all.add({high << 32 | __float_as_uint(bits.x), __float_as_uint(bits.z)});
  }
  return row;
}

// The token at `point` of the weight that is kept, in one lane of the row; in others -1. `before`:
// this block, in the row.
__device__ int token_at(uint64_t point, const Cut& cut, Weight before, const Stretch& stretch,
                        const Shared& shared) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  before.add({warp_sum(lane < warp ? shared.warp_weights[lane] : 0),
              static_cast<uint32_t>(warp_sum(lane < warp ? shared.warp_equals[lane] : 0))});
  Weight through = before;
  through.add({shared.warp_weights[warp], shared.warp_equals[warp]});
  uint64_t at = before.kept(cut);
  if (point < at || point >= through.kept(cut)) return -1;
  uint32_t n_equal = before.n_equal;
  for (int i = lane; i - lane < stretch.n; i += 32) {
    const uint32_t key = i < stretch.n ? stretch.key(i) : kNoKey;
    const bool is_equal = key == cut.key && key != kNoKey;
    const uint32_t equals = __ballot_sync(kAll, is_equal);
    const uint32_t n_before = n_equal + __popc(equals & ((1u << lane) - 1));
    const bool is_kept = key < cut.key || (is_equal && n_before < cut.n_equal);
    const uint64_t weight = is_kept ? drawing_weight(key) : 0;
    const uint64_t end = at + warp_scan(weight);
    const bool is_here = point < end && point >= end - weight;
    if (__any_sync(kAll, is_here)) return is_here ? stretch.first + i : -1;
    at = __shfl_sync(kAll, end, 31);
    n_equal += __popc(equals);
  }
  return -1;
}

// As token_at; `likeliest`, if none has weight.
template <int kBlocks>
__device__ int drawn(const Draw& draw, int likeliest, Stretch& stretch, Shared& shared) {
  stretch.make_keys();
  Cut cut;
  int turn = 0;
  if (draw.top_k > 0) {
    cut = cut_at<kBlocks, false>(static_cast<uint64_t>(draw.top_k), stretch, shared, turn);
  }
  RowWeight weight = weigh<kBlocks>(cut, stretch, shared, 0);
  const uint64_t total = weight.all.kept(cut);
  if (total == 0) return rank_in_row<kBlocks>() == 0 && threadIdx.x == 0 ? likeliest : -1;
  if (draw.top_p < 1) {
    cut = cut_at<kBlocks, true>(drawing_target(draw.top_p, total), stretch, shared, turn);
    weight = weigh<kBlocks>(cut, stretch, shared, 1);
  }
  const uint64_t point = high_product(draw.point, weight.all.kept(cut));
  return token_at(point, cut, weight.before, stretch, shared);
}

// `per_warp`: tokens of a stretch, a multiple of 32.
template <int kBlocks>
__global__ void __launch_bounds__(kThreads)
    choose_kernel(ChooseParams p, int per_warp, bool holds_keys) {
  Shared& shared = *reinterpret_cast<Shared*>(dynamic_shared());
  begin_kernel();
  if constexpr (kBlocks > 1) arrive_at_cluster();
  const int row = static_cast<int>(blockIdx.x), warp = static_cast<int>(threadIdx.x) / 32;
  const int n = p.n_vocabulary, rank = rank_in_row<kBlocks>();
  const float* logits = p.logits + int64_t{row} * n;
  const int begin = rank * kWarps * per_warp;
  const Best best = row_best<kBlocks>(logits, begin, min(begin + kWarps * per_warp, n), n, shared);
  const Draw draw = p.draws != nullptr ? p.draws[row] : Draw();
  int id = rank == 0 && threadIdx.x == 0 ? best.id : -1;
  if (draw.temperature > 0) {
    Stretch stretch = {.logits = logits,
                       .first = begin + warp * per_warp,
                       .largest = best.logit,
                       .octaves = octaves_per_unit(draw.temperature)};
    stretch.n = max(0, min(per_warp, n - stretch.first));
    if (holds_keys) stretch.keys = reinterpret_cast<uint32_t*>(&shared + 1) + warp * per_warp;
    id = drawn<kBlocks>(draw, best.id, stretch, shared);
  }
  if (id < 0) return;
  const float distance = id == best.id ? 0.0f : logits[id] - best.logit;
  p.ids[row] = id;
  p.choices[row] = {id, distance - logf(best.sum)};
}

}  // namespace

int choose(const ChooseParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  Context& c = context(stream);
  // Clusters came with sm_90, as the copy engine did.
  const bool in_cluster = c.copies_in_bulk() && p.n_vocabulary > kOneBlockVocabulary;
  const int n_blocks = in_cluster ? kClusterBlocks : 1;
  const int per_warp = (p.n_vocabulary - 1) / (n_blocks * kThreads) * 32 + 32;
  const size_t key_bytes = size_t{kThreads / 32} * per_warp * sizeof(uint32_t);
  const bool holds = sizeof(Shared) + key_bytes + 1024 <= c.properties().sharedMemPerBlockOptin;
  const Shape shape = {.grid = dim3(p.n_rows, n_blocks),
                       .block = kThreads,
                       .shared_bytes = static_cast<int>(sizeof(Shared) + (holds ? key_bytes : 0)),
                       .cluster = static_cast<unsigned>(n_blocks)};
  return launch(c, in_cluster ? choose_kernel<kClusterBlocks> : choose_kernel<1>, shape, p,
                per_warp, holds);
}

}  // namespace rondo::kernels::cuda
