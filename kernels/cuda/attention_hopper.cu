// Attention of more than 32 rows on Hopper's own tensor core instructions (hopper.cuh), for heads
// of 64 and 128. Every other GPU and shape has attention_many.cu.
//
// A block has 64 lines (attention_work.cuh) a warpgroup, and goes over tiles of 128 keys (8
// page-table entries) that two warps of one more warpgroup bring (attention_ring.cuh). The products
// of a tile's keys and of the values before it are begun together; while one warpgroup works out
// its weights the tensor cores have the others' products:
//
//   group 0   Q K(1)  P V(0) | softmax(1)      | Q K(2)  P V(1) | softmax(2)      | ..
//   group 1   softmax(0)     | Q K(1)  P V(0)  | softmax(1)     | Q K(2)  P V(1)  | ..
//
// Numerics: queries (times scale and log2 e) and weights are rounded to bf16, products exact, sums
// float32, exponentials by ex2.approx. The maximum that weights refer to stays until a score is
// kSlack above it (a factor of 256), which each line decides for itself; a tile of which a line
// sees nothing leaves it as it is: so a row's bits do not depend on what else is in the call, nor
// on the shape of blocks.
// Memory: of a block, at most 160 KiB of shared memory (heads of 128).
// Measured (H100 SXM, 2026-11-26; attention_many.cu in brackets), TFLOP/s, causal, 40 heads of 128,
// 8 KV heads: 2K rows 417 (172), 8K 587 (233), 32K 560 to 620 (250; the clock follows the power),
// 2K rows behind 30K 616 (238). cuBLAS's 8192^3 in the same runs: 740 to 780; cuDNN's attention at
// 32K: 599. 10 heads of 64, 2 KV heads: 8K 450 (172); 64 Segments of 300 in 0.067 ms (0.164), 512
// rows over 54 of them in 0.176 ms (0.396).
//   8K, heads of 128    1 warpgroup 371 | 2 555 | maxima that stay 584
//   blocks that stay    64 Segments 96 -> 111, 2K rows 414 -> 421
//   turns               8K, heads of 64: 383 -> 457; of 128: nothing
//   a softmax beside the group's own products as well: 570 -> 543, so not done

#include <algorithm>

#include "kernels/cuda/attention_ring.cuh"
#include "kernels/cuda/matrix_map.h"
#include "kernels/cuda/mma.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

// 64 lines of a warpgroup, two of a thread (hopper.cuh: g and g + 8 of a warp's 16): what they see,
// and their online softmax. A thread has a part of the sums of weights.
template <CtaShape kCta>
class GroupLines {
 public:
  __device__ GroupLines(const AttentionParams& p, const RoundedRows& rounded, int group)
      : p_(p), rounded_(rounded), group_(group) {
    if (group == kCta.groups - 1) let_next_group();
  }

  __device__ void attend(const TileLines& lines) {
    begin(lines);
    const int n = lines.n_tiles();
    Scores scores;
    Weights weights;
    begin_keys(scores);
    finish_keys<0>(lines, 0, scores);
    weigh(scores);  // sums are zeros so far
    pack(scores, weights);
    for (int tile = 1; tile < n; ++tile) {
      wait_for_turn();
      begin_keys(scores);
      begin_values(weights);
      let_next_group();
      finish_keys<1>(lines, tile, scores);
      finish_values();
      const float2 factor = weigh(scores);
      pack(scores, weights);
      rescale_sums(factor);
    }
    begin_values(weights);
    finish_values();
    store(lines);
  }

 private:
  static constexpr int kDims = kCta.dims, kGroups = kCta.groups;
  using Scores = float[kTileKeys / 2];
  using Weights = uint32_t[kTileKeys / 16][4];
  static constexpr float kSlack = 8;  // how far a score may be above the maximum that counts

  static __device__ int lane() { return threadIdx.x % 32; }
  static __device__ int warp() { return threadIdx.x % kGroupThreads / 32; }
  // A thread's lines in the block's.
  __device__ int line_of(int half) const {
    return kGroupLines * group_ + 16 * warp() + 8 * half + lane() / 4;
  }

  // The groups begin their products one after the other.
  __device__ void wait_for_turn() const {
    if (kCta.turns) meet<2 * kGroupThreads>(1 + group_);
  }
  __device__ void let_next_group() const {
    if (kCta.turns) pass<2 * kGroupThreads>(1 + (group_ + 1) % kGroups);
  }
  __device__ void synchronize_group() const { meet<kGroupThreads>(1 + kGroups + group_); }

  __device__ void begin(const TileLines& lines) {
    synchronize_group();  // nobody reads the queries of the lines before
    load_queries(lines);
    let_products_see_writes();
    synchronize_group();
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int row = lines.row(min(line_of(half), lines.n - 1));
      first_slot_[half] = lines.first_seen(p_, row);
      last_slot_[half] = lines.last_seen(row);
      max_[half] = kMasked;
      sum_[half] = 0;
    }
    const int first = kGroupLines * group_ + 16 * warp();
    all_from_ = lines.first_seen(p_, lines.row(min(first + 15, lines.n - 1)));
    all_to_ = lines.last_seen(lines.row(min(first, lines.n - 1)));
#pragma unroll
    for (float& sum : out_) sum = 0;
  }

  // A warp takes its own 16 lines, to where products expect them.
  __device__ void load_queries(const TileLines& lines) {
    constexpr int kLanes = kDims / 4, kAtOnce = 32 / kLanes;  // of a line; lines
    const int element = lane() % kLanes * 4;
    const float factor = p_.scale * kLog2E;
#pragma unroll 8
    for (int i = 0; i < 16; i += kAtOnce) {
      const int mine = 16 * warp() + i + lane() / kLanes;
      const int line = min(kGroupLines * group_ + mine, lines.n - 1);
      const float* q = p_.q + (lines.entries.span.first_row + lines.row(line)) * p_.q_stride +
                       lines.head(line) * kDims;
      const float4 four = *reinterpret_cast<const float4*>(q + element);
      const int chunk = element % kColumnElements / 8 ^ mine % 8;
      auto* to = &shared_.queries[group_][element / kColumnElements][mine][chunk * 8 + element % 8];
      *reinterpret_cast<uint2*>(to) = {pack_bf16(four.x * factor, four.y * factor),
                                       pack_bf16(four.z * factor, four.w * factor)};
    }
  }

  __device__ void begin_keys(Scores& scores) {
    shared_.keys_here[keys_.stage].wait(keys_.parity);
    const uint64_t a = describe(shared_.queries[group_]);
    const uint64_t b = describe(shared_.keys[keys_.stage]);
    begin_products();
#pragma unroll
    for (int i = 0; i < kDims / 16; ++i) {
      const int column = i / 4, bytes = i % 4 * 32;
      multiply(scores, a + described(column * kColumnBytes<kGroupLines> + bytes),
               b + described(column * kColumnBytes<kTileKeys> + bytes), i == 0);
    }
    end_products();
  }

  // Behind the keys' products, but perhaps kBehind groups that began later.
  template <int kBehind>
  __device__ void finish_keys(const TileLines& lines, int tile, Scores& scores) {
    wait_for_products<kBehind>();
    pin(scores);
    // Who arrives is who has read, so that compute-sanitizer can follow it.
    uint64_t hidden = lane() == 0 ? shared_.hidden[keys_.stage] : 0;
    hidden = __shfl_sync(~0u, hidden, 0);
    if (lane() == 0) shared_.keys_done[keys_.stage].arrive();
    keys_.advance();
    const int base = lines.first_slot(tile), end = base + kTileKeys;
    const bool begins = p_.window == 0 || base >= all_from_ || end <= lines.first_own_slot();
    if (hidden == 0 && begins && end - 1 <= all_to_) return;
    hide(lines, base, hidden, scores);
  }

  __device__ void begin_values(const Weights& weights) {
    shared_.values_here[values_.stage].wait(values_.parity);
    const uint64_t b = describe(shared_.values[values_.stage], kColumnBytes<kTileKeys>);
    begin_products();
#pragma unroll
    for (int i = 0; i < kTileKeys / 16; ++i) {
      multiply(out_, weights[i], b + described(kColumnBytes<16> * i));
    }
    end_products();
  }

  __device__ void finish_values() {
    wait_for_products<0>();
    pin(out_);
    __syncwarp();
    if (lane() == 0) shared_.values_done[values_.stage].arrive();
    values_.advance();
  }

  __device__ void hide(const TileLines& lines, int base, uint64_t hidden, Scores& scores) const {
#pragma unroll
    for (int e = 0; e < kTileEntries; ++e) {
      const int slot = base + e * kPageTokens;
      const int before = static_cast<int>(hidden >> 8 * e & 0xff);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const bool own = slot >= lines.first_own_slot();
        const int from = own ? max(before, first_slot_[half] - slot) : before;
        const int to = last_slot_[half] - slot;
#pragma unroll
        for (int i = 0; i < 4; ++i) {  // keys 2t, 2t + 1, 2t + 8, 2t + 9
          const int key = i / 2 * 8 + lane() % 4 * 2 + i % 2;
          float& s = scores[(2 * e + i / 2) * 4 + 2 * half + i % 2];
          if (key < from || key > to) s = kMasked;
        }
      }
    }
  }

  static __device__ float exp2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
  }

  // Raises the maximum of a line where it has to; returns what its sums are to be multiplied with.
  __device__ float raise(const Scores& scores, int half) {
    float even = scores[2 * half], odd = scores[2 * half + 1];
#pragma unroll
    for (int i = 1; i < kTileKeys / 8; ++i) {
      even = fmaxf(even, scores[4 * i + 2 * half]);
      odd = fmaxf(odd, scores[4 * i + 2 * half + 1]);
    }
    float largest = fmaxf(even, odd);
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, 2));
    if (largest <= max_[half] + kSlack) return 1;
    const float factor = exp2(max_[half] - largest);
    max_[half] = largest;
    return factor;
  }

  // Scores become weights; returns what the sums so far of both lines are to be multiplied with.
  __device__ float2 weigh(Scores& scores) {
    const float factor[2] = {raise(scores, 0), raise(scores, 1)};
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float from = max_[half] == kMasked ? 0.0f : max_[half];  // nothing was seen so far
      float even = 0, odd = 0;
#pragma unroll
      for (int i = 0; i < kTileKeys / 8; ++i) {
        even += scores[4 * i + 2 * half] = exp2(scores[4 * i + 2 * half] - from);
        odd += scores[4 * i + 2 * half + 1] = exp2(scores[4 * i + 2 * half + 1] - from);
      }
      sum_[half] = sum_[half] * factor[half] + (even + odd);
    }
    return {factor[0], factor[1]};
  }

  __device__ void rescale_sums(float2 factor) {
    if (!__any_sync(~0u, factor.x != 1 || factor.y != 1)) return;
#pragma unroll
    for (int i = 0; i < kDims / 2; ++i) out_[i] *= i % 4 < 2 ? factor.x : factor.y;
  }

  static __device__ void pack(const Scores& scores, Weights& weights) {
#pragma unroll
    for (int i = 0; i < kTileKeys / 4; ++i) {
      weights[i / 4][i % 4] = pack_bf16(scores[2 * i], scores[2 * i + 1]);
    }
  }

  __device__ void store(const TileLines& lines) const {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = sum_[half];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      const int line = line_of(half);
      if (line >= lines.n) continue;
      const float factor = 1.0f / sum;
      const int64_t row = lines.entries.span.first_row + lines.row(line);
      const int64_t at = (row * p_.n_heads + lines.head(line)) * kDims + lane() % 4 * 2;
      if (rounded_.rows != nullptr) {
        store_rounded(at - int64_t{p_.first_row} * p_.n_heads * kDims, half, factor);
        continue;
      }
#pragma unroll
      for (int i = 0; i < kDims / 8; ++i) {
        *reinterpret_cast<float2*>(p_.out + at + 8 * i) = {out_[4 * i + 2 * half] * factor,
                                                           out_[4 * i + 2 * half + 1] * factor};
      }
    }
  }

  __device__ void store_rounded(int64_t at, int half, float factor) const {
#pragma unroll
    for (int i = 0; i < kDims / 8; ++i) {
      *reinterpret_cast<uint32_t*>(rounded_.rows + at + 8 * i) =
          pack_bf16(out_[4 * i + 2 * half] * factor, out_[4 * i + 2 * half + 1] * factor);
    }
  }

  const AttentionParams& p_;
  const RoundedRows& rounded_;
  Shared<kCta>& shared_ = shared<kCta>();
  const int group_;
  Place keys_, values_;
  int first_slot_[2], last_slot_[2];
  int all_from_, all_to_;  // own slots that all lines of the warp see
  float max_[2], sum_[2];
  float out_[kDims / 2];
};

// nvcc takes types as parameters of a kernel, but no values of a class.
struct Small64 {
  static constexpr CtaShape kCta = {.dims = 64,
                                    .groups = 1,
                                    .turns = false,
                                    .of_multiprocessor = 2,
                                    .registers_to_copy = 40,
                                    .registers_to_multiply = 216};
};
struct Large64 {
  static constexpr CtaShape kCta = {.dims = 64,
                                    .groups = 3,
                                    .turns = true,
                                    .of_multiprocessor = 1,
                                    .registers_to_copy = 32,
                                    .registers_to_multiply = 160};
};
struct Small128 {
  static constexpr CtaShape kCta = {.dims = 128,
                                    .groups = 1,
                                    .turns = false,
                                    .of_multiprocessor = 2,
                                    .registers_to_copy = 40,
                                    .registers_to_multiply = 216};
};
struct Large128 {
  static constexpr CtaShape kCta = {.dims = 128,
                                    .groups = 2,
                                    .turns = false,
                                    .of_multiprocessor = 1,
                                    .registers_to_copy = 40,
                                    .registers_to_multiply = 232};
};

template <class Shape>
__global__ void __launch_bounds__(Shape::kCta.threads(), Shape::kCta.of_multiprocessor)
    hopper_kernel(const __grid_constant__ AttentionParams p,
                  const __grid_constant__ RoundedRows rounded,
                  const __grid_constant__ CUtensorMap pages) {
  if constexpr (kCodeForHopper) {
    constexpr CtaShape kCta = Shape::kCta;
    if (threadIdx.x == 0) shared<kCta>().open_barriers();
    __syncthreads();
    begin_kernel();
    const WorkList<kCta.groups * kGroupLines, kTileEntries> work(p);
    TileLines lines;
    if (threadIdx.x < kGroupThreads) {
      shrink_registers<kCta.registers_to_copy>();
      if (threadIdx.x >= 64) return;
      Fetcher<kCta> fetcher(p, pages, threadIdx.x >= 32);
      for (int i = 0; work.find(i, lines); ++i) fetcher.fetch(lines);
    } else {
      grow_registers<kCta.registers_to_multiply>();
      GroupLines<kCta> mine(p, rounded, threadIdx.x / kGroupThreads - 1);
      for (int i = 0; work.find(i, lines); ++i) mine.attend(lines);
    }
  } else {
    __trap();  // attend_on_hopper is for where there is such code
  }
}

// The keys and values of a layer as a tensor: elements, tokens of a page, heads of both, pages.
bool describe_pages(const AttentionParams& p, Context& c, CUtensorMap& map) {
  const auto encode = tensor_map_encoder();
  if (encode == nullptr) return c.check(cudaErrorNotSupported);
  const auto dims = static_cast<cuuint64_t>(p.head_dim);
  constexpr cuuint64_t kAnyPage = uint64_t{1} << 31;
  const cuuint64_t sizes[] = {dims, kPageTokens, static_cast<cuuint64_t>(2 * p.n_kv_heads),
                              kAnyPage};
  const cuuint64_t strides[] = {2 * dims, 2 * dims * kPageTokens,
                                static_cast<cuuint64_t>(p.kv.page_stride_bytes)};
  const cuuint32_t box[] = {kColumnElements, kPageTokens, 1, 1}, steps[] = {1, 1, 1, 1};
  const CUresult result =
      encode(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 4, p.kv.data + p.kv.layer_offset_bytes, sizes,
             strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
             CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return c.check(result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue);
}

// At most so many blocks' worth of lines there are.
int64_t most_work(CtaShape cta, const AttentionParams& p) {
  const int64_t n_lines = int64_t{p.n_rows} * (p.n_heads / p.n_kv_heads);
  return (n_lines / (cta.groups * kGroupLines) + p.n_spans) * p.n_kv_heads;
}

// So many blocks the device runs at once.
template <CtaShape kCta>
int64_t at_once(const Context& c) {
  const cudaDeviceProp& device = c.properties();
  const auto fit = static_cast<int>(device.sharedMemPerMultiprocessor /
                                    (kSharedBytes<kCta> + device.reservedSharedMemPerBlock));
  return int64_t{c.n_multiprocessors()} * std::min(fit, kCta.of_multiprocessor);
}

template <class Shape>
int launch_ctas(const AttentionParams& p, const RoundedRows& rounded, Context& c) {
  constexpr CtaShape kCta = Shape::kCta;
  static_assert(kCta.registers() <= 65536, "a multiprocessor has so many");
  CUtensorMap pages;
  if (!describe_pages(p, c, pages)) return kDeviceFailed;
  const int64_t n_ctas = std::min(most_work(kCta, p), at_once<kCta>(c));
  return launch(c, hopper_kernel<Shape>,
                {.grid = dim3(static_cast<unsigned>(n_ctas)),
                 .block = kCta.threads(),
                 .shared_bytes = kSharedBytes<kCta>},
                p, rounded, pages);
}

// Large blocks are faster, small ones where those leave multiprocessors without work.
template <class Small, class Large>
int launch_either(const AttentionParams& p, const RoundedRows& rounded, Context& c) {
  return most_work(Small::kCta, p) <= at_once<Small::kCta>(c) ? launch_ctas<Small>(p, rounded, c)
                                                              : launch_ctas<Large>(p, rounded, c);
}

}  // namespace

bool takes_hopper(const AttentionParams& p, const Context& c) {
#ifdef RONDO_CODE_FOR_HOPPER
  const auto aligned = [](const void* to) { return reinterpret_cast<uintptr_t>(to) % 16 == 0; };
  return c.properties().major == 9 && (p.head_dim == 64 || p.head_dim == 128) &&
         p.q_stride % 4 == 0 && aligned(p.q) && aligned(p.out) && aligned(p.kv.data);
#else
  return false;
#endif
}

int attend_on_hopper(const AttentionParams& p, const RoundedRows& rounded, Context& c) {
  return p.head_dim == 64 ? launch_either<Small64, Large64>(p, rounded, c)
                          : launch_either<Small128, Large128>(p, rounded, c);
}

}  // namespace rondo::kernels::cuda
