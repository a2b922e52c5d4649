// The online softmax that attention_many-inl.h and attention_few-inl.h share. The two must agree in
// every bit, since a row may be computed by either: scores and weighted sums are fused
// multiply-adds in the order of elements and of keys; a block's weights are added up in kSumParts
// parts (key modulo kSumParts), these as ((0+4)+(2+6)) + ((1+5)+(3+7)); hidden keys add zeros.

#if defined(RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_
#undef RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_
#else
#define RONDO_KERNELS_CPU_ATTENTION_SOFTMAX_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr float kNoMaximum = -1e30f;  // before the first visible key
constexpr float kMasked = -2e30f;  // the score of a hidden key: exp(kMasked - kNoMaximum) is zero
constexpr int kSumParts = 8;

// Brings the running maximum and sum of some lanes up to a block with this maximum (the running one
// included) and this sum. Returns what to multiply earlier weighted sums with.
template <class D>
HWY_INLINE hn::Vec<D> advance(D d, hn::Vec<D> max, hn::Vec<D> sum, float* running_max,
                              float* running_sum) {
  const auto rescale = hn::Exp(d, hn::Sub(hn::Load(d, running_max), max));
  hn::Store(max, d, running_max);
  hn::Store(hn::MulAdd(hn::Load(d, running_sum), rescale, sum), d, running_sum);
  return rescale;
}

// block(first, end) for the page-table entries of a split; blocks begin at multiples of
// kBlockEntries.
template <class Block>
HWY_INLINE void for_blocks(const KeyRange& range, const Block& block) {
  for (int32_t first = range.first, end; first < range.end; first = end) {
    end = std::min(range.end, (first / kBlockEntries + 1) * kBlockEntries);
    block(first, end);
  }
}

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
