#include "engine/page_pool.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace rondo::engine {

Result<PagePool> PagePool::create(const ModelConfig& config, Device& device, int64_t bytes) {
  PagePool pool;
  pool.device_ = &device;
  pool.n_layers_ = config.n_layers;
  pool.n_kv_heads_ = config.n_kv_heads;
  pool.head_dim_ = config.head_dim;
  pool.layer_bytes_ = 2 * int64_t{config.n_kv_heads} * kernels::kPageTokens * config.head_dim *
                      kernels::kv_type_bytes(device.kernels().kv_type);
  pool.page_bytes_ = config.n_layers * pool.layer_bytes_;
  // Slots are int32: page * kPageTokens + offset.
  const int64_t n_pages =
      std::min<int64_t>(bytes / pool.page_bytes_, (1 << 30) / kernels::kPageTokens);
  if (n_pages < 1) {
    return resource_exhausted_error(
        "a KV pool of " + std::to_string(bytes) + " bytes does not hold one page of " +
        std::to_string(pool.page_bytes_) + " bytes; give it more memory");
  }
  ASSIGN_OR_RETURN(pool.memory_, device.allocate(n_pages * pool.page_bytes_));
  pool.n_references_.assign(static_cast<size_t>(n_pages), 0);
  for (int64_t page = n_pages - 1; page >= 0; --page)
    pool.free_.push_back(static_cast<int32_t>(page));
  return pool;
}

void PagePool::release_memory() {
  CHECK(n_free() == n_pages(), "pages are in use");
  memory_ = DeviceMemory();
}

Status PagePool::take_memory() {
  ASSIGN_OR_RETURN(memory_, device_->allocate(n_pages() * page_bytes_));
  return {};
}

std::optional<int32_t> PagePool::allocate() {
  if (free_.empty()) return std::nullopt;
  const int32_t page = free_.back();
  free_.pop_back();
  n_references_[page] = 1;
  return page;
}

void PagePool::retain(int32_t page) {
  CHECK(n_references_[page] > 0, "a free page was retained");
  ++n_references_[page];
}

void PagePool::release(int32_t page) {
  CHECK(n_references_[page] > 0, "a page was released twice");
  if (--n_references_[page] == 0) free_.push_back(page);
}

kernels::KvLayer PagePool::layer(int32_t layer) const {
  return {.data = memory_.data(),
          .page_stride_bytes = page_bytes_,
          .layer_offset_bytes = layer * layer_bytes_,
          .type = device_->kernels().kv_type};
}

void PagePool::copy_token(int32_t from_slot, int32_t to_slot, Device& lane) {
  for (int32_t l = 0; l < n_layers_; ++l) {
    lane.launched(lane.kernels().copy_token({.kv = layer(l),
                                             .from_slot = from_slot,
                                             .to_slot = to_slot,
                                             .n_kv_heads = n_kv_heads_,
                                             .head_dim = head_dim_},
                                            lane.stream()),
                  "copy_token");
  }
}

}  // namespace rondo::engine
