#include "engine/page_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace rondo::engine {

Result<PagePool> PagePool::create(const ModelConfig& config, const kernels::Kernels& kernels,
                                  int64_t bytes) {
  PagePool pool;
  pool.kernels_ = &kernels;
  pool.n_layers_ = config.n_layers;
  pool.n_kv_heads_ = config.n_kv_heads;
  pool.head_dim_ = config.head_dim;
  pool.layer_bytes_ = 2 * int64_t{config.n_kv_heads} * kernels::kPageTokens * config.head_dim *
                      kernels::kv_type_bytes(kernels.kv_type);
  pool.page_bytes_ = config.n_layers * pool.layer_bytes_;
  // Slots are int32: page * kPageTokens + offset.
  const int64_t n_pages =
      std::min<int64_t>(bytes / pool.page_bytes_, (1 << 30) / kernels::kPageTokens);
  if (n_pages < 1) {
    return resource_exhausted_error(
        "a KV pool of " + std::to_string(bytes) + " bytes does not hold one page of " +
        std::to_string(pool.page_bytes_) + " bytes; give it more memory");
  }
  pool.size_bytes_ = n_pages * pool.page_bytes_;
  void* data = ::mmap(nullptr, static_cast<size_t>(pool.size_bytes_), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) {
    return resource_exhausted_error("cannot reserve " + std::to_string(pool.size_bytes_) +
                                    " bytes for the KV pool");
  }
  ::madvise(data, static_cast<size_t>(pool.size_bytes_), MADV_HUGEPAGE);
  pool.data_ = static_cast<std::byte*>(data);
  pool.n_references_.assign(static_cast<size_t>(n_pages), 0);
  for (int64_t page = n_pages - 1; page >= 0; --page)
    pool.free_.push_back(static_cast<int32_t>(page));
  return pool;
}

PagePool::PagePool(PagePool&& other) noexcept { *this = std::move(other); }

PagePool& PagePool::operator=(PagePool&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  page_bytes_ = other.page_bytes_;
  layer_bytes_ = other.layer_bytes_;
  kernels_ = other.kernels_;
  n_layers_ = other.n_layers_;
  n_kv_heads_ = other.n_kv_heads_;
  head_dim_ = other.head_dim_;
  std::swap(n_references_, other.n_references_);
  std::swap(free_, other.free_);
  return *this;
}

PagePool::~PagePool() {
  if (data_ != nullptr) ::munmap(data_, static_cast<size_t>(size_bytes_));
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
  return {.data = data_,
          .page_stride_bytes = page_bytes_,
          .layer_offset_bytes = layer * layer_bytes_,
          .type = kernels_->kv_type};
}

void PagePool::copy_token(int32_t from_slot, int32_t to_slot) {
  for (int32_t l = 0; l < n_layers_; ++l) {
    const int code = kernels_->copy_token({.kv = layer(l),
                                           .from_slot = from_slot,
                                           .to_slot = to_slot,
                                           .n_kv_heads = n_kv_heads_,
                                           .head_dim = head_dim_},
                                          {});
    CHECK(code == 0, "copy_token refused its arguments");
  }
}

}  // namespace rondo::engine
