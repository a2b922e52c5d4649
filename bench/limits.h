// What the device of a measurement can do at most, measured in the same run.
//
// Thread: the one that steps the model, with nothing else under way.
#pragma once

#include "base/status.h"
#include "bench/loaded_model.h"

namespace rondo::bench {

// Bytes/s that memory gives: read from a buffer as large as the weights and the K/V in use, or on a
// GPU read and written by a large copy. Errors: the device's.
Result<double> measure_bandwidth(LoadedModel& loaded);

// Operations/s of the multiply-adds that these kernels use (AMX bf16, else FMA), on registers, or
// of a GPU library's large product. Errors: the device's.
Result<double> measure_peak(LoadedModel& loaded);

// Whose rate measure_peak gives: "AMX", "FMA", "cuBLAS".
const char* peak_name(const engine::Device& device);

}  // namespace rondo::bench
