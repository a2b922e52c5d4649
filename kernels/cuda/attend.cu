// attend of kernels.h. Many rows on Hopper: attention rounds its result to bf16 where the product
// would, so that it goes through memory once, in half the bytes.

#include "kernels/compose.h"
#include "kernels/cuda/attention.cuh"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/cuda/matmul.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

int attend_many_rounded(const AttendParams& p, Context& c) {
  const AttentionParams& a = p.attention;
  const Matrix o(p.o);
  const int64_t weight_bytes = (weight_scratch_bytes(o) + 255) / 256 * 256;
  std::byte* scratch = c.scratch(weight_bytes + int64_t{2} * a.n_rows * o.k);
  if (scratch == nullptr) return kDeviceFailed;
  auto* rounded = reinterpret_cast<uint16_t*>(scratch + weight_bytes);
  if (const int code = attend_rounded(a, {rounded}, c); code != kOk) return code;
  return multiply({.x = rounded,
                   .out = p.x + a.first_row * int64_t{o.n},
                   .out_stride = o.n,
                   .n_rows = a.n_rows,
                   .accumulate = true,
                   .weights = scratch},
                  o, c);
}

}  // namespace

int attend(const AttendParams& p, Stream stream) {
  if (!valid(p) || !takes_attention(p.attention)) return kBadArguments;
  Context& c = context(stream);
  const bool rounds =
      p.attention.n_rows > kFewRows && p.attention.n_spans > 0 && takes_hopper(p.attention, c);
  return rounds ? attend_many_rounded(p, c) : composed_attend<attention, linear>(p, stream);
}

}  // namespace rondo::kernels::cuda
