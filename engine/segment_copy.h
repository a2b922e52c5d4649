// A Segment outside of the page pool: what it is, and its pages in the host's memory.
//
// Thread: a value. Who made the pages owns them (host_pages.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "engine/request.h"

namespace rondo::engine {

struct SegmentCopy {
  Hash128 key;  // SegmentStore::key
  std::shared_ptr<const TokenIds> tokens;
  int32_t n_released_head = 0;    // of Segment
  int32_t n_kept = 0;             // tokens in the pages
  std::string origin;             // of SegmentInput
  std::vector<std::byte*> pages;  // [pages_for(n_kept)], of PagePool::page_bytes()
};

}  // namespace rondo::engine
