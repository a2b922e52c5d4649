#include "kernels/cpu/linear.h"

#include <algorithm>

#include "kernels/launch.h"

namespace rondo::kernels {
namespace {

constexpr int32_t kRowBlock = 64;            // rows of a work item: their activations stay in L2
constexpr int64_t kWorthAThread = 32 << 10;  // bytes of weights that take about a microsecond

// Where the prepared rows and their scales lie in scratch memory.
struct Prepared {
  std::byte* rows;
  float* scales;
  int64_t row_bytes;
};

Prepared allocate(const LinearParams& p, const Panels& panels, const LinearKernel& kernel,
                  ThreadPool& threads) {
  // One line more, so that rows a power of two long do not share cache sets.
  const int64_t row_bytes = panels.padded_k * kernel.bytes_per_input + kLineBytes;
  const int64_t n_rows = (p.n_rows + kTileRows - 1) / kTileRows * kTileRows;
  std::byte* memory = threads.scratch(n_rows * (row_bytes + int64_t{sizeof(float)}));
  return {memory, reinterpret_cast<float*>(memory + n_rows * row_bytes), row_bytes};
}

void prepare(const LinearParams& p, const Panels& panels, const LinearKernel& kernel,
             const Prepared& to, ThreadPool& threads) {
  threads.parallel_for(p.n_rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      to.scales[t] = kernel.prepare(p.x + t * p.x_stride, p.weight.k, panels.padded_k,
                                    to.rows + t * to.row_bytes);
    }
  });
}

}  // namespace

int linear(const LinearParams& p, Stream stream, const LinearKernel& kernel) {
  if (!valid(p) || stream.threads == nullptr) return kBadArguments;
  if (p.n_rows == 0) return kOk;
  const Panels panels(p.weight);
  const Prepared prepared = allocate(p, panels, kernel, *stream.threads);
  prepare(p, panels, kernel, prepared, *stream.threads);
  const LinearTask task{.panels = panels,
                        .x = prepared.rows,
                        .x_row_bytes = prepared.row_bytes,
                        .x_scales = prepared.scales,
                        .out = p.out,
                        .out_stride = p.out_stride,
                        .n = p.weight.n,
                        .accumulate = p.accumulate};
  // Items are panels by row blocks; a range may end in one row block and begin in another.
  const int64_t n_blocks = (p.n_rows + kRowBlock - 1) / kRowBlock;
  const int64_t grain =
      p.n_rows <= kTileRows ? std::max<int64_t>(1, kWorthAThread / panels.panel_bytes) : 2;
  stream.threads->parallel_for(n_blocks * panels.n_panels, grain, [&](int64_t begin, int64_t end) {
    while (begin < end) {
      const int64_t block = begin / panels.n_panels;
      const int64_t panel = begin % panels.n_panels;
      const int64_t n = std::min<int64_t>(end - begin, panels.n_panels - panel);
      kernel.run(
          task,
          {.panel_begin = static_cast<int32_t>(panel),
           .panel_end = static_cast<int32_t>(panel + n),
           .row_begin = static_cast<int32_t>(block * kRowBlock),
           .row_end = static_cast<int32_t>(std::min<int64_t>((block + 1) * kRowBlock, p.n_rows))});
      begin += n;
    }
  });
  return kOk;
}

}  // namespace rondo::kernels
