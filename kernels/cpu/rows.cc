// rms_norm, the gate of two branches and swiglu (formulas in kernels.h and branches.h). Everything
// is float32, exponentials are exact to 1 ulp. A row is short, so only many are split over threads.
// Measured (one core of an AMD EPYC, one row of the embedded model, 2026-11-22; reference -> this):
// rms_norm 0.9 -> 0.2 us, mix_gated 1.1 -> 0.4 us, swiglu 6.7 -> 1.5 us.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rows.cc"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#include <hwy/foreach_target.h>
// Must follow foreach_target.h.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/vector-inl.h"
#include "kernels/launch.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

using Vec = hn::Vec<F32>;

constexpr int64_t kRows = 8;  // the fewest rows worth a thread

// sum_i a[i] * b[i], in 16 partial sums whatever the vector width.
HWY_INLINE float dot(const float* a, const float* b, int64_t n) {
  const F32 d;
  const int64_t lanes = hn::Lanes(d);
  constexpr int64_t kSums = 16;
  HWY_ALIGN float sums[kSums];
  Vec first = hn::Zero(d), second = hn::Zero(d);  // the second is used with 8 lanes only
  for (int64_t i = 0; i < n; i += kSums) {
    first = hn::MulAdd(load(d, a, i, n), load(d, b, i, n), first);
    if (lanes < kSums && i + lanes < n) {
      second = hn::MulAdd(load(d, a, i + lanes, n), load(d, b, i + lanes, n), second);
    }
  }
  hn::Store(first, d, sums);
  if (lanes < kSums) hn::Store(second, d, sums + kSums - lanes);
  for (int64_t step = kSums / 2; step > 0; step /= 2) {
    for (int64_t i = 0; i < step; ++i) sums[i] += sums[i + step];
  }
  return sums[0];
}

// x * sigmoid(x)
HWY_INLINE Vec silu(Vec x) {
  const F32 d;
  return hn::Div(x, hn::Add(hn::Set(d, 1.0f), hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, 88.0f)))));
}

}  // namespace

int rms_norm(const RmsNormParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  parallel_for(stream, p.n_rows, kRows, [&](int64_t begin, int64_t end) HWY_ATTR {
    const F32 d;
    for (int64_t t = begin; t < end; ++t) {
      const float* x = p.x + t * p.dim;
      const float mean = dot(x, x, p.dim) / static_cast<float>(p.dim);
      const Vec factor = hn::Set(d, 1.0f / std::sqrt(mean + p.eps));
      for (int64_t i = 0; i < p.dim; i += hn::Lanes(d)) {
        const Vec scaled = hn::Mul(load(d, x, i, p.dim), factor);
        store(d, hn::Mul(scaled, load(d, p.weight, i, p.dim)), p.out + t * p.dim, i, p.dim);
      }
    }
  });
  return kOk;
}

void mix_gated(const GateMixParams& p, Stream stream) {
  parallel_for(stream, p.n_rows, kRows, [&](int64_t begin, int64_t end) HWY_ATTR {
    const F32 d;
    const int64_t dim = p.head_dim;
    for (int64_t head = begin * p.n_heads; head < end * p.n_heads; ++head) {
      const int64_t t = head / p.n_heads, h = head % p.n_heads;
      const float logit = p.bias[h] + dot(p.q + t * p.q_stride + h * dim, p.weight + h * dim, dim);
      const Vec gate = hn::Set(d, 1.0f / (1.0f + std::exp(-logit)));
      for (int64_t i = 0; i < dim; i += hn::Lanes(d)) {
        // g * out + (1 - g) * second
        const Vec second = load(d, p.second + head * dim, i, dim);
        const Vec more = hn::Sub(load(d, p.out + head * dim, i, dim), second);
        store(d, hn::MulAdd(gate, more, second), p.out + head * dim, i, dim);
      }
    }
  });
}

int swiglu(const SwigluParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  parallel_for(stream, p.n_rows, kRows, [&](int64_t begin, int64_t end) HWY_ATTR {
    const F32 d;
    for (int64_t t = begin; t < end; ++t) {
      const float* gate = p.gate_up + t * 2 * p.dim;
      for (int64_t i = 0; i < p.dim; i += hn::Lanes(d)) {
        const Vec up = load(d, gate + p.dim, i, p.dim);
        store(d, hn::Mul(silu(load(d, gate, i, p.dim)), up), p.out + t * p.dim, i, p.dim);
      }
    }
  });
  return kOk;
}

}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
