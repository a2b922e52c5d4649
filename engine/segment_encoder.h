// Encodes Segments, several in one step, each seeing only itself: loop 0 alone, up to the last
// layer's K/V, which is all that anybody reads of them. What a Segment begins with as another does
// that is there, as a Block does that was edited, is copied.
//
// Thread: the engine thread. Borrows model, pages and store.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engine/model.h"
#include "engine/page_list.h"
#include "engine/request.h"
#include "engine/segment_store.h"

namespace rondo::engine {

class SegmentEncoder {
 public:
  SegmentEncoder(Model& model, PagePool& pages, SegmentStore& store)
      : model_(model), pages_(pages), store_(store) {}

  // Queues a Segment; false when the pool has no pages for it even after evicting what nobody
  // holds.
  bool add(const SegmentInput& input);
  bool idle() const { return jobs_.empty(); }
  // Leaves out what was not begun and would not be whole within `n_tokens` more.
  void leave_out_beyond(int64_t n_tokens);
  // How many tokens were computed so far, not copied.
  int64_t n_computed() const { return n_computed_; }
  // Encodes up to `max_tokens` more tokens; what becomes complete goes into the store and is
  // returned.
  std::vector<std::shared_ptr<const Segment>> step(int32_t max_tokens);

 private:
  struct Job {
    SegmentInput input;
    PageList pages;
    int32_t n_done = 0;
    bool begun = false;
  };

  Step next_step(int32_t max_tokens);
  std::shared_ptr<const Segment> finish(Job job);
  bool grow(PageList& pages, int32_t n_tokens);
  void copy_beginning(Job& job);

  Model& model_;
  PagePool& pages_;
  SegmentStore& store_;
  std::deque<Job> jobs_;
  int64_t n_computed_ = 0;
};

}  // namespace rondo::engine
