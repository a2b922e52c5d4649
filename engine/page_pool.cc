#include "engine/page_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/check.h"

namespace rondo::engine {

Result<PagePool> PagePool::create(const ModelConfig& config, kernels::KvType type, int64_t bytes) {
  PagePool pool;
  pool.type_ = type;
  pool.token_bytes_ = config.head_dim * kernels::kv_type_bytes(type);
  pool.head_bytes_ = pool.token_bytes_ * kernels::kPageTokens;
  pool.layer_bytes_ = 2 * config.n_kv_heads * pool.head_bytes_;
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
  head_bytes_ = other.head_bytes_;
  token_bytes_ = other.token_bytes_;
  type_ = other.type_;
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
          .type = type_};
}

void PagePool::copy_token(int32_t from_slot, int32_t to_slot) {
  const auto address = [this](int32_t slot) {
    return data_ + slot / kernels::kPageTokens * page_bytes_ +
           slot % kernels::kPageTokens * token_bytes_;
  };
  // Every head of K and V in every layer is one [kPageTokens, D] run.
  for (int64_t offset = 0; offset < page_bytes_; offset += head_bytes_) {
    std::memcpy(address(to_slot) + offset, address(from_slot) + offset,
                static_cast<size_t>(token_bytes_));
  }
}

}  // namespace rondo::engine
