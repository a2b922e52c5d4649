// The coarse launchers, qkv, attend and feed_forward, made of a table's fine ones: what a table
// without kernels of its own for them has, and what such kernels are compared with.
//
// Thread, ownership, errors: kernels.h; the first part that fails ends the call.
#pragma once

#include "kernels/kernels.h"
#include "kernels/launch.h"

namespace rondo::kernels {

template <class Params>
using Launcher = int (*)(const Params& params, Stream stream);

template <Launcher<RmsNormParams> kRmsNorm, Launcher<LinearParams> kLinear,
          Launcher<RopeStoreParams> kRopeStore>
int composed_qkv(const QkvParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  const RmsNormParams norm{.x = p.x,
                           .weight = p.norm_weight,
                           .out = p.normed,
                           .n_rows = p.rope.n_rows,
                           .dim = p.weight.k,
                           .eps = p.eps};
  const LinearParams product{.x = p.normed,
                             .x_stride = p.weight.k,
                             .weight = p.weight,
                             .out = p.rope.qkv,
                             .out_stride = p.weight.n,
                             .n_rows = p.rope.n_rows};
  if (const int code = kRmsNorm(norm, stream); code != kOk) return code;
  if (const int code = kLinear(product, stream); code != kOk) return code;
  return kRopeStore(p.rope, stream);
}

template <Launcher<AttentionParams> kAttention, Launcher<LinearParams> kLinear>
int composed_attend(const AttendParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  const AttentionParams& a = p.attention;
  const LinearParams product{.x = a.out + a.first_row * int64_t{p.o.k},
                             .x_stride = p.o.k,
                             .weight = p.o,
                             .out = p.x + a.first_row * int64_t{p.o.n},
                             .out_stride = p.o.n,
                             .n_rows = a.n_rows,
                             .accumulate = true};
  if (const int code = kAttention(a, stream); code != kOk) return code;
  return kLinear(product, stream);
}

template <Launcher<RmsNormParams> kRmsNorm, Launcher<LinearParams> kLinear,
          Launcher<SwigluParams> kSwiglu>
int composed_feed_forward(const FeedForwardParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  const RmsNormParams norm{.x = p.x,
                           .weight = p.norm_weight,
                           .out = p.normed,
                           .n_rows = p.n_rows,
                           .dim = p.gate_up.k,
                           .eps = p.eps};
  const LinearParams gate_up{.x = p.normed,
                             .x_stride = p.gate_up.k,
                             .weight = p.gate_up,
                             .out = p.gate_up_rows,
                             .out_stride = p.gate_up.n,
                             .n_rows = p.n_rows};
  const SwigluParams swiglu{
      .gate_up = p.gate_up_rows, .out = p.hidden, .n_rows = p.n_rows, .dim = p.down.k};
  const LinearParams down{.x = p.hidden,
                          .x_stride = p.down.k,
                          .weight = p.down,
                          .out = p.x,
                          .out_stride = p.down.n,
                          .n_rows = p.n_rows,
                          .accumulate = true};
  if (const int code = kRmsNorm(norm, stream); code != kOk) return code;
  if (const int code = kLinear(gate_up, stream); code != kOk) return code;
  if (const int code = kSwiglu(swiglu, stream); code != kOk) return code;
  return kLinear(down, stream);
}

}  // namespace rondo::kernels
