// rope_store (formula in kernels.h). A bias is added to a whole row first. Sines and cosines are
// computed once a row for all heads, from angles that are float32 products as where the models were
// trained; keys and values are rounded to the nearest bf16 (Highway 1.0.3's DemoteTo would cut them
// off). Requires head_dim <= 256. Measured (one core of an AMD EPYC, one row of the embedded model,
// 2026-11-22): 6.6 us in the reference, 0.5 us here.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rope.cc"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#include <hwy/foreach_target.h>
// Must follow foreach_target.h.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>
#include <cstring>

#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/kv_pages.h"
#include "kernels/cpu/vector-inl.h"
#include "kernels/launch.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

constexpr int64_t kRows = 8;       // the fewest rows worth a thread
constexpr int32_t kMaxHalf = 128;  // head_dim / 2
// Highway's Sin and Cos are exact to 3 ulp up to 39,000; no angle is larger than its position.
constexpr int32_t kMaxVectorAngle = 30000;

// One number a rotated pair.
struct Pairs {
  HWY_ALIGN float values[kMaxHalf];
};

void angles(const Pairs& frequencies, int32_t half, int32_t position, Pairs& cos, Pairs& sin) {
  const F32 d;
  const auto at = static_cast<float>(position);
  if (position > kMaxVectorAngle) {
    for (int32_t i = 0; i < half; ++i) {
      cos.values[i] = std::cos(at * frequencies.values[i]);
      sin.values[i] = std::sin(at * frequencies.values[i]);
    }
    return;
  }
  for (int32_t i = 0; i < half; i += static_cast<int32_t>(hn::Lanes(d))) {
    const auto angle = hn::Mul(hn::Set(d, at), hn::Load(d, frequencies.values + i));
    hn::Store(hn::Cos(d, angle), d, cos.values + i);
    hn::Store(hn::Sin(d, angle), d, sin.values + i);
  }
}

HWY_INLINE void add(const float* bias, int32_t n, float* row) {
  const F32 d;
  for (int32_t i = 0; i < n; i += static_cast<int32_t>(hn::Lanes(d)))
    store(d, hn::Add(load(d, row, i, n), load(d, bias, i, n)), row, i, n);
}

HWY_INLINE void rotate(float* head, int32_t half, const Pairs& cos, const Pairs& sin) {
  const F32 d;
  for (int32_t i = 0; i < half; i += static_cast<int32_t>(hn::Lanes(d))) {
    const auto c = hn::Load(d, cos.values + i), s = hn::Load(d, sin.values + i);
    const auto a = load(d, head, i, half), b = load(d, head + half, i, half);
    store(d, hn::NegMulAdd(b, s, hn::Mul(a, c)), head, i, half);
    store(d, hn::MulAdd(a, s, hn::Mul(b, c)), head + half, i, half);
  }
}

// bf16, to the nearest even, rounded up to whole vectors.
HWY_INLINE void round_to_bf16(const float* from, int32_t n, uint16_t* to) {
  const F32 d;
  const hn::RebindToUnsigned<F32> du;
  const hn::RebindToSigned<F32> di;
  const hn::Rebind<uint16_t, F32> d16;
  for (int32_t i = 0; i < n; i += static_cast<int32_t>(hn::Lanes(d))) {
    const auto bits = hn::BitCast(du, load(d, from, i, n));
    const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
    const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
    const auto half = hn::DemoteTo(d16, hn::BitCast(di, hn::ShiftRight<16>(rounded)));
    hn::StoreU(half, d16, to + i);
  }
}

// Every element is a store of its own, never a read and a write of its lane: the other half of a
// value's lane belongs to another token, which another thread may be storing.
void store_row(const RopeStoreParams& p, const float* keys, int32_t slot) {
  const int32_t token = slot % kPageTokens;
  const int64_t head_elements = int64_t{kPageTokens} * p.head_dim;
  uint16_t* to = page_elements(p.kv, slot / kPageTokens);
  HWY_ALIGN uint16_t bits[2 * kMaxHalf];
  for (int32_t h = 0; h < p.n_kv_heads; ++h, keys += p.head_dim, to += head_elements) {
    round_to_bf16(keys, p.head_dim, bits);
    for (int32_t i = 0; i < p.head_dim; i += 2) {
      std::memcpy(to + key_index(token, i), bits + i, 2 * sizeof(uint16_t));
    }
    uint16_t* values = to + p.n_kv_heads * head_elements;
    round_to_bf16(keys + int64_t{p.n_kv_heads} * p.head_dim, p.head_dim, bits);
    for (int32_t i = 0; i < p.head_dim; ++i) values[value_index(token, i, p.head_dim)] = bits[i];
  }
}

}  // namespace

int rope_store(const RopeStoreParams& p, Stream stream) {
  const int32_t half = p.head_dim / 2;
  if (!valid(p) || p.kv.type != KvType::kBf16 || half > kMaxHalf) return kBadArguments;
  Pairs frequencies = {};
  for (int32_t i = 0; i < half; ++i) {
    frequencies.values[i] = 1.0f / std::pow(p.theta, 2.0f * i / p.head_dim) / p.factor;
  }
  const int32_t width = (p.n_heads + 2 * p.n_kv_heads) * p.head_dim;
  parallel_for(stream, p.n_rows, kRows, [&](int64_t begin, int64_t end) HWY_ATTR {
    Pairs cos, sin;
    for (int64_t t = begin; t < end; ++t) {
      angles(frequencies, half, p.positions[t], cos, sin);
      float* row = p.qkv + t * width;
      if (p.bias != nullptr) add(p.bias, width, row);
      for (int32_t h = 0; h < p.n_heads + p.n_kv_heads; ++h) {
        rotate(row + int64_t{h} * p.head_dim, half, cos, sin);
      }
      const float* keys = row + int64_t{p.n_heads} * p.head_dim;
      if (p.slots[t] >= 0) store_row(p, keys, p.slots[t]);
    }
  });
  return kOk;
}

}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
