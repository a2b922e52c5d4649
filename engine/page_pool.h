// All KV memory, cut into pages of kPageTokens tokens in every layer, handed out by number and
// counted by reference. A page is one byte range, a part a layer; how keys and values lie in a part
// is private to the kernels. Base pages (loop 0's K/V) and window pages (loop 1's) have the same
// shape and come from the same pool.
//
// Thread: the engine thread. Owns the memory, the device's; borrows the device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "engine/device.h"
#include "engine/model_config.h"
#include "kernels/kernels.h"

namespace rondo::engine {

class PagePool {
 public:
  // A pool of as many pages as fit into `bytes`.
  // Errors: ResourceExhausted when not one page fits or the device does not have the memory.
  static Result<PagePool> create(const ModelConfig& config, Device& device, int64_t bytes);

  // Gives its memory back to the device, and takes as much again, which may lie elsewhere.
  // REQUIRES: all pages are free; none is allocated in between.
  // Errors: ResourceExhausted when the device does not have it any more.
  void release_memory();
  Status take_memory();

  // A page that nobody uses, with one reference; nothing when there is none.
  std::optional<int32_t> allocate();
  // REQUIRES: the page is referenced.
  void retain(int32_t page);
  void release(int32_t page);
  int32_t n_references(int32_t page) const { return n_references_[page]; }

  int32_t n_pages() const { return static_cast<int32_t>(n_references_.size()); }
  int32_t n_free() const { return static_cast<int32_t>(free_.size()); }
  int64_t page_bytes() const { return page_bytes_; }

  // Layer `layer` of every page, as kernels take it.
  kernels::KvLayer layer(int32_t layer) const;
  // Where page `page` lies, in all layers: page_bytes() bytes of the device's memory.
  std::byte* page(int32_t page) const { return memory_.data() + page * page_bytes_; }
  // Copies one token's K and V in every layer, in `lane`. Slots are page * kPageTokens + offset.
  void copy_token(int32_t from_slot, int32_t to_slot, Device& lane);

 private:
  PagePool() = default;

  Device* device_ = nullptr;
  DeviceMemory memory_;
  int64_t page_bytes_ = 0;
  int64_t layer_bytes_ = 0;
  int32_t n_layers_ = 0;
  int32_t n_kv_heads_ = 0;
  int32_t head_dim_ = 0;
  std::vector<int32_t> n_references_;  // [n_pages]
  std::vector<int32_t> free_;          // pages with no reference; the last is handed out next
};

inline int32_t pages_for(int32_t n_tokens) {
  return (n_tokens + kernels::kPageTokens - 1) / kernels::kPageTokens;
}

}  // namespace rondo::engine
