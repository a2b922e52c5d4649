// What every CPU launcher begins with: the checks of its Requires line and the split over threads.
//
// Thread: pure functions; over_ranges runs `body` on the stream's threads and returns when all are
// done.
#pragma once

#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::kernels {

// What a launcher returns.
inline constexpr int kOk = 0;
inline constexpr int kBadArguments = 1;  // the Requires line is broken

// True if the parameters keep the contract of kernels.h as far as it can be seen from them.
bool valid(const RowMajorMatrix& matrix);
bool valid(const EmbedParams& params);
bool valid(const RmsNormParams& params);
bool valid(const LinearParams& params);
bool valid(const RopeStoreParams& params);
bool valid(const AttentionParams& params);
bool valid(const GateMixParams& params);
bool valid(const SwigluParams& params);

// body(begin, end) on disjoint ranges that cover [0, n): at most one a thread, each a multiple of
// `grain` long except the last. Choose `grain` so that a range is worth waking a thread (some us).
template <typename Body>
void over_ranges(Stream stream, int64_t n, int64_t grain, Body&& body) {
  if (stream.threads == nullptr || n <= grain) {
    if (n > 0) body(int64_t{0}, n);
    return;
  }
  stream.threads->parallel_for(n, grain,
                               [&body](int64_t begin, int64_t end, int32_t) { body(begin, end); });
}

}  // namespace rondo::kernels
