// What every CPU launcher begins with: the checks of its Requires line and the split over threads.
//
// Thread: pure functions; parallel_for returns when all its work is done.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::kernels {

// What a launcher returns.
inline constexpr int kOk = 0;
inline constexpr int kBadArguments = 1;  // the Requires line is broken
inline constexpr int kDeviceFailed = 2;  // out of memory, or lost

// How many rows of `span` lie before first_row; may be more than it has.
inline int32_t skipped_rows(const AttentionParams& params, const QuerySpan& span) {
  return std::max(0, params.first_row - span.first_row);
}

// True if the parameters keep the contract of kernels.h as far as it can be seen from them.
bool valid(const RowMajorMatrix& matrix);
bool valid(const EmbedParams& params);
bool valid(const RmsNormParams& params);
bool valid(const LinearParams& params);
bool valid(const RopeStoreParams& params);
bool valid(const CopyTokenParams& params);
bool valid(const AttentionParams& params);
bool valid(const SwigluParams& params);
bool valid(const ChooseParams& params);
bool valid(const QkvParams& params);
bool valid(const AttendParams& params);  // but for its attention, whose spans may be a device's
bool valid(const FeedForwardParams& params);

// ThreadPool::parallel_for on the stream's threads, or the caller alone when it has none. Choose
// `grain` so that it is worth handing to another thread (about a microsecond).
template <typename Body>
void parallel_for(Stream stream, int64_t n, int64_t grain, Body&& body) {
  if (stream.threads != nullptr) {
    stream.threads->parallel_for(n, grain, body);
  } else if (n > 0) {
    body(int64_t{0}, n);
  }
}

}  // namespace rondo::kernels
