// Computes: out[t][h] = softmax(q[t][h] . K * scale) V over what row t sees (QuerySpan, kernels.h).
// Requires: bf16 pages, head_dim <= 256, a thread pool.
// Threads: a work item is a unit of queries and a split of the keys (attention_plan.h), so one
// decoded row keeps them busy too.
// Memory: at most 8 MiB of scratch for the splits' results (more if one unit needs it), 150 to 250
// KiB of stack.
// Numerics: float32, exponentials to 1 ulp; on AMX tiles queries and weights keep 16 bits.
// Measured (one core of an AMD EPYC, 10 heads on 2 KV heads of 64, 2026-11-22): one row over 4,000
// keys 6,400 us (reference), 430 us with a query a lane, 285 us as it is, 36 ns a key and KV head;
// 64 rows of a Segment 2,000 -> 159 us; 9 rows over 4,000 keys do 31 G multiply-adds a second, of
// 52 that FMA can do.
//
// The call is cut by attention_plan.h; a unit and a split are computed by attention_few-inl.h (a
// decode step) or attention_many-inl.h, whichever keeps the vector lanes busy; then a unit's splits
// are merged in order. All of it gives a row the same bits whatever else is in the call, however
// the prompt was cut into chunks, and for any number of threads.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#include <hwy/foreach_target.h>
// Must follow foreach_target.h.
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/cpu/attention_amx.h"
#include "kernels/cpu/attention_plan.h"
#include "kernels/cpu/float_kernels.h"
#include "kernels/launch.h"
// Must follow attention_plan.h.
#include "kernels/cpu/attention_few-inl.h"
#include "kernels/cpu/attention_many-inl.h"

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
HWY_BEFORE_NAMESPACE();
namespace rondo::kernels::HWY_NAMESPACE {
namespace {

void attend_to_split(const AttentionParams& p, const AttentionUnit& unit, int32_t split) {
  if (unit.padded_lanes == FewQueries::kFewLanes) {
    FewQueries(p, unit, unit.partial(split)).run(unit.keys(split));
  } else {
    ManyQueries<FloatProducts>(p, unit, unit.partial(split)).run(unit.keys(split));
  }
}

// Adds split `from` to `to`, lane by lane.
void merge(const AttentionUnit& unit, const Partial& to, const Partial& from) {
  const hn::CappedTag<float, 8> d;
  for (int32_t lane = 0; lane < unit.padded_lanes; lane += 8) {
    const auto to_max = hn::Load(d, to.max + lane), from_max = hn::Load(d, from.max + lane);
    const auto max = hn::Max(to_max, from_max);
    const auto to_scale = hn::Exp(d, hn::Sub(to_max, max));
    const auto from_scale = hn::Exp(d, hn::Sub(from_max, max));
    const auto mix = [&](float* a, const float* b) HWY_ATTR {
      const auto scaled = hn::Mul(hn::Load(d, b + lane), from_scale);
      hn::Store(hn::MulAdd(hn::Load(d, a + lane), to_scale, scaled), d, a + lane);
    };
    hn::Store(max, d, to.max + lane);
    mix(to.sum, from.sum);
    for (int32_t i = 0; i < unit.dim; ++i) {
      mix(to.out + i * unit.padded_lanes, from.out + i * unit.padded_lanes);
    }
  }
}

void finish(const AttentionParams& p, const AttentionUnit& unit) {
  const Partial total = unit.partial(0);
  for (int32_t split = 1; split < unit.n_splits(); ++split) {
    merge(unit, total, unit.partial(split));
  }
  for (int32_t lane = 0; lane < unit.n_lanes(); ++lane) {
    const int64_t row = unit.span->first_row + unit.row + lane / unit.n_heads;
    const int32_t head = unit.head + lane % unit.n_heads;
    float* out = p.out + (row * p.n_heads + head) * p.head_dim;
    const float factor = 1.0f / total.sum[lane];
    for (int32_t i = 0; i < p.head_dim; ++i) {
      out[i] = total.out[i * unit.padded_lanes + lane] * factor;
    }
  }
}

}  // namespace

int attention(const AttentionParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16 || p.head_dim > kMaxHeadDim) return kBadArguments;
  if (stream.threads == nullptr) return kBadArguments;
  constexpr LaneShape kLanes{.max = FloatProducts::kMaxLanes,
                             .few = FewQueries::kFewLanes,
                             .multiple = FloatProducts::kLanes};
  AttentionPlan(p, kLanes, *stream.threads).run(attend_to_split, finish);
  return kOk;
}

#if HWY_TARGET == HWY_AVX3
namespace {

void attend_on_tiles(const AttentionParams& p, const AttentionUnit& unit, int32_t split) {
  ManyQueries<AmxProducts>(p, unit, unit.partial(split)).run(unit.keys(split));
}

}  // namespace

int attention_amx(const AttentionParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kBf16 || p.head_dim > kMaxHeadDim) return kBadArguments;
  if (stream.threads == nullptr) return kBadArguments;
  // Not by unit: all rows of a call belong to one kernel family.
  if (p.n_rows <= kFewRows || !AmxProducts::supports(p.head_dim)) return attention(p, stream);
  constexpr LaneShape kLanes{.max = AmxProducts::kMaxLanes, .multiple = AmxProducts::kLaneMultiple};
  AttentionPlan(p, kLanes, *stream.threads).run(attend_on_tiles, finish);
  return kOk;
}
#endif

}  // namespace rondo::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
