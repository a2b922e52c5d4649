// Computes: out[t][h] = softmax(q[t][h] . K * scale) V over what row t sees (QuerySpan, kernels.h),
// and of two branches one after the other.
// Requires: bf16 pages, head_dim <= 256, a thread pool.
// Threads: a work item is a unit of queries and a split of the keys (attention_plan.h), so one
// decoded row keeps them busy too.
// Memory: at most 8 MiB of scratch for the splits' results (more if one unit needs it), 100 to 250
// KiB of stack.
// Numerics: float32, exponentials to 1.4e-6 (attention_softmax-inl.h); of more than kFewRows rows
// on AMX tiles queries and weights are bf16, exponentials to 7e-6. Measured (one core of an AMD
// EPYC with AVX2 that others used too, 10 heads on 2 KV heads of 64, a layer of 20, 2026-11-22),
// with rows of keys and values in the pages, then with lanes of pairs (kv_pages.h), then with
// prefetching:
//   1 row, 4,000 tokens of context and 512 own    610 -> 425 -> 340 us
//   1 row, 512 own                                 36 ->  21 ->  21 us, 21 ns a key and KV head
//   9 rows, 4,000 tokens of context             1,770 -> 1,540 -> 1,420 us
//   64 rows of a Segment                          164 -> 148 -> 137 us
//
// The call is cut by attention_plan.h; a unit and a split are SplitSoftmax's, over the products of
// attention_float-inl.h or attention_amx.h; then a unit's splits are merged in order. All of it
// gives a row the same bits whatever else is in the call, however the prompt was cut into chunks,
// and for any number of threads.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#include <hwy/foreach_target.h>
// Must follow foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/cpu/attention_amx.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/few_rows.h"
#include "kernels/cpu/float_kernels.h"
#include "kernels/launch.h"
// Must follow attention_plan.h.
#include "kernels/cpu/attention_float-inl.h"
#include "kernels/cpu/attention_softmax-inl.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

template <class Products>
void attend_to_split(const AttentionParams& p, const AttentionUnit& unit, int32_t split) {
  SplitSoftmax<Products>(p, unit, unit.partial(split)).run(unit.keys(split));
}

// to[0..n) = to * to_scale + from * from_scale, n a multiple of 16.
void mix(float to_scale, float* to, float from_scale, const float* from, int32_t n) {
  const F32 d;
  for (int32_t i = 0; i < n; i += HWY_LANES(float)) {
    const auto scaled = hn::Mul(hn::LoadU(d, from + i), hn::Set(d, from_scale));
    hn::StoreU(hn::MulAdd(hn::LoadU(d, to + i), hn::Set(d, to_scale), scaled), d, to + i);
  }
}

// Adds split `from` to `to`.
template <class Products>
void merge(const AttentionUnit& unit, const Partial& to, const Partial& from) {
  const hn::CappedTag<float, 1> d;
  for (int32_t q = 0; q < unit.n_queries(); ++q) {
    const float max = std::max(to.max[q], from.max[q]);
    const auto scale = [&](float old) HWY_ATTR {
      const float exponent = (old - max) * Products::kLnBase;
      return hn::GetLane(exp_negative(d, hn::Set(d, exponent)));
    };
    const float to_scale = scale(to.max[q]), from_scale = scale(from.max[q]);
    to.max[q] = max;
    to.sum[q] = to.sum[q] * to_scale + from.sum[q] * from_scale;
    mix(to_scale, to.out + q * unit.dim, from_scale, from.out + q * unit.dim, unit.dim);
  }
}

template <class Products>
void finish(const AttentionParams& p, const AttentionUnit& unit) {
  const Partial total = unit.partial(0);
  for (int32_t split = 1; split < unit.n_splits(); ++split) {
    merge<Products>(unit, total, unit.partial(split));
  }
  for (int32_t q = 0; q < unit.n_queries(); ++q) {
    const int64_t row = unit.span->first_row + unit.row + q / unit.n_heads;
    const int32_t head = unit.head + q % unit.n_heads;
    float* out = p.out + (row * p.n_heads + head) * p.head_dim;
    const float factor = 1.0f / total.sum[q];
    for (int32_t i = 0; i < p.head_dim; ++i) out[i] = total.out[q * unit.dim + i] * factor;
  }
}

template <class Products>
int attend(const AttentionParams& p, Stream stream) {
  constexpr UnitShape kShape{.max = Products::kMaxQueries,
                             .multiple = Products::kMultiple,
                             .split_entries = Products::kSplitEntries};
  const auto one = [&](const AttentionParams& branch) {
    AttentionPlan(branch, kShape, *stream.threads).run(attend_to_split<Products>, finish<Products>);
    return kOk;
  };
  return attend_branches(p, one, [&](const GateMixParams& gate) { mix_gated(gate, stream); });
}

bool runnable(const AttentionParams& p, Stream stream) {
  return valid(p) && p.kv.type == KvType::kBf16 && p.head_dim <= kMaxHeadDim &&
         stream.threads != nullptr;
}

}  // namespace

int attention(const AttentionParams& p, Stream stream) {
  return runnable(p, stream) ? attend<FloatProducts>(p, stream) : kBadArguments;
}

#if HWY_TARGET == HWY_AVX3
int attention_amx(const AttentionParams& p, Stream stream) {
  if (!runnable(p, stream)) return kBadArguments;
  // Not by unit: all rows of a call belong to one kernel family.
  const bool few = p.n_rows <= kFewRows || !AmxProducts::supports(p.head_dim);
  return few ? attend<FloatProducts>(p, stream) : attend<AmxProducts>(p, stream);
}
#endif

}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
