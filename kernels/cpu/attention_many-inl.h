// Attention of many queries to the keys of a split: a vector lane is a query.
//
//   queries   [D][lanes]                 keys, values   [kBlockKeys][D], widened to float once
//   scores    [kBlockKeys][lanes]        out            [D][lanes]
//
// (On AMX the products are those of attention_amx.h, keys and values stay bf16.)
// Keys and values are broadcast, so score, maximum, exponential and weighted sum are all vertical.
// Compiled once a target; include it after attention_plan.h.

#if defined(RONDO_KERNELS_CPU_ATTENTION_MANY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_ATTENTION_MANY_INL_H_
#undef RONDO_KERNELS_CPU_ATTENTION_MANY_INL_H_
#else
#define RONDO_KERNELS_CPU_ATTENTION_MANY_INL_H_
#endif

#include "kernels/cpu/attention_softmax-inl.h"
#include "kernels/cpu/vector-inl.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

// The two matrix products of attention in float32.
class FloatProducts {
 public:
  static constexpr int32_t kLanes = HWY_LANES(float);
  static constexpr int32_t kMaxLanes = 48;

  // Borrows the queries, float [D][lanes].
  FloatProducts(const AttentionUnit& unit, int32_t head_dim, const float* queries)
      : head_dim_(head_dim), dim_(unit.dim), stride_(unit.padded_lanes), queries_(queries) {}

  // Page `index` of a block.
  void load_keys(const VisiblePage& page, int32_t index) {
    widen_page(page.keys, head_dim_, page.first, page.end, widened_ + index * kPageTokens * dim_,
               dim_);
  }

  // Keys are not needed any more: the first level cache holds one of the two products at a time.
  void load_values(const VisiblePage& page, int32_t index) {
    widen_page(page.values, head_dim_, page.first, page.end, widened_ + index * kPageTokens * dim_,
               dim_);
  }

  // scores[key][lane] = sum_i keys[key][i] * queries[i][lane], in the order of i.
  void scores(int32_t n_keys, float* scores) {
    int32_t lane = 0;
    for (; lane + 3 * kLanes <= stride_; lane += 3 * kLanes)
      scores_tile<3, 4>(n_keys, lane, scores);
    for (; lane + 2 * kLanes <= stride_; lane += 2 * kLanes)
      scores_tile<2, 4>(n_keys, lane, scores);
    for (; lane < stride_; lane += kLanes) scores_tile<1, 8>(n_keys, lane, scores);
  }

  // out[i][lane] = out[i][lane] * rescale[lane] + sum_key values[key][i] * weights[key][lane], in
  // the order of keys.
  void weighted_sums(int32_t n_keys, const float* weights, const float* rescale, float* out) {
    int32_t lane = 0;
    for (; lane + 3 * kLanes <= stride_; lane += 3 * kLanes)
      weighted_tile<3, 4>(n_keys, lane, weights, rescale, out);
    for (; lane + 2 * kLanes <= stride_; lane += 2 * kLanes)
      weighted_tile<2, 4>(n_keys, lane, weights, rescale, out);
    for (; lane < stride_; lane += kLanes) weighted_tile<1, 8>(n_keys, lane, weights, rescale, out);
  }

 private:
  using V = hn::Vec<F32>;

  template <int kVectors, int kKeys>
  HWY_INLINE void scores_tile(int32_t n_keys, int32_t lane, float* scores) {
    const F32 d;
    for (int32_t key = 0; key < n_keys; key += kKeys) {
      V sums[kKeys][kVectors];
#pragma GCC unroll 8
      for (int k = 0; k < kKeys; ++k) {
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) sums[k][v] = hn::Zero(d);
      }
      const float* keys = widened_ + key * dim_;
      for (int32_t i = 0; i < head_dim_; ++i) {
        const float* q = queries_ + i * stride_ + lane;
        V queries[kVectors];
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) queries[v] = hn::Load(d, q + v * kLanes);
#pragma GCC unroll 8
        for (int k = 0; k < kKeys; ++k) {
          const V element = hn::Set(d, keys[k * dim_ + i]);
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
          hn::Store(sums[k][v], d, scores + (key + k) * stride_ + lane + v * kLanes);
        }
      }
    }
  }

  template <int kVectors, int kElements>
  HWY_INLINE void weighted_tile(int32_t n_keys, int32_t lane, const float* weights,
                                const float* rescale, float* result) {
    const F32 d;
    for (int32_t i = 0; i < dim_; i += kElements) {
      float* out = result + i * stride_ + lane;
      V sums[kElements][kVectors];
#pragma GCC unroll 8
      for (int e = 0; e < kElements; ++e) {
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          sums[e][v] = hn::Mul(hn::Load(d, out + e * stride_ + v * kLanes),
                               hn::Load(d, rescale + lane + v * kLanes));
        }
      }
      for (int32_t key = 0; key < n_keys; ++key) {
        V w[kVectors];
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          w[v] = hn::Load(d, weights + key * stride_ + lane + v * kLanes);
        }
#pragma GCC unroll 8
        for (int e = 0; e < kElements; ++e) {
          const V element = hn::Set(d, widened_[key * dim_ + i + e]);
#pragma GCC unroll 3
          for (int v = 0; v < kVectors; ++v) {
            sums[e][v] = hn::MulAdd(element, w[v], sums[e][v]);
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

  const int32_t head_dim_, dim_, stride_;
  const float* queries_;
  HWY_ALIGN float widened_[kBlockKeys * kMaxHeadDim];  // keys, then values
};

// A unit against a split, with its products in float or on AMX tiles.
template <class Products>
class ManyQueries {
 public:
  ManyQueries(const AttentionParams& params, const AttentionUnit& unit, const Partial& result)
      : p_(params), unit_(unit), result_(result), stride_(unit.padded_lanes) {}

  void run(const KeyRange& range) {
    load_queries();
    Products products(unit_, p_.head_dim, queries_);
    std::fill_n(result_.max, stride_, kNoMaximum);
    std::fill_n(result_.sum, stride_, 0.0f);
    std::fill_n(result_.out, int64_t{unit_.dim} * stride_, 0.0f);
    for_blocks(range, [&](int32_t first, int32_t end) HWY_ATTR {
      const int32_t n_keys = (end - first) * kPageTokens;
      for (int32_t i = first; i < end; ++i) {
        products.load_keys(unit_.page(p_, range.own, i), i - first);
      }
      products.scores(n_keys, scores_);
      range.own ? mask_own(first * kPageTokens, n_keys) : mask_context(first, end);
      for (int32_t lane = 0; lane < stride_; lane += kLanes) softmax(n_keys, lane);
      for (int32_t i = first; i < end; ++i) {
        products.load_values(unit_.page(p_, range.own, i), i - first);
      }
      products.weighted_sums(n_keys, scores_, rescale_, result_.out);
    });
  }

 private:
  using V = hn::Vec<F32>;
  static constexpr int32_t kLanes = HWY_LANES(float);
  static constexpr int32_t kMaxLanes = Products::kMaxLanes;

  // Transposes the queries and scales them.
  void load_queries() {
    for (int32_t lane = 0; lane < stride_; ++lane) {
      const int32_t used = std::min(lane, unit_.n_lanes() - 1);  // spare lanes repeat the last
      const float* q = unit_.query(p_, used);
      for (int32_t i = 0; i < p_.head_dim; ++i) queries_[i * stride_ + lane] = q[i] * p_.scale;
      first_slot_[lane] = unit_.first_slot(p_, used);
      last_slot_[lane] = unit_.last_slot(used);
    }
  }

  void mask_context(int32_t first, int32_t end) {
    for (int32_t i = first; i < end; ++i) {
      const int32_t n_valid = unit_.span->context[i].n_valid;
      std::fill_n(scores_ + ((i - first) * kPageTokens + n_valid) * stride_,
                  (kPageTokens - n_valid) * stride_, kMasked);
    }
  }

  void mask_own(int32_t first_slot, int32_t n_keys) {
    const F32 d;
    const hn::RebindToSigned<F32> di;
    for (int32_t lane = 0; lane < stride_; lane += kLanes) {
      const auto first = hn::Load(di, first_slot_ + lane);
      const auto last = hn::Load(di, last_slot_ + lane);
      for (int32_t key = 0; key < n_keys; ++key) {
        const auto slot = hn::Set(di, first_slot + key);
        const auto hidden = hn::RebindMask(d, hn::Or(hn::Gt(slot, last), hn::Lt(slot, first)));
        float* score = scores_ + key * stride_ + lane;
        hn::Store(hn::IfThenElse(hidden, hn::Set(d, kMasked), hn::Load(d, score)), d, score);
      }
    }
  }

  // Scores become weights exp(score - maximum); maximum and sum are brought up to date.
  HWY_INLINE void softmax(int32_t n_keys, int32_t lane) {
    const F32 d;
    V max = hn::Load(d, result_.max + lane);
    for (int32_t key = 0; key < n_keys; ++key) {
      max = hn::Max(max, hn::Load(d, scores_ + key * stride_ + lane));
    }
    V sums[kSumParts];
#pragma GCC unroll 8
    for (int s = 0; s < kSumParts; ++s) sums[s] = hn::Zero(d);
    for (int32_t key = 0; key < n_keys; key += kSumParts) {
#pragma GCC unroll 8
      for (int s = 0; s < kSumParts; ++s) {
        float* score = scores_ + (key + s) * stride_ + lane;
        const V weight = hn::Exp(d, hn::Sub(hn::Load(d, score), max));
        hn::Store(weight, d, score);
        sums[s] = hn::Add(sums[s], weight);
      }
    }
    const V sum = hn::Add(hn::Add(hn::Add(sums[0], sums[4]), hn::Add(sums[2], sums[6])),
                          hn::Add(hn::Add(sums[1], sums[5]), hn::Add(sums[3], sums[7])));
    hn::Store(advance(d, max, sum, result_.max + lane, result_.sum + lane), d, rescale_ + lane);
  }

  const AttentionParams& p_;
  const AttentionUnit& unit_;
  const Partial result_;
  const int32_t stride_;
  HWY_ALIGN float queries_[kMaxHeadDim * kMaxLanes];
  HWY_ALIGN float scores_[kBlockKeys * kMaxLanes];
  HWY_ALIGN float rescale_[kMaxLanes];
  HWY_ALIGN int32_t first_slot_[kMaxLanes];  // what a lane sees of its own tokens
  HWY_ALIGN int32_t last_slot_[kMaxLanes];
};

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
