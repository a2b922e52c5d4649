// Launchers that treat every row by itself: embed, rms_norm, swiglu.

#include <cmath>

#include "kernels/launch.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels::reference {
namespace {

constexpr int64_t kRows = 4;  // the fewest rows worth a thread

}  // namespace

int embed(const EmbedParams& p, Stream) {
  if (!valid(p)) return kBadArguments;
  for (int32_t t = 0; t < p.n_rows; ++t) {
    if (p.ids[t] < 0 || p.ids[t] >= p.table.n) return kBadArguments;
    dequantize(p.table, p.ids[t], 0, p.table.k, p.x + int64_t{t} * p.table.k);
  }
  return kOk;
}

int rms_norm(const RmsNormParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  parallel_for(stream, p.n_rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* x = p.x + t * p.dim;
      float* out = p.out + t * p.dim;
      float sum = 0;
      for (int32_t i = 0; i < p.dim; ++i) sum += x[i] * x[i];
      const float factor = 1.0f / std::sqrt(sum / static_cast<float>(p.dim) + p.eps);
      for (int32_t i = 0; i < p.dim; ++i) out[i] = x[i] * factor * p.weight[i];
    }
  });
  return kOk;
}

int swiglu(const SwigluParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  parallel_for(stream, p.n_rows, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* gate = p.gate_up + t * 2 * p.dim;
      const float* up = gate + p.dim;
      float* out = p.out + t * p.dim;
      for (int32_t i = 0; i < p.dim; ++i) out[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
    }
  });
  return kOk;
}

}  // namespace rondo::kernels::reference
