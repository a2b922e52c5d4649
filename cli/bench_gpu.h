// rondo bench gemm, attention and rows: a GPU's kernels one by one, beside what the same GPU does
// at best.
//
// Thread: the main thread.
#pragma once

#include "cli/command.h"

namespace rondo::cli {

void add_gpu_benches(CLI::App& bench, CommandContext context);

}  // namespace rondo::cli
