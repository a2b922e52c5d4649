// The read bandwidth of this machine's memory: what a decode step is compared with, since it reads
// every weight once or twice and does little else.
//
// Thread: the caller's, and the pool's. Errors: ResourceExhausted when the buffer does not fit.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "kernels/thread_pool.h"

namespace rondo::bench {

struct ReadBandwidth {
  int64_t buffer_bytes = 0;
  int32_t n_threads = 0;
  double bytes_per_s = 0;  // the best of several passes
};

// Reads a buffer of `buffer_bytes` (huge pages where the system has them) over and over for about
// half a second, with the widest loads, each thread a part of it.
Result<ReadBandwidth> measure_read_bandwidth(int64_t buffer_bytes, kernels::ThreadPool& threads);

}  // namespace rondo::bench
