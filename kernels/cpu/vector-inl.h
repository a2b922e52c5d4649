// Vector helpers of the float kernels, compiled once a target (hence no ordinary include guard).

#if defined(RONDO_KERNELS_CPU_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef RONDO_KERNELS_CPU_VECTOR_INL_H_
#undef RONDO_KERNELS_CPU_VECTOR_INL_H_
#else
#define RONDO_KERNELS_CPU_VECTOR_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>

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

}  // namespace
}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
#endif
