// The online softmax of a unit over the keys of a split, between two matrix products that differ by
// instruction set:
//
//   scores [queries][kBlockKeys] = queries . keys^T        out [queries][D] += weights . values
//
// A query is a row everywhere. A Products has kMaxQueries, the logarithm of its scores' base, and
//
//   Products(params, unit)                          reads the queries
//   scores(pages, n_pages, scores)                  of tokens that nobody sees: anything
//
// then, with kWeighs, a softmax of its own (attention_amx.h)
//
//   add(pages, n_pages, scores, result)
//
// and without it, for weights that stand where the scores were,
//
//   weighted_sums(pages, n_pages, weights, rescale, out)    out[q] = out[q] * rescale[q] + ...
//
// Blocks begin at multiples of kBlockEntries, a block's weights are added up in kSumParts parts
// (key modulo kSumParts), and hidden keys add exact zeros: a row's bits do not depend on what else
// is in its unit. Compiled once a target; include it after attention_plan.h.

#if defined(RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_
#undef RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_
#else
#define RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/cpu/vector-inl.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

constexpr float kNoMaximum = -1e30f;  // before the first visible key
constexpr float kMasked = -2e30f;  // the score of a hidden key: exp(kMasked - kNoMaximum) is zero
constexpr int32_t kSumParts = 16;

// e^x for x <= 0, zero below -87: 2^n times a polynomial in the rest r of x / ln 2 = n + r. The
// error is below 1.3e-7, and below 1.4e-6 of the result. Highway's Exp is exact to 1 ulp and takes
// twice the instructions.
template <class D>
HWY_INLINE hn::Vec<D> exp_negative(D d, hn::Vec<D> x) {
  const hn::RebindToSigned<D> di;
  const auto log2e = hn::Set(d, 1.44269504f);
  const auto n = hn::Round(hn::Mul(x, log2e));
  const auto r = hn::MulSub(x, log2e, n);
  auto power = hn::Set(d, 1.326466483e-3f);
  power = hn::MulAdd(power, r, hn::Set(d, 9.671512500e-3f));
  power = hn::MulAdd(power, r, hn::Set(d, 5.550733893e-2f));
  power = hn::MulAdd(power, r, hn::Set(d, 2.402224210e-1f));
  power = hn::MulAdd(power, r, hn::Set(d, 6.931469775e-1f));
  power = hn::MulAdd(power, r, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, n));
  const auto scaled = hn::BitCast(d, hn::Add(hn::BitCast(di, power), exponent));
  return hn::IfThenElseZero(hn::Ge(x, hn::Set(d, -87.0f)), scaled);
}

template <class Products>
class SplitSoftmax {
 public:
  SplitSoftmax(const AttentionParams& params, const AttentionUnit& unit, const Partial& result)
      : p_(params), unit_(unit), result_(result), products_(params, unit) {}

  void run(const KeyRange& range) {
    std::fill_n(result_.max, unit_.padded_queries, kNoMaximum);
    std::fill_n(result_.sum, unit_.padded_queries, 0.0f);
    std::fill_n(result_.out, int64_t{unit_.padded_queries} * unit_.dim, 0.0f);
    std::fill_n(rescale_, unit_.padded_queries, 1.0f);
    for (int32_t q = 0; q < unit_.n_queries(); ++q) {
      first_slot_[q] = unit_.first_slot(p_, q);
      end_slot_[q] = unit_.last_slot(q) + 1;
    }
    for (int32_t first = range.first, end; first < range.end; first = end) {
      end = std::min(range.end, (first / kBlockEntries + 1) * kBlockEntries);
      add_block(range, first, end - first);
    }
  }

 private:
  static constexpr int32_t kMaxQueries = Products::kMaxQueries;

  // Entries of the page table from `first` on. The processor's own prefetching does not see from
  // page to page, so what the next product reads is asked for before each.
  void add_block(const KeyRange& range, int32_t first, int32_t n_pages) {
    VisiblePage pages[kBlockEntries];
    for (int32_t i = 0; i < n_pages; ++i) {
      pages[i] = unit_.page(p_, range.own, first + i);
      prefetch(pages[i].values);
    }
    products_.scores(pages, n_pages, scores_[0]);
    range.own ? mask_own(first * kPageTokens, n_pages * kPageTokens) : mask_context(pages, n_pages);
    if constexpr (!Products::kWeighs) {
      for (int32_t q = 0; q < unit_.n_queries(); ++q) weigh(q, n_pages * kPageTokens);
    }
    const int32_t next = first + n_pages;
    for (int32_t i = next; i < std::min(next + kBlockEntries, range.end); ++i) {
      prefetch(unit_.page(p_, range.own, i).keys);
    }
    if constexpr (Products::kWeighs) {
      products_.add(pages, n_pages, scores_[0], result_);
    } else {
      products_.weighted_sums(pages, n_pages, scores_[0], rescale_, result_.out);
    }
  }

  // A head of a page.
  void prefetch(const uint16_t* elements) {
    for (int32_t i = 0; i < kPageTokens * p_.head_dim; i += 32) hwy::Prefetch(elements + i);
  }

  void mask_context(const VisiblePage* pages, int32_t n_pages) {
    for (int32_t i = 0; i < n_pages; ++i) {
      if (pages[i].full()) continue;
      for (int32_t q = 0; q < unit_.n_queries(); ++q) {
        float* scores = scores_[q] + i * kPageTokens;
        std::fill(scores + pages[i].end, scores + kPageTokens, kMasked);
      }
    }
  }

  void mask_own(int32_t slot, int32_t n_keys) {
    for (int32_t q = 0; q < unit_.n_queries(); ++q) {
      const int32_t first = std::clamp(first_slot_[q] - slot, 0, n_keys);
      const int32_t end = std::clamp(end_slot_[q] - slot, first, n_keys);
      std::fill(scores_[q], scores_[q] + first, kMasked);
      std::fill(scores_[q] + end, scores_[q] + n_keys, kMasked);
    }
  }

  // A query's scores become weights exp(score - maximum); maximum and sum are brought up to date.
  void weigh(int32_t q, int32_t n_keys) {
    const F32 d;
    constexpr int32_t kLanes = HWY_LANES(float);
    constexpr int32_t kVectors = kSumParts / kLanes;
    float* scores = scores_[q];
    auto max = hn::Set(d, result_.max[q]);
    for (int32_t key = 0; key < n_keys; key += kLanes) {
      max = hn::Max(max, hn::Load(d, scores + key));
    }
    max = hn::MaxOfLanes(d, max);
    hn::Vec<F32> sums[kVectors];
    for (auto& sum : sums) sum = hn::Zero(d);
    for (int32_t key = 0; key < n_keys; key += kSumParts) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        float* at = scores + key + v * kLanes;
        const auto weights = exp_negative(d, hn::Sub(hn::Load(d, at), max));
        hn::Store(weights, d, at);
        sums[v] = hn::Add(sums[v], weights);
      }
    }
    HWY_ALIGN float parts[kSumParts];
    for (int v = 0; v < kVectors; ++v) hn::Store(sums[v], d, parts + v * kLanes);
    const float rescale = hn::GetLane(exp_negative(d, hn::Sub(hn::Set(d, result_.max[q]), max)));
    result_.max[q] = hn::GetLane(max);
    result_.sum[q] = result_.sum[q] * rescale + add_parts(parts);
    rescale_[q] = rescale;
  }

  static HWY_INLINE float add_parts(const float* parts) {
    const hn::CappedTag<float, 8> d;
    return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Load(d, parts), hn::Load(d, parts + 8))));
  }

  const AttentionParams& p_;
  const AttentionUnit& unit_;
  const Partial result_;
  Products products_;
  HWY_ALIGN float scores_[kMaxQueries][kBlockKeys];
  HWY_ALIGN float rescale_[kMaxQueries];
  int32_t first_slot_[kMaxQueries];  // what a query sees of its own tokens: [first, end)
  int32_t end_slot_[kMaxQueries];
};

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
