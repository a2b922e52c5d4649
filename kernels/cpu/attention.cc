// Attention over bf16 pages: a vector lane is a query.
//
// The query heads of one KV head, of several rows, are the lanes; keys and values are broadcast. So
// score, maximum, exponential and weighted sum are all vertical, K and V are widened to float once
// for all lanes, and a query's arithmetic depends neither on its lane nor on the vector width.
//
//   queries   [D][lanes]                 keys, values   [kBlockKeys][D]
//   scores    [kBlockKeys][lanes]        out            [D][lanes]
//
// Splits and blocks are those of attention_plan.h: an online softmax over the blocks of a split,
// then the splits are merged in order. A key that a lane does not see adds exact zeros.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#include <hwy/foreach_target.h>
// Must follow foreach_target.h.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/bf16.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/vector-inl.h"
#include "kernels/launch.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

constexpr float kNoMaximum = -1e30f;  // before the first visible key
constexpr float kMasked = -2e30f;     // exp(kMasked - kNoMaximum) is zero too
constexpr int32_t kVectorLanes = HWY_LANES(float);

// The half as wide vector for the few lanes of a decode step.
using FewLanes = hn::CappedTag<float, 8>;

struct Workspace {
  HWY_ALIGN float queries[kMaxHeadDim * kMaxLanes];
  HWY_ALIGN float scores[kBlockKeys * kMaxLanes];
  HWY_ALIGN float keys[kBlockKeys * kMaxHeadDim];
  HWY_ALIGN float values[kBlockKeys * kMaxHeadDim];
  HWY_ALIGN float rescale[kMaxLanes];
  HWY_ALIGN int32_t first_slot[kMaxLanes];  // what a lane sees of its own tokens
  HWY_ALIGN int32_t last_slot[kMaxLanes];
};

void widen(const uint16_t* from, int32_t n, float* to) {
  const F32 d;
  const hn::RebindToUnsigned<F32> du;
  const hn::Rebind<uint16_t, F32> d16;
  int32_t i = 0;
  for (; i + kVectorLanes <= n; i += kVectorLanes) {
    const auto bits = hn::PromoteTo(du, hn::LoadU(d16, from + i));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(bits)), d, to + i);
  }
  for (; i < n; ++i) to[i] = bf16_to_float(from[i]);
}

// A unit against the keys of one split.
template <class D>
class SplitAttention {
 public:
  SplitAttention(const AttentionParams& params, const AttentionUnit& unit, const Partial& result,
                 Workspace& workspace)
      : p_(params), unit_(unit), result_(result), w_(workspace), stride_(unit.padded_lanes) {}

  void run(const KeyRange& range) {
    load_queries();
    std::fill_n(result_.max, stride_, kNoMaximum);
    std::fill_n(result_.sum, stride_, 0.0f);
    std::fill_n(result_.out, int64_t{unit_.dim} * stride_, 0.0f);
    // Blocks begin at multiples of kBlockEntries.
    for (int32_t first = range.first, end; first < range.end; first = end) {
      end = std::min(range.end, (first / kBlockEntries + 1) * kBlockEntries);
      const int32_t n_keys = (end - first) * kPageTokens;
      range.own ? load_own_pages(first, end) : load_context(first, end);
      scores(n_keys);
      range.own ? mask_own(first * kPageTokens, n_keys) : mask_context(first, end);
      for (int32_t lane = 0; lane < stride_; lane += kLanes) softmax(n_keys, lane);
      weighted_sums(n_keys);
    }
  }

 private:
  static constexpr int32_t kLanes = hn::MaxLanes(D());
  using V = hn::Vec<D>;

  // Transposes the queries and scales them.
  void load_queries() {
    for (int32_t lane = 0; lane < stride_; ++lane) {
      const int32_t used = std::min(lane, unit_.n_lanes() - 1);  // spare lanes repeat the last
      const int32_t row = unit_.row + used / unit_.n_heads;
      const int32_t head = unit_.head + used % unit_.n_heads;
      const float* q =
          p_.q + (unit_.span->first_row + row) * p_.q_stride + int64_t{head} * p_.head_dim;
      for (int32_t i = 0; i < p_.head_dim; ++i) w_.queries[i * stride_ + lane] = q[i] * p_.scale;
      w_.last_slot[lane] = unit_.span->first_slot + row;
      w_.first_slot[lane] = p_.window == 0 ? 0 : w_.last_slot[lane] - p_.window + 1;
    }
  }

  // Widens slots [first, end) of a page to rows of w_.keys and w_.values that begin at `to`; the
  // page's other rows become zero.
  void load_page(int32_t page, int32_t first, int32_t end, int32_t to) {
    const int64_t head_elements = int64_t{kPageTokens} * p_.head_dim;
    const int32_t kv_head = unit_.head / (p_.n_heads / p_.n_kv_heads);
    const auto* keys = reinterpret_cast<const uint16_t*>(
                           p_.kv.data + page * p_.kv.page_stride_bytes + p_.kv.layer_offset_bytes) +
                       kv_head * head_elements;
    const uint16_t* values = keys + p_.n_kv_heads * head_elements;
    for (int32_t s = 0; s < kPageTokens; ++s) {
      float* key = w_.keys + (to + s) * unit_.dim;
      float* value = w_.values + (to + s) * unit_.dim;
      if (s < first || s >= end) {
        std::fill_n(key, unit_.dim, 0.0f);
        std::fill_n(value, unit_.dim, 0.0f);
        continue;
      }
      widen(keys + s * p_.head_dim, p_.head_dim, key);
      widen(values + s * p_.head_dim, p_.head_dim, value);
      std::fill(value + p_.head_dim, value + unit_.dim, 0.0f);
    }
  }

  void load_context(int32_t first, int32_t end) {
    for (int32_t i = first; i < end; ++i) {
      const PageRef& ref = unit_.span->context[i];
      load_page(ref.page, 0, ref.n_valid, (i - first) * kPageTokens);
    }
  }

  // Slots after the last row's and before the first row's window may hold anything.
  void load_own_pages(int32_t first, int32_t end) {
    for (int32_t i = first; i < end; ++i) {
      const int32_t begin_slot = i * kPageTokens;
      load_page(unit_.span->own_pages[i - unit_.span->first_own_page],
                std::max(0, w_.first_slot[0] - begin_slot),
                std::min(kPageTokens, w_.last_slot[stride_ - 1] + 1 - begin_slot),
                (i - first) * kPageTokens);
    }
  }

  void mask_context(int32_t first, int32_t end) {
    for (int32_t i = first; i < end; ++i) {
      const int32_t n_valid = unit_.span->context[i].n_valid;
      std::fill_n(w_.scores + ((i - first) * kPageTokens + n_valid) * stride_,
                  (kPageTokens - n_valid) * stride_, kMasked);
    }
  }

  void mask_own(int32_t first_slot, int32_t n_keys) {
    const D d;
    const hn::RebindToSigned<D> di;
    for (int32_t lane = 0; lane < stride_; lane += kLanes) {
      const auto first = hn::Load(di, w_.first_slot + lane);
      const auto last = hn::Load(di, w_.last_slot + lane);
      for (int32_t key = 0; key < n_keys; ++key) {
        const auto slot = hn::Set(di, first_slot + key);
        const auto hidden = hn::Or(hn::Gt(slot, last), hn::Lt(slot, first));
        float* score = w_.scores + key * stride_ + lane;
        hn::Store(
            hn::IfThenElse(hn::RebindMask(d, hidden), hn::Set(d, kMasked), hn::Load(d, score)), d,
            score);
      }
    }
  }

  void scores(int32_t n_keys) {
    int32_t lane = 0;
    for (; lane + 3 * kLanes <= stride_; lane += 3 * kLanes) scores_tile<3, 4>(n_keys, lane);
    for (; lane + 2 * kLanes <= stride_; lane += 2 * kLanes) scores_tile<2, 4>(n_keys, lane);
    for (; lane < stride_; lane += kLanes) scores_tile<1, 8>(n_keys, lane);
  }

  void weighted_sums(int32_t n_keys) {
    int32_t lane = 0;
    for (; lane + 3 * kLanes <= stride_; lane += 3 * kLanes) weighted_tile<3, 4>(n_keys, lane);
    for (; lane + 2 * kLanes <= stride_; lane += 2 * kLanes) weighted_tile<2, 4>(n_keys, lane);
    for (; lane < stride_; lane += kLanes) weighted_tile<1, 8>(n_keys, lane);
  }

  // scores[key][lane] = sum_i keys[key][i] * queries[i][lane], in the order of i.
  template <int kVectors, int kKeys>
  HWY_INLINE void scores_tile(int32_t n_keys, int32_t lane) {
    const D d;
    for (int32_t key = 0; key < n_keys; key += kKeys) {
      V sums[kKeys][kVectors];
#pragma GCC unroll 8
      for (int k = 0; k < kKeys; ++k) {
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) sums[k][v] = hn::Zero(d);
      }
      const float* keys = w_.keys + key * unit_.dim;
      for (int32_t i = 0; i < p_.head_dim; ++i) {
        const float* q = w_.queries + i * stride_ + lane;
        V queries[kVectors];
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) queries[v] = hn::Load(d, q + v * kLanes);
#pragma GCC unroll 8
        for (int k = 0; k < kKeys; ++k) {
          const V element = hn::Set(d, keys[k * unit_.dim + i]);
#pragma GCC unroll 3
          for (int v = 0; v < kVectors; ++v) {
            sums[k][v] = hn::MulAdd(element, queries[v], sums[k][v]);
          }
        }
      }
#pragma GCC unroll 8
      for (int k = 0; k < kKeys; ++k) {
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          hn::Store(sums[k][v], d, w_.scores + (key + k) * stride_ + lane + v * kLanes);
        }
      }
    }
  }

  // Scores become weights exp(score - maximum); the maximum, the sum and what to rescale earlier
  // weights by are brought up to date.
  HWY_INLINE void softmax(int32_t n_keys, int32_t lane) {
    const D d;
    const V old_max = hn::Load(d, result_.max + lane);
    V max = old_max;
    for (int32_t key = 0; key < n_keys; ++key) {
      max = hn::Max(max, hn::Load(d, w_.scores + key * stride_ + lane));
    }
    const V rescale = hn::Exp(d, hn::Sub(old_max, max));
    V sum = hn::Mul(hn::Load(d, result_.sum + lane), rescale);
    for (int32_t key = 0; key < n_keys; ++key) {
      float* score = w_.scores + key * stride_ + lane;
      const V weight = hn::Exp(d, hn::Sub(hn::Load(d, score), max));
      hn::Store(weight, d, score);
      sum = hn::Add(sum, weight);
    }
    hn::Store(max, d, result_.max + lane);
    hn::Store(sum, d, result_.sum + lane);
    hn::Store(rescale, d, w_.rescale + lane);
  }

  // out[i][lane] = out[i][lane] * rescale[lane] + sum_key values[key][i] * scores[key][lane]
  template <int kVectors, int kElements>
  HWY_INLINE void weighted_tile(int32_t n_keys, int32_t lane) {
    const D d;
    for (int32_t i = 0; i < unit_.dim; i += kElements) {
      float* out = result_.out + i * stride_ + lane;
      V sums[kElements][kVectors];
#pragma GCC unroll 8
      for (int e = 0; e < kElements; ++e) {
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          sums[e][v] = hn::Mul(hn::Load(d, out + e * stride_ + v * kLanes),
                               hn::Load(d, w_.rescale + lane + v * kLanes));
        }
      }
      for (int32_t key = 0; key < n_keys; ++key) {
        V weights[kVectors];
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          weights[v] = hn::Load(d, w_.scores + key * stride_ + lane + v * kLanes);
        }
#pragma GCC unroll 8
        for (int e = 0; e < kElements; ++e) {
          const V element = hn::Set(d, w_.values[key * unit_.dim + i + e]);
#pragma GCC unroll 3
          for (int v = 0; v < kVectors; ++v) {
            sums[e][v] = hn::MulAdd(element, weights[v], sums[e][v]);
          }
        }
      }
#pragma GCC unroll 8
      for (int e = 0; e < kElements; ++e) {
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          hn::Store(sums[e][v], d, out + e * stride_ + v * kLanes);
        }
      }
    }
  }

  const AttentionParams& p_;
  const AttentionUnit& unit_;
  const Partial result_;
  Workspace& w_;
  const int32_t stride_;
};

void attend_to_split(const AttentionParams& p, const AttentionUnit& unit, int32_t split) {
  Workspace workspace;
  const KeyRange range = unit.keys(split);
  if (unit.padded_lanes <= 8) {
    SplitAttention<FewLanes>(p, unit, unit.partial(split), workspace).run(range);
  } else {
    SplitAttention<F32>(p, unit, unit.partial(split), workspace).run(range);
  }
}

// Adds split `from` to `to`, lane by lane.
void merge(const AttentionUnit& unit, const Partial& to, const Partial& from) {
  const FewLanes d;
  for (int32_t lane = 0; lane < unit.padded_lanes; lane += 8) {
    const auto to_max = hn::Load(d, to.max + lane), from_max = hn::Load(d, from.max + lane);
    const auto max = hn::Max(to_max, from_max);
    const auto to_scale = hn::Exp(d, hn::Sub(to_max, max));
    const auto from_scale = hn::Exp(d, hn::Sub(from_max, max));
    const auto mix = [&](float* a, const float* b) HWY_ATTR {
      const auto scaled = hn::Mul(hn::Load(d, b + lane), from_scale);
      hn::Store(hn::MulAdd(hn::Load(d, a + lane), to_scale, scaled), d, a + lane);
    };
    hn::Store(max, d, to.max + lane);
    mix(to.sum, from.sum);
    for (int32_t i = 0; i < unit.dim; ++i) {
      mix(to.out + i * unit.padded_lanes, from.out + i * unit.padded_lanes);
    }
  }
}

void finish(const AttentionParams& p, const AttentionUnit& unit) {
  const Partial total = unit.partial(0);
  for (int32_t split = 1; split < unit.n_splits(); ++split) {
    merge(unit, total, unit.partial(split));
  }
  for (int32_t lane = 0; lane < unit.n_lanes(); ++lane) {
    const int64_t row = unit.span->first_row + unit.row + lane / unit.n_heads;
    const int32_t head = unit.head + lane % unit.n_heads;
    float* out = p.out + (row * p.n_heads + head) * p.head_dim;
    const float factor = 1.0f / total.sum[lane];
    for (int32_t i = 0; i < p.head_dim; ++i) {
      out[i] = total.out[i * unit.padded_lanes + lane] * factor;
    }
  }
}

}  // namespace

int attention(const AttentionParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16 || p.head_dim > kMaxHeadDim) return kBadArguments;
  if (stream.threads == nullptr) return kBadArguments;
  AttentionPlan(p, {.few = 8, .many = kVectorLanes}, *stream.threads).run(attend_to_split, finish);
  return kOk;
}

}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
