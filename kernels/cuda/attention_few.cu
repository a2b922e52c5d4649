// Attention of up to 32 rows: a decode step, limited by reading the keys and values once, and where
// these are few by the time that one thing waits for the other. Both branches are one launch.
//
// A block takes one row, up to 8 query heads of one KV head, and a split of the page-table entries:
// those of the first branch, then those of the second (attention_few_work.cuh). A warp takes the
// split's entries in turn, a page in registers (attention_few_page.cuh) and the next on its way, of
// short heads two. Then the splits are merged, in their order, and the branches mixed
// (attention_few_parts.cuh).
//
// The page table, and pages that are not of this step, are read before the kernels before are
// through (kernels.h allows it): when the queries come, the first pages of every warp are there.
//
// The rows of one span, a keystroke's, see nearly the same: where that is much, a block takes a
// split of several rows, and one more kernel merges. H100, the embedded model, 8 rows behind 16K
// tokens of Segments: 46 -> 24 us a layer with 4 rows a block, the same with 2, 46 with 8.
//
// Numerics: queries (times scale and log2 e) and weights are the sum of two bf16, products are
// exact, sums float32, exponentials by exp2f. Splits depend on what the row sees: its bits do not
// depend on what else is in the call, nor on who is last.
// Memory: 78 KiB of shared memory for heads of 128, 40 for 64.

#include <algorithm>

#include "kernels/cuda/attention_few_page.cuh"
#include "kernels/cuda/attention_few_parts.cuh"
#include "kernels/cuda/attention_few_work.cuh"
#include "kernels/cuda/launch.cuh"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

using namespace attention_few;

// One head's, of a warp; the weights are there before the queries are.
template <int kDims>
class Gate {
 public:
  __device__ Gate(const AttentionParams& p, const Work<kDims>& work) : head_(threadIdx.x / 32) {
    exists_ = p.second.spans != nullptr && head_ < work.n_heads;
    if (!exists_) return;
    bias_ = p.second.bias[work.head + head_];
#pragma unroll
    for (int i = 0; i < kDims / 32; ++i) {
      const int element = 32 * i + static_cast<int>(threadIdx.x % 32);
      weight_[i] = element < p.head_dim
                       ? p.second.weight[int64_t{work.head + head_} * p.head_dim + element]
                       : 0.0f;
    }
  }

  // Into gates[kHeads].
  __device__ void put(const AttentionParams& p, const Work<kDims>& work, float* gates) const {
    if (!exists_) return;
    const float* q = p.q + work.row * p.q_stride + int64_t{work.head + head_} * p.head_dim;
    float logit = 0;
#pragma unroll
    for (int i = 0; i < kDims / 32; ++i) {
      const int element = 32 * i + static_cast<int>(threadIdx.x % 32);
      if (element < p.head_dim) logit += q[element] * weight_[i];
    }
    gates[head_] = 1.0f / (1.0f + expf(-(warp_sum(logit) + bias_)));
  }

 private:
  int head_;
  bool exists_;
  float bias_ = 0, weight_[kDims / 32] = {};
};

template <int kDims>
struct Shared {
  Parts<kDims> parts;
  Inbox<kDims> inbox;
  float gates[kHeads];
};

// The pages of a warp's entries, in turn: kPages of them are in registers, or on their way there.
template <int kDims, Reads kReads>
class PageStream {
 public:
  // Where rows follow each other other warps have something to do meanwhile.
  static constexpr int kPages = kReads == Reads::kOnce ? 128 / kDims : 1;

  __device__ PageStream(const AttentionParams& p, const Work<kDims>& work)
      : p_(p), work_(work), turns_(work), count_(turns_.before(work.end)) {}

  __device__ int count() const { return count_; }
  __device__ int count_of_first() const { return min(count_, turns_.before(work_.n_first)); }

  // Fetches the first pages as far as nobody writes them in this step.
  __device__ void begin() {
#pragma unroll
    for (int i = 0; i < kPages; ++i) {
      if (n_early_ == i && i < count_ && work_.is_settled(turns_.entry(i))) {
        fetch(i);
        ++n_early_;
      }
    }
  }
  // Fetches the rest of them.
  __device__ void go_on() {
#pragma unroll
    for (int i = 0; i < kPages; ++i) {
      if (i >= n_early_ && i < count_) fetch(i);
    }
  }

  __device__ const Page<kDims>& page() const { return pages_[0]; }
  __device__ const SeenKeys& seen() const { return seen_[0]; }
  // The keys of page `turn`, then its values, make room for those of the pages that follow.
  __device__ void drop_keys(int turn) {
#pragma unroll
    for (int i = 1; i < kPages; ++i) {
      pages_[i - 1].take_keys(pages_[i]);
      seen_[i - 1] = seen_[i];
    }
    if (turn + kPages >= count_) return;
    seen_[kPages - 1] = turns_.look_up(turn + kPages);
    fetch_keys(kPages - 1);
  }
  __device__ void drop_values(int turn) {
#pragma unroll
    for (int i = 1; i < kPages; ++i) pages_[i - 1].take_values(pages_[i]);
    if (turn + kPages < count_) fetch_values(kPages - 1);
  }

 private:
  __device__ void fetch(int turn) {
    seen_[turn] = turns_.look_up(turn);
    fetch_keys(turn);
    fetch_values(turn);
  }
  __device__ void fetch_keys(int place) {
    const SeenKeys& seen = seen_[place];
    pages_[place].template load_keys<kReads>(head_of(p_, seen.page, work_.kv_head), p_.head_dim,
                                             seen);
  }
  __device__ void fetch_values(int place) {
    const SeenKeys& seen = seen_[place];
    pages_[place].template load_values<kReads>(
        head_of(p_, seen.page, p_.n_kv_heads + work_.kv_head), p_.head_dim, seen);
  }

  const AttentionParams& p_;
  const Work<kDims>& work_;
  Turns<kDims> turns_;
  int count_, n_early_ = 0;
  Page<kDims> pages_[kPages];
  SeenKeys seen_[kPages];
};

// The warp's entries into its part of both branches. `meanwhile` is done behind the wait.
template <int kDims, Reads kReads, class Meanwhile>
__device__ void attend_to_split(const AttentionParams& p, const Work<kDims>& work,
                                Parts<kDims>& parts, const Meanwhile& meanwhile) {
  PageStream<kDims, kReads> pages(p, work);
  pages.begin();
  wait_for_inputs();
  pages.go_on();
  const Queries<kDims> queries(p, work.row, work.head, work.n_heads);
  meanwhile();
  int turn = 0;
#pragma unroll 1
  for (int branch = 0; branch < 2; ++branch) {
    if (!work.has(branch)) continue;
    Softmax<kDims> softmax;
    const int end = branch == 0 ? pages.count_of_first() : pages.count();
    for (; turn < end; ++turn) {
      float score[4];
      softmax.scores(queries, pages.page(), pages.seen(), score);
      pages.drop_keys(turn);
      softmax.add(score, pages.page());
      pages.drop_values(turn);
    }
    parts.put(branch, softmax);
  }
}

// Both branches of one quad, mixed. `merge` gives a branch's.
template <class Merge>
__device__ float4 finish(int n_branches, float gate, const Merge& merge) {
  float4 out;
  const Partial first = merge(0, out);
  out = scaled(out, 1.0f / first.sum, {});
  if (n_branches == 1) return out;
  float4 other;
  const Partial second = merge(1, other);
  return scaled(out, gate, scaled(other, (1.0f - gate) / second.sum, {}));
}

// The row's output; block b of n does quads b, b + n, ..
template <int kDims, class Merge>
__device__ void store_row(const AttentionParams& p, const Work<kDims>& work, const float* gates,
                          int block, int n, const Merge& merge) {
  float* out = p.out + (int64_t{work.row} * p.n_heads + work.head) * p.head_dim;
  const bool aligned = reinterpret_cast<uintptr_t>(out) % 16 == 0;
  const int n_branches = p.second.spans == nullptr ? 1 : 2;
  for (int i = block + n * threadIdx.x; i < work.n_heads * kDims / 4; i += n * kThreads) {
    const int head = i / (kDims / 4), quad = i % (kDims / 4);
    const auto of_quad = [&](int branch, float4& sum) { return merge(branch, i, sum); };
    store_four(out + head * p.head_dim, 4 * quad, p.head_dim, aligned,
               finish(n_branches, gates[head], of_quad));
  }
}

// From the parts of the block's warps.
template <int kDims>
__device__ void store_merged(const AttentionParams& p, const Work<kDims>& work,
                             const Shared<kDims>& shared) {
  store_row(p, work, shared.gates, 0, 1, [&](int branch, int quad, float4& sum) {
    return shared.parts.merge(branch, quad / (kDims / 4), quad % (kDims / 4), sum);
  });
}

// What the row's splits have left, mixed and stored.
template <int kDims>
__device__ void merge_splits(const AttentionParams& p, const Work<kDims>& work,
                             const Splits<kDims>& splits, Shared<kDims>& shared) {
  for (int branch = 0; branch < splits.n_branches; ++branch) {
    splits.get(work, branch, shared.parts);
  }
  __syncthreads();
  store_merged(p, work, shared);
}

// A row's split.
template <int kDims>
__global__ void __launch_bounds__(kThreads)
    row_kernel(AttentionParams p, int n_groups, Splits<kDims> splits) {
  let_next_start();
  const Work<kDims> work(p, n_groups, static_cast<int>(blockIdx.x), static_cast<int>(blockIdx.y));
  if (work.is_none()) return wait_for_inputs();
  auto& shared = *reinterpret_cast<Shared<kDims>*>(dynamic_shared());
  const bool in_cluster = work.n_splits > 1 && work.n_splits <= cluster_blocks();
  if (in_cluster) arrive_at_cluster();
  const Gate<kDims> gate(p, work);
  attend_to_split<kDims, Reads::kOnce>(p, work, shared.parts,
                                       [&] { gate.put(p, work, shared.gates); });
  __syncthreads();
  if (in_cluster) {
    wait_for_cluster();  // the others have begun
    shared.inbox.send(work, shared.parts);
    arrive_at_cluster();
    wait_for_cluster();
    store_row(p, work, shared.gates, work.split, work.n_splits,
              [&](int branch, int quad, float4& sum) {
                return shared.inbox.merge(work, branch, quad, sum);
              });
    return;
  }
  if (work.n_splits == 1) return store_merged(p, work, shared);
  splits.put(work, shared.parts);
  if (splits.is_last(work)) merge_splits(p, work, splits, shared);
}

__device__ QuerySpan second_span(const AttentionParams& p) {
  return p.second.spans == nullptr ? QuerySpan{} : p.second.spans[0];
}

// The same split of several rows of one span, which see nearly the same, one row after the other:
// the first one brings the pages to the multiprocessor.
template <int kDims>
__global__ void __launch_bounds__(kThreads, kDims <= 64 ? 2 : 1)
    rows_kernel(AttentionParams p, int n_groups, Splits<kDims> splits) {
  let_next_start();
  auto& parts = *reinterpret_cast<Parts<kDims>*>(dynamic_shared());
  const QuerySpan span = p.spans[0], second = second_span(p);
  const int n_readers = p.n_kv_heads * n_groups, x = static_cast<int>(blockIdx.x);
  const int first = x / n_readers * kRowsOfBlock, end = min(first + kRowsOfBlock, p.n_rows);
  for (int row = first; row < end; ++row) {
    const Work<kDims> work(p, n_groups, row * n_readers + x % n_readers,
                           static_cast<int>(blockIdx.y), span, second);
    if (work.is_none()) continue;
    attend_to_split<kDims, Reads::kOnceARow>(p, work, parts, [] {});
    __syncthreads();
    splits.put(work, parts);
    __syncthreads();
  }
  wait_for_inputs();  // also where there was nothing to do
}

// Behind rows_kernel.
template <int kDims>
__global__ void __launch_bounds__(kThreads)
    merge_kernel(AttentionParams p, int n_groups, Splits<kDims> splits) {
  let_next_start();
  auto& shared = *reinterpret_cast<Shared<kDims>*>(dynamic_shared());
  const Work<kDims> work(p, n_groups, static_cast<int>(blockIdx.x), 0, p.spans[0], second_span(p));
  const Gate<kDims> gate(p, work);
  wait_for_inputs();
  gate.put(p, work, shared.gates);
  merge_splits(p, work, splits, shared);
}

// Blocks of a cluster, for rows of up to n_splits; 1 where no cluster merges them. It decides how
// long a row takes, not what it becomes. A cluster finds its place only where there is room for all
// of its blocks, most of which have nothing to do for a row that sees little: where rows are
// several the device's memory is faster. H100, 7B, us: 4 rows behind 80 tokens 6.8 -> 3.5, 16
// behind 2,047 93 -> 69, and never slower behind 8,191.
template <int kDims>
unsigned cluster_for(int n_splits, Context& c, Shape shape) {
  constexpr unsigned kPortable = 8, kLarge = kMaxCluster<kDims>;
  const auto n = static_cast<unsigned>(n_splits);
  constexpr unsigned kManyRows = 16;  // times their readers
  if (n == 1 || shape.grid.x >= kManyRows || !c.copies_in_bulk())
    return 1;  // they came with sm_90, too
  if (n <= kPortable) return kPortable;
  // A large cluster finds a place where there is room for all blocks of the launch.
  const unsigned n_blocks = shape.grid.x * kLarge;
  if (n > kLarge || n_blocks > static_cast<unsigned>(c.n_multiprocessors())) return 1;
  shape.cluster = shape.grid.y = kLarge;
  return can_launch(c, row_kernel<kDims>, shape) ? kLarge : 1;
}

// Room for the splits of `n_places`; null where memory is short.
template <int kDims>
bool make_room(int64_t n_places, Splits<kDims>& splits, Context& c) {
  const int64_t n = n_places * splits.n_splits * splits.n_branches * splits.n_heads;
  std::byte* memory = c.scratch(n * static_cast<int64_t>(sizeof(Partial) + kDims * sizeof(float)));
  if (memory == nullptr) return false;
  splits.sums = reinterpret_cast<float4*>(memory);
  splits.softmax = reinterpret_cast<Partial*>(splits.sums + n * (kDims / 4));
  return true;
}

template <int kDims>
int launch_dims(const AttentionParams& p, Context& c) {
  const int in_group = p.n_heads / p.n_kv_heads, n_groups = (in_group + kHeads - 1) / kHeads;
  const int n_readers = p.n_kv_heads * n_groups, n_places = p.n_rows * n_readers;
  const int n_splits = splits_of<kDims>(p.n_entries + p.second.n_entries, n_readers);
  Shape shape = {
      .grid = dim3(n_places, n_splits), .block = kThreads, .shared_bytes = sizeof(Shared<kDims>)};
  if (n_places > Context::kCounters) return kBadArguments;
  Splits<kDims> splits = {.arrived = c.counters(),
                          .n_splits = n_splits,
                          .n_branches = p.second.spans == nullptr ? 1 : 2,
                          .n_heads = std::min(kHeads, in_group)};
  if (p.n_spans == 1 && p.n_rows > 1 && n_splits == most_splits(n_readers)) {
    if (!make_room(n_places, splits, c)) return kDeviceFailed;
    shape.grid.x = (p.n_rows + kRowsOfBlock - 1) / kRowsOfBlock * n_readers;
    shape.shared_bytes = sizeof(Parts<kDims>);
    if (const int code = launch(c, rows_kernel<kDims>, shape, p, n_groups, splits); code != kOk)
      return code;
    shape.grid = dim3(n_places);
    shape.shared_bytes = sizeof(Shared<kDims>);
    return launch(c, merge_kernel<kDims>, shape, p, n_groups, splits);
  }
  shape.cluster = cluster_for<kDims>(n_splits, c, shape);
  shape.grid.y = (n_splits + shape.cluster - 1) / shape.cluster * shape.cluster;
  const bool in_memory = n_splits > static_cast<int>(shape.cluster);
  if (in_memory && !make_room(n_places, splits, c)) return kDeviceFailed;
  return launch(c, row_kernel<kDims>, shape, p, n_groups, splits);
}

}  // namespace

int attend_few_rows(const AttentionParams& p, Context& c) {
  return p.head_dim <= 64 ? launch_dims<64>(p, c) : launch_dims<128>(p, c);
}

}  // namespace rondo::kernels::cuda
