// The two matrix products of attention in float32, straight from the pages (kv_pages.h): a vector
// lane is a token while scores are computed, an element of the value afterwards, and a shift or a
// mask makes floats of bf16. Queries and weights are broadcast, so nothing is transposed, and sums
// are fused multiply-adds in the order of elements and of keys, whatever else is in the unit.
//
// A tile of sums stays in registers: some queries by some vectors. Compiled once a target; include
// it after attention_plan.h.

#if defined(RONDO_KERNELS_CPU_ATTENTION_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_ATTENTION_FLOAT_INL_H_
#undef RONDO_KERNELS_CPU_ATTENTION_FLOAT_INL_H_
#else
#define RONDO_KERNELS_CPU_ATTENTION_FLOAT_INL_H_
#endif

#include "kernels/cpu/vector-inl.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

class FloatProducts {
 public:
  static constexpr int32_t kMaxQueries = 48;
  static constexpr int32_t kMultiple = 8;
  static constexpr int32_t kSplitEntries = 32;
  static constexpr float kLnBase = 1;
  static constexpr bool kWeighs = false;

  FloatProducts(const AttentionParams& params, const AttentionUnit& unit)
      : head_dim_(params.head_dim),
        dim_(unit.dim),
        n_queries_(unit.n_queries()),
        stride_(unit.padded_queries) {
    for (int32_t q = 0; q < n_queries_; ++q) {
      const float* query = unit.query(params, q);
      for (int32_t i = 0; i < head_dim_; ++i) queries_[i * stride_ + q] = query[i] * params.scale;
    }
  }

  void scores(const VisiblePage* pages, int32_t n_pages, float* scores) {
    for_groups<kGroup>(0, [&](auto n, int32_t q) HWY_ATTR {
      score_pages<n, kPagesOf<n>>(pages, n_pages, q, scores + q * kBlockKeys);
    });
  }

  void weighted_sums(const VisiblePage* pages, int32_t n_pages, const float* weights,
                     const float* rescale, float* out) {
    const uint16_t* values[kBlockEntries];
    for (int32_t i = 0; i < n_pages; ++i) values[i] = visible_values(pages[i], i);
    for_groups<kGroup>(0, [&](auto n, int32_t q) HWY_ATTR {
      weigh_elements<n, kVectorsOf<n>>(values, n_pages, 0, weights + q * kBlockKeys, rescale + q,
                                       out + q * dim_);
    });
  }

 private:
  using V = hn::Vec<F32>;
  using U = hn::Vec<hn::RebindToUnsigned<F32>>;
  static constexpr int32_t kLanes = HWY_LANES(float);
  static constexpr int32_t kPageVectors = kPageTokens / kLanes;
  // Sums in registers, of 16 or 32: more than the latency of two multiply-adds a cycle needs, and
  // room for the factors.
  static constexpr int32_t kSums = kLanes == 8 ? 10 : 20;
  static constexpr int32_t kGroup = kSums / 2;
  template <int kQueries>
  static constexpr int32_t kVectorsOf = kQueries > kSums / 4   ? 2
                                        : kQueries > kSums / 8 ? 4
                                                               : 8;
  template <int kQueries>
  static constexpr int32_t kPagesOf = std::min(kVectorsOf<kQueries> / kPageVectors, kBlockEntries);

  // tile(n, q) for groups of n queries from `q` on: as many of kQueries as there are, then the
  // rest.
  template <int kQueries, class Tile>
  HWY_INLINE void for_groups(int32_t q, const Tile& tile) {
    for (; q + kQueries <= n_queries_; q += kQueries) {
      tile(std::integral_constant<int, kQueries>(), q);
    }
    if constexpr (kQueries > 1) for_groups<kQueries - 1>(q, tile);
  }

  // kPages at a time, what is left of the pages by half as many.
  template <int kQueries, int kPages>
  HWY_INLINE void score_pages(const VisiblePage* pages, int32_t n_pages, int32_t q, float* scores) {
    for (; n_pages >= kPages; n_pages -= kPages, pages += kPages, scores += kPages * kPageTokens) {
      score_tile<kQueries, kPages>(pages, q, scores);
    }
    if constexpr (kPages > 1) score_pages<kQueries, kPages / 2>(pages, n_pages, q, scores);
  }

  // scores[r][token] = sum_i queries[i][q + r] * keys[token][i], in the order of i.
  template <int kQueries, int kPages>
  HWY_INLINE void score_tile(const VisiblePage* pages, int32_t q, float* scores) {
    constexpr int kVectors = kPages * kPageVectors;
    const F32 d;
    Sums<kQueries, kVectors> sums;
#pragma GCC unroll 16
    for (int r = 0; r < kQueries; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) sums[r][v] = hn::Zero(d);
    }
    const float* query = queries_ + q;
    for (int32_t i = 0; i < head_dim_; i += 2, query += 2 * stride_) {
      U keys[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const uint16_t* page = pages[v / kPageVectors].keys;
        keys[v] = load_pairs(page + key_index(v % kPageVectors * kLanes, i));
      }
      add<kQueries, kVectors>(query, 1, first_of_pairs, keys, sums);
      add<kQueries, kVectors>(query + stride_, 1, second_of_pairs, keys, sums);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kQueries; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        hn::Store(sums[r][v], d, scores + r * kBlockKeys + v * kLanes);
      }
    }
  }

  // Elements from `i` on, kVectors at a time, what is left by half as many.
  template <int kQueries, int kVectors>
  HWY_INLINE void weigh_elements(const uint16_t* const* values, int32_t n_pages, int32_t i,
                                 const float* weights, const float* rescale, float* out) {
    for (; i + kVectors * kLanes <= dim_; i += kVectors * kLanes) {
      weigh_tile<kQueries, kVectors>(values, n_pages, i, weights, rescale, out + i);
    }
    if constexpr (kVectors > 1) {
      weigh_elements<kQueries, kVectors / 2>(values, n_pages, i, weights, rescale, out);
    }
  }

  // out[r][e] = out[r][e] * rescale[r] + sum_key weights[r][key] * values[key][i + e], in the order
  // of keys.
  template <int kQueries, int kVectors>
  HWY_INLINE void weigh_tile(const uint16_t* const* values, int32_t n_pages, int32_t i,
                             const float* weights, const float* rescale, float* out) {
    const F32 d;
    Sums<kQueries, kVectors> sums;
#pragma GCC unroll 16
    for (int r = 0; r < kQueries; ++r) {
      const V factor = hn::Set(d, rescale[r]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::Mul(hn::LoadU(d, out + r * dim_ + v * kLanes), factor);
      }
    }
    for (int32_t page = 0; page < n_pages; ++page) {
      const uint16_t* from = values[page] + value_index(0, i, dim_);
      for (int32_t token = 0; token < kPageTokens; token += 2, from += 2 * dim_, weights += 2) {
        U pairs[kVectors];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) pairs[v] = load_pairs(from + 2 * v * kLanes);
        add<kQueries, kVectors>(weights, kBlockKeys, first_of_pairs, pairs, sums);
        add<kQueries, kVectors>(weights + 1, kBlockKeys, second_of_pairs, pairs, sums);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < kQueries; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        hn::StoreU(sums[r][v], d, out + r * dim_ + v * kLanes);
      }
    }
  }

  template <int kQueries, int kVectors>
  using Sums = V[kQueries][kVectors];

  // sums[r][v] += factors[r * stride] * half(pairs[v])
  template <int kQueries, int kVectors, class Half>
  static HWY_INLINE void add(const float* factors, int64_t stride, const Half& half,
                             const U (&pairs)[kVectors], Sums<kQueries, kVectors>& sums) {
    V elements[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) elements[v] = half(pairs[v]);
#pragma GCC unroll 16
    for (int r = 0; r < kQueries; ++r) {
      const V factor = hn::Set(F32(), factors[r * stride]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::MulAdd(factor, elements[v], sums[r][v]);
      }
    }
  }

  static HWY_INLINE U load_pairs(const uint16_t* from) {
    const hn::Repartition<uint16_t, F32> d16;
    return hn::BitCast(hn::RebindToUnsigned<F32>(), hn::LoadU(d16, from));
  }
  static HWY_INLINE V first_of_pairs(U pairs) {
    return hn::BitCast(F32(), hn::ShiftLeft<16>(pairs));
  }
  static HWY_INLINE V second_of_pairs(U pairs) {
    const hn::RebindToUnsigned<F32> d;
    return hn::BitCast(F32(), hn::And(pairs, hn::Set(d, 0xffff0000u)));
  }

  // A page's values as [8][dim][2], zero where nobody sees them.
  const uint16_t* visible_values(const VisiblePage& page, int32_t index) {
    if (page.full() && head_dim_ == dim_) return page.values;
    copy_values(page, head_dim_, dim_, copies_[index]);
    return copies_[index];
  }

  const int32_t head_dim_, dim_, n_queries_, stride_;
  HWY_ALIGN float queries_[kMaxHeadDim * kMaxQueries];                   // [D][padded queries]
  HWY_ALIGN uint16_t copies_[kBlockEntries][kPageTokens * kMaxHeadDim];  // of values
};

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
