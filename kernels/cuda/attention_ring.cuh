// What a block of attention_hopper.cu is made of, and how keys and values come to its shared
// memory.
//
// A page of a head is a box or two of a tensor (hopper.cuh), which hardware copies and arranges;
// two warps of a block say what and when, one for the keys and one for the values.
//
// Unwritten memory may hold anything, and a weight of zero does not make a NaN harmless: values of
// tokens that do not count have to be zeros. A partial page of the context is copied so that its
// last token comes last; what is before the page's begin is outside of the tensor, zeros. Own pages
// are copied as they lie, and the warp erases what the span's rows have not written.
#pragma once

#include "kernels/cuda/attention_work.cuh"
#include "kernels/cuda/hopper.cuh"
#include "kernels/cuda/launch.cuh"

namespace rondo::kernels::cuda {

constexpr int kGroupLines = 64;
constexpr int kGroupThreads = 128;

constexpr int kStages = 2;  // tiles of keys, and as many of values, in shared memory
constexpr int kTileEntries = 8;
constexpr int kTileKeys = kTileEntries * kPageTokens;
using TileLines = Lines<kTileEntries>;

// What a block is made of, beside the warpgroup that copies.
struct CtaShape {
  int dims;               // of a head: 64 or 128
  int groups;             // warpgroups that multiply, of 64 lines each
  bool turns;             // whether they begin their products one after the other
  int of_multiprocessor;  // so many blocks, where shared memory allows
  int registers_to_copy;  // of a thread; what it does without, the others have
  int registers_to_multiply;

  __host__ __device__ constexpr int columns() const { return dims / kColumnElements; }
  constexpr int threads() const { return (1 + groups) * kGroupThreads; }
  constexpr int registers() const {
    return (registers_to_copy + groups * registers_to_multiply) * kGroupThreads * of_multiprocessor;
  }
};

template <CtaShape kCta>
struct Shared {
  using Tile = uint16_t[kCta.columns()][kTileKeys][kColumnElements];

  uint16_t queries[kCta.groups][kCta.columns()][kGroupLines][kColumnElements];
  Tile keys[kStages], values[kStages];
  uint64_t hidden[kStages];  // byte e: so many keys of entry e come before the first that counts
  Barrier keys_here[kStages], keys_done[kStages];
  Barrier values_here[kStages], values_done[kStages];
  Barrier landed;

  __device__ void open_barriers() {
    for (int s = 0; s < kStages; ++s) {
      keys_here[s].init(1);
      values_here[s].init(1);
      keys_done[s].init(kCta.groups * kGroupThreads / 32);
      values_done[s].init(kCta.groups * kGroupThreads / 32);
    }
    landed.init(1);
    begin_barriers();
  }
};

template <CtaShape kCta>
constexpr int kSharedBytes = sizeof(Shared<kCta>) + kSwizzleBytes;  // to align it
template <CtaShape kCta>
__device__ Shared<kCta>& shared() {
  const uint32_t at = shared_address(dynamic_shared());
  return *reinterpret_cast<Shared<kCta>*>(dynamic_shared() + (-at & (kSwizzleBytes - 1)));
}

// A stage of a ring, and the parity of its barriers.
struct Place {
  int stage = 0;
  uint32_t parity = 0;

  __device__ void advance() {
    stage = (stage + 1) % kStages;
    parity ^= stage == 0;
  }
};

// One warp, which keeps the ring of keys or that of values filled.
template <CtaShape kCta>
class Fetcher {
 public:
  __device__ Fetcher(const AttentionParams& p, const CUtensorMap& pages, bool values)
      : p_(p), pages_(pages), values_(values), lane_(threadIdx.x % 32) {}

  __device__ void fetch(const TileLines& lines) {
    const int n = lines.n_tiles();
    Entry next = look_up(lines, 0);
    for (int tile = 0; tile < n; ++tile) {
      const Entry entry = next;
      next = look_up(lines, tile + 1);  // page ids come from memory too
      if (values_) {
        fetch_values(lines, tile, entry);
      } else {
        fetch_keys(lines, entry);
      }
      place_.advance();
    }
  }

 private:
  using Tile = typename Shared<kCta>::Tile;
  // A page, and the token that comes first: 0, or less for n_valid < kPageTokens. Pages that
  // nobody sees are all zeros.
  struct Entry {
    int page = 0;
    int first_token = -kPageTokens;
  };

  // Lanes 0 .. kTileEntries - 1 have an entry each.
  __device__ Entry look_up(const TileLines& lines, int tile) const {
    const Entries& e = lines.entries;
    const int entry = tile * kTileEntries + lane_;
    if (lane_ >= kTileEntries || entry >= e.count()) return {};
    if (entry < e.span.n_context) {
      const PageRef ref = e.span.context[entry];
      return {ref.page, ref.n_valid - kPageTokens};
    }
    const int own = e.own_page(entry);
    if (own < e.first_slot / kPageTokens) return {};
    return {e.span.own_pages[own - e.span.first_own_page], 0};
  }

  __device__ void fetch_keys(const TileLines& lines, Entry entry) {
    const unsigned hidden = lane_ < kTileEntries ? static_cast<unsigned>(-entry.first_token) : 0;
    const unsigned byte = hidden << lane_ % 4 * 8;
    const uint64_t low = __reduce_or_sync(~0u, lane_ < 4 ? byte : 0);
    const uint64_t high = __reduce_or_sync(~0u, lane_ < 4 ? 0 : byte);
    shared_.keys_done[place_.stage].wait(place_.parity ^ 1);
    Barrier& here = shared_.keys_here[place_.stage];
    if (lane_ == 0) {
      shared_.hidden[place_.stage] = high << 32 | low;
      here.arrive_and_expect(sizeof(Tile));
    }
    copy(shared_.keys[place_.stage], lines.kv_head, entry, here);
  }

  __device__ void fetch_values(const TileLines& lines, int tile, Entry entry) {
    shared_.values_done[place_.stage].wait(place_.parity ^ 1);
    Barrier& here = shared_.values_here[place_.stage];
    const bool written = is_written(lines, tile);
    Barrier& barrier = written ? here : shared_.landed;
    if (lane_ == 0) barrier.arrive_and_expect(sizeof(Tile));
    copy(shared_.values[place_.stage], p_.n_kv_heads + lines.kv_head, entry, barrier);
    if (written) return;
    barrier.wait(n_landed_++ % 2);
    erase_unwritten(lines, tile);
    let_products_see_writes();
    __syncwarp();
    if (lane_ == 0) here.arrive();
  }

  __device__ void copy(Tile& to, int head, Entry entry, Barrier& barrier) {
#pragma unroll
    for (int e = 0; e < kTileEntries; ++e) {
      const int page = __shfl_sync(~0u, entry.page, e);
      const int token = __shfl_sync(~0u, entry.first_token, e);
      if (lane_ != 0) continue;
#pragma unroll
      for (int c = 0; c < kCta.columns(); ++c) {
        copy_box(to[c][e * kPageTokens], pages_, {c * kColumnElements, token, head, page}, barrier);
      }
    }
    __syncwarp();
  }

  // Own slots that rows of the span see were written.
  __device__ int first_written(const TileLines& lines) const {
    return lines.first_seen(p_, lines.first_row);
  }
  __device__ int last_written(const TileLines& lines) const {
    return lines.last_seen(lines.entries.span.n_rows - 1);
  }

  // Whether all of a tile's own pages were.
  __device__ bool is_written(const TileLines& lines, int tile) const {
    const int base = lines.first_slot(tile);
    const Entries& e = lines.entries;
    const int begin = max(base, e.first_slot / kPageTokens * kPageTokens);
    const int end = min(base + kTileKeys, (e.last_slot / kPageTokens + 1) * kPageTokens);
    return begin >= end || (begin >= first_written(lines) && end <= last_written(lines) + 1);
  }

  __device__ void erase_unwritten(const TileLines& lines, int tile) {
    for (int key = lane_; key < kTileKeys; key += 32) {
      const int slot = lines.first_slot(tile) + key;
      const bool context = slot < lines.first_own_slot();
      if (context || (slot >= first_written(lines) && slot <= last_written(lines))) continue;
#pragma unroll
      for (int c = 0; c < kCta.columns(); ++c) {
        auto* row = reinterpret_cast<uint4*>(shared_.values[place_.stage][c][key]);
        for (int i = 0; i < kColumnElements / 8; ++i) row[i] = {};
      }
    }
  }

  const AttentionParams& p_;
  const CUtensorMap& pages_;
  Shared<kCta>& shared_ = shared<kCta>();
  const bool values_;
  const int lane_;
  Place place_;
  uint32_t n_landed_ = 0;
};

}  // namespace rondo::kernels::cuda
