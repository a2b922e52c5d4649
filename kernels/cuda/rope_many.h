// rope_store for many rows.
#pragma once

#include "kernels/cuda/context.h"
#include "kernels/kernels.h"

namespace rondo::kernels::cuda {

// True if rope_many_rows takes this: heads of a multiple of 8 up to 256, all at multiples of 16
// bytes.
bool takes_rope_many_rows(const RopeStoreParams& params);
// rope_store. REQUIRES: takes_rope_many_rows. Returns what a launcher returns.
int rope_many_rows(const RopeStoreParams& params, Context& context);
// The same of queries, keys and values as bf16, [T][(H + 2 Hk) D] without gaps, aligned to 16
// bytes: of params.qkv only the queries are written.
int rope_bf16_rows(const RopeStoreParams& params, const uint16_t* qkv, Context& context);

}  // namespace rondo::kernels::cuda
