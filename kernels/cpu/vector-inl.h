// Vector helpers of the float kernels, compiled once a target (hence no ordinary include guard).

#if defined(RONDO_KERNELS_CPU_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_VECTOR_INL_H_
#undef RONDO_KERNELS_CPU_VECTOR_INL_H_
#else
#define RONDO_KERNELS_CPU_VECTOR_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>

#include "kernels/bf16.h"
#include "kernels/kernels.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using F32 = hn::ScalableTag<float>;

// Lanes [i, i + N) of an array of `n`, zero past its end.
template <class D>
HWY_INLINE hn::Vec<D> load(D d, const float* from, int64_t i, int64_t n) {
  if (i + static_cast<int64_t>(hn::Lanes(d)) <= n) return hn::LoadU(d, from + i);
  return hn::MaskedLoad(hn::FirstN(d, n - i), d, from + i);
}

template <class D>
HWY_INLINE void store(D d, hn::Vec<D> value, float* to, int64_t i, int64_t n) {
  if (i + static_cast<int64_t>(hn::Lanes(d)) <= n) {
    hn::StoreU(value, d, to + i);
  } else {
    hn::BlendedStore(value, hn::FirstN(d, n - i), d, to + i);
  }
}

// to[0..n) = from[0..n), bf16 to float.
HWY_INLINE void widen(const uint16_t* from, int64_t n, float* to) {
  const F32 d;
  const hn::RebindToUnsigned<F32> du;
  const hn::Rebind<uint16_t, F32> d16;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto widen_at = [&](int64_t i) HWY_ATTR {
    const auto bits = hn::PromoteTo(du, hn::LoadU(d16, from + i));
    hn::StoreU(hn::BitCast(d, hn::ShiftLeft<16>(bits)), d, to + i);
  };
  int64_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) widen_at(i + v * lanes);
  }
  for (; i + lanes <= n; i += lanes) widen_at(i);
  for (; i < n; ++i) to[i] = bf16_to_float(from[i]);
}

// Widens the rows of a page, bf16 [kPageTokens, head_dim], to rows `dim` apart, padded with zeros.
// Rows outside [first, end) become zero: nobody sees them, but zero times what they may hold (NaN)
// is not zero.
HWY_INLINE void widen_page(const uint16_t* page, int32_t head_dim, int32_t first, int32_t end,
                           float* to, int32_t dim) {
  if (head_dim == dim && first == 0 && end == kPageTokens) {
    widen(page, int64_t{kPageTokens} * dim, to);
    return;
  }
  for (int32_t s = 0; s < kPageTokens; ++s, page += head_dim, to += dim) {
    const int32_t n = first <= s && s < end ? head_dim : 0;
    widen(page, n, to);
    std::fill(to + n, to + dim, 0.0f);
  }
}

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
