// Attention of few queries (a decode step: the query heads of one KV head) to the keys of a split:
// a vector lane is a key while scores are computed, an element of the value afterwards.
//
//   queries   [kFewLanes][D]             keys    [D][kBlockKeys], transposed and widened to float
//   scores    [kFewLanes][kBlockKeys]    values  [kBlockKeys][D], widened to float
//
// With a query a lane most lanes would be idle: a decode step over 4,000 keys with 5 query heads a
// KV head took 430 us that way and takes 285 us this way (one core of an AMD EPYC, 2026-11-22).
// Both products are the same small matrix product, rows of scalars by a matrix. Bits are those of
// attention_many-inl.h. Compiled once a target; include it after attention_plan.h.

#if defined(RONDO_KERNELS_CPU_ATTENTION_FEW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_ATTENTION_FEW_INL_H_
#undef RONDO_KERNELS_CPU_ATTENTION_FEW_INL_H_
#else
#define RONDO_KERNELS_CPU_ATTENTION_FEW_INL_H_
#endif

#include "kernels/cpu/attention_softmax-inl.h"
#include "kernels/cpu/vector-inl.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

class FewQueries {
 public:
  static constexpr int32_t kFewLanes = 8;

  FewQueries(const AttentionParams& params, const AttentionUnit& unit, const Partial& result)
      : p_(params), unit_(unit), result_(result) {}

  void run(const KeyRange& range) {
    for (int32_t lane = 0; lane < unit_.n_lanes(); ++lane) {
      const float* q = unit_.query(p_, lane);
      for (int32_t i = 0; i < p_.head_dim; ++i) queries_[lane][i] = q[i] * p_.scale;
    }
    std::fill_n(result_.max, kFewLanes, kNoMaximum);
    std::fill_n(result_.sum, kFewLanes, 0.0f);
    for (auto& out : out_) std::fill_n(out, unit_.dim, 0.0f);
    for_blocks(range, [&](int32_t first, int32_t end) HWY_ATTR {
      const int32_t n_keys = (end - first) * kPageTokens;
      for (int32_t i = first; i < end; ++i) {
        load_keys(unit_.page(p_, range.own, i), (i - first) * kPageTokens);
      }
      scores(n_keys);
      for (int32_t i = first; i < end; ++i) mask(range.own, i, (i - first) * kPageTokens);
      softmax(n_keys);
      // Only now, so that the first level cache holds one of the two products at a time.
      for (int32_t i = first; i < end; ++i) {
        const VisiblePage page = unit_.page(p_, range.own, i);
        widen_page(page.values, p_.head_dim, page.first, page.end,
                   values_ + (i - first) * kPageTokens * unit_.dim, unit_.dim);
      }
      weighted_sums(n_keys);
    });
    for (int32_t lane = 0; lane < unit_.n_lanes(); ++lane) {
      for (int32_t i = 0; i < unit_.dim; ++i) result_.out[i * kFewLanes + lane] = out_[lane][i];
    }
  }

 private:
  using D = hn::CappedTag<float, 8>;
  using V = hn::Vec<D>;
  static constexpr int32_t kLanes = 8;
  static_assert(kFewLanes == kLanes, "the running maxima and sums are one vector");

  // Transposes keys to columns `to`.. of keys_. Two elements of a key are one 32-bit lane until
  // they are in place, which halves the shuffles; reading past a key's last element is harmless,
  // since values follow keys.
  void load_keys(const VisiblePage& page, int32_t to) {
    for (int32_t key = 0; key < kPageTokens; key += kLanes) {
      for (int32_t i = 0; i < p_.head_dim; i += 2 * kLanes) {
        transpose(page.keys + key * p_.head_dim + i, keys_[i] + to + key);
      }
    }
  }

  // to[e][k] = element e of key k, for 8 keys and 16 elements.
  HWY_INLINE void transpose(const uint16_t* from, float* to) {
    const hn::RebindToUnsigned<D> d;
    const hn::Repartition<uint16_t, decltype(d)> d16;
    const hn::Repartition<uint64_t, decltype(d)> d64;
    using U = hn::Vec<decltype(d)>;
    U a[kLanes], b[kLanes];
#pragma GCC unroll 4
    for (int k = 0; k < kLanes; k += 2) {
      const U even = hn::BitCast(d, hn::LoadU(d16, from + k * p_.head_dim));
      const U odd = hn::BitCast(d, hn::LoadU(d16, from + (k + 1) * p_.head_dim));
      a[k] = hn::InterleaveLower(d, even, odd);
      a[k + 1] = hn::InterleaveUpper(d, even, odd);
    }
#pragma GCC unroll 2
    for (int k = 0; k < kLanes; k += 4) {
#pragma GCC unroll 2
      for (int half = 0; half < 2; ++half) {
        const auto x = hn::BitCast(d64, a[k + half]), y = hn::BitCast(d64, a[k + 2 + half]);
        b[k + 2 * half] = hn::BitCast(d, hn::InterleaveLower(d64, x, y));
        b[k + 2 * half + 1] = hn::BitCast(d, hn::InterleaveUpper(d64, x, y));
      }
    }
    // b[c] holds pair c of keys 0..3, then pair c + 4; b[4 + c] the same of keys 4..7.
#pragma GCC unroll 4
    for (int c = 0; c < 4; ++c) {
      store_pair(hn::ConcatLowerLower(d, b[4 + c], b[c]), to + 2 * c * kBlockKeys);
      store_pair(hn::ConcatUpperUpper(d, b[4 + c], b[c]), to + (2 * c + 8) * kBlockKeys);
    }
  }

  // Two elements of 8 keys.
  HWY_INLINE void store_pair(hn::Vec<hn::RebindToUnsigned<D>> pair, float* to) {
    const D d;
    const hn::RebindToUnsigned<D> du;
    hn::Store(hn::BitCast(d, hn::ShiftLeft<16>(pair)), d, to);
    hn::Store(hn::BitCast(d, hn::And(pair, hn::Set(du, 0xffff0000u))), d, to + kBlockKeys);
  }

  void mask(bool own, int32_t entry, int32_t key) {
    for (int32_t lane = 0; lane < unit_.n_lanes(); ++lane) {
      int32_t first = 0, end = 0;
      if (own) {
        first = std::clamp(unit_.first_slot(p_, lane) - entry * kPageTokens, 0, kPageTokens);
        end = std::clamp(unit_.last_slot(lane) + 1 - entry * kPageTokens, first, kPageTokens);
      } else {
        end = unit_.span->context[entry].n_valid;
      }
      std::fill_n(scores_[lane] + key, first, kMasked);
      std::fill_n(scores_[lane] + key + end, kPageTokens - end, kMasked);
    }
  }

  void scores(int32_t n_keys) {
    for (int32_t lane = 0; lane < unit_.n_lanes(); ++lane) {
      std::fill_n(scores_[lane], n_keys, 0.0f);
    }
    multiply({queries_[0], kMaxHeadDim, p_.head_dim}, {keys_[0], kBlockKeys, n_keys},
             {scores_[0], kBlockKeys});
  }

  void weighted_sums(int32_t n_keys) {
    const D d;
    for (int32_t lane = 0; lane < unit_.n_lanes(); ++lane) {
      const V rescale = hn::Set(d, rescale_[lane]);
      for (int32_t i = 0; i < unit_.dim; i += kLanes) {
        hn::Store(hn::Mul(hn::Load(d, out_[lane] + i), rescale), d, out_[lane] + i);
      }
    }
    multiply({scores_[0], kBlockKeys, n_keys}, {values_, unit_.dim, unit_.dim},
             {out_[0], kMaxHeadDim});
  }

  // Scores become weights exp(score - maximum); maximum and sum are brought up to date.
  void softmax(int32_t n_keys) {
    const D d;
    HWY_ALIGN float max[kFewLanes], sum[kFewLanes] = {};
    std::copy_n(result_.max, kFewLanes, max);
    for (int32_t lane = 0; lane < unit_.n_lanes(); ++lane) {
      V largest = hn::Set(d, max[lane]);
      for (int32_t key = 0; key < n_keys; key += kLanes) {
        largest = hn::Max(largest, hn::Load(d, scores_[lane] + key));
      }
      largest = hn::MaxOfLanes(d, largest);
      V sums = hn::Zero(d);
      for (int32_t key = 0; key < n_keys; key += kLanes) {
        const V weights = hn::Exp(d, hn::Sub(hn::Load(d, scores_[lane] + key), largest));
        hn::Store(weights, d, scores_[lane] + key);
        sums = hn::Add(sums, weights);
      }
      max[lane] = hn::GetLane(largest);
      HWY_ALIGN float s[kSumParts];
      hn::Store(sums, d, s);
      sum[lane] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
    }
    hn::Store(advance(d, hn::Load(d, max), hn::Load(d, sum), result_.max, result_.sum), d,
              rescale_);
  }

  struct Rows {  // n_lanes rows of n scalars
    const float* data;
    int32_t stride;
    int32_t n;
  };
  struct Matrix {  // [rows.n, n_columns]
    const float* data;
    int32_t stride;
    int32_t n_columns;  // a multiple of 16
  };
  struct Result {
    float* data;
    int32_t stride;
  };

  // result[lane][c] += sum_i rows[lane][i] * matrix[i][c], in the order of i.
  void multiply(const Rows& rows, const Matrix& matrix, const Result& result) {
    int32_t lane = 0;
    for (; lane + 2 <= unit_.n_lanes(); lane += 2) {
      columns<2, 4>(rows, matrix, result, lane, 0);
    }
    if (lane < unit_.n_lanes()) columns<1, 8>(rows, matrix, result, lane, 0);
  }

  // kVectors at a time, what is left of the columns by half as many.
  template <int kRows, int kVectors>
  HWY_INLINE void columns(const Rows& rows, const Matrix& matrix, const Result& result,
                          int32_t lane, int32_t column) {
    for (; column + kVectors * kLanes <= matrix.n_columns; column += kVectors * kLanes) {
      tile<kRows, kVectors>(rows, matrix, result, lane, column);
    }
    if constexpr (kVectors > 2) {
      columns<kRows, kVectors / 2>(rows, matrix, result, lane, column);
    }
  }

  template <int kRows, int kVectors>
  HWY_INLINE void tile(const Rows& rows, const Matrix& matrix, const Result& result, int32_t lane,
                       int32_t column) {
    const D d;
    const float* row = rows.data + lane * rows.stride;
    const float* from = matrix.data + column;
    float* to = result.data + lane * result.stride + column;
    V sums[kRows][kVectors];
#pragma GCC unroll 2
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::Load(d, to + r * result.stride + v * kLanes);
      }
    }
    for (int32_t i = 0; i < rows.n; ++i, from += matrix.stride) {
      V scalars[kRows];
#pragma GCC unroll 2
      for (int r = 0; r < kRows; ++r) scalars[r] = hn::Set(d, row[r * rows.stride + i]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const V elements = hn::Load(d, from + v * kLanes);
#pragma GCC unroll 2
        for (int r = 0; r < kRows; ++r) {
          sums[r][v] = hn::MulAdd(scalars[r], elements, sums[r][v]);
        }
      }
    }
#pragma GCC unroll 2
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        hn::Store(sums[r][v], d, to + r * result.stride + v * kLanes);
      }
    }
  }

  const AttentionParams& p_;
  const AttentionUnit& unit_;
  const Partial result_;
  HWY_ALIGN float queries_[kFewLanes][kMaxHeadDim];
  HWY_ALIGN float scores_[kFewLanes][kBlockKeys];
  HWY_ALIGN float out_[kFewLanes][kMaxHeadDim];
  HWY_ALIGN float rescale_[kFewLanes];
  HWY_ALIGN float keys_[kMaxHeadDim][kBlockKeys];
  HWY_ALIGN float values_[kBlockKeys * kMaxHeadDim];
};

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
