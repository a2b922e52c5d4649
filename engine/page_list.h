// Pages that belong together, each held by one reference that the list gives back when it goes.
//
// Thread: the engine thread. Borrows the pool, which must outlive it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "engine/page_pool.h"

namespace rondo::engine {

class PageList {
 public:
  explicit PageList(PagePool& pool) : pool_(&pool) {}
  PageList(PageList&& other) noexcept
      : pool_(other.pool_), pages_(std::exchange(other.pages_, {})) {}
  PageList& operator=(PageList&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(pages_, other.pages_);
    return *this;
  }
  ~PageList() { shrink(0); }

  int32_t size() const { return static_cast<int32_t>(pages_.size()); }
  int32_t operator[](int32_t index) const { return pages_[index]; }
  const int32_t* data() const { return pages_.data(); }

  // Has at least `n` pages afterwards; false, and the list as it was, when the pool has too few.
  bool grow(int32_t n) {
    const int32_t before = size();
    while (size() < n) {
      const auto page = pool_->allocate();
      if (!page) {
        shrink(before);
        return false;
      }
      pages_.push_back(*page);
    }
    return true;
  }
  // Holds `page` too, as its last. REQUIRES: it is referenced.
  void share(int32_t page) {
    pool_->retain(page);
    pages_.push_back(page);
  }
  // A list of the page at `index` alone, which both hold.
  PageList shared(int32_t index) const {
    PageList list(*pool_);
    list.share(pages_[index]);
    return list;
  }
  // True if others hold the page at `index` too.
  bool is_shared(int32_t index) const { return pool_->n_references(pages_[index]) > 1; }
  // Has at most `n` pages afterwards: the last ones go.
  void shrink(int32_t n) {
    for (; size() > n; pages_.pop_back()) pool_->release(pages_.back());
  }
  // Gives the first `n` pages back.
  void drop_front(int32_t n) {
    for (int32_t i = 0; i < n; ++i) pool_->release(pages_[i]);
    pages_.erase(pages_.begin(), pages_.begin() + n);
  }
  // The first `n` pages become the last.
  void move_to_back(int32_t n) { std::rotate(pages_.begin(), pages_.begin() + n, pages_.end()); }

 private:
  PagePool* pool_;
  std::vector<int32_t> pages_;
};

}  // namespace rondo::engine
