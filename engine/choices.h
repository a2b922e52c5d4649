// What steps of decoding chose, on its way from the device to the host: kernels write it into
// pinned memory, since a copy behind a step takes as long as several of its kernels. The next step
// may be queued before the last one's choices are read: it finds their ids in the device's memory.
//
// Thread: the engine thread. Borrows the device; owns the memory. Errors: the device's status; what
// a failed device chose means nothing.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine/device.h"
#include "engine/pinned_buffer.h"
#include "engine/sampler.h"
#include "kernels/kernels.h"

namespace rondo::engine {

class Choices {
 public:
  // How many steps may be queued whose choices have not been taken.
  static constexpr int32_t kMostQueued = 2;

  explicit Choices(Device& device)
      : device_(&device), ids_(device), places_{PinnedBuffer(device), PinnedBuffer(device)} {}

  // Room for a step of `n_rows`, in a place that the host has read; true if an address moved.
  // REQUIRES: n_rows is no more than before, or n_queued() is 0.
  bool make_room(int32_t n_rows);
  // In the device's memory: each row's token before a step, and the one that it chose after it.
  int32_t* ids() const { return reinterpret_cast<int32_t*>(ids_.data()); }
  // Where the next step writes its choices; one of kMostQueued places, used in turn.
  kernels::Choice* place() const {
    return reinterpret_cast<kernels::Choice*>(places_[next_].data());
  }
  int32_t place_index() const { return next_; }

  // The step of `n_rows` that writes to place() is queued. REQUIRES: n_queued() < kMostQueued.
  void sent(int32_t n_rows);
  int32_t n_queued() const { return static_cast<int32_t>(n_rows_.size()); }
  // The choices of the step that was queued first, waiting for it. REQUIRES: n_queued() > 0.
  std::vector<Sample> take();

 private:
  Device* device_;
  DeviceFloats ids_;                              // i32 [T]
  std::array<PinnedBuffer, kMostQueued> places_;  // Choice [T] each
  int32_t n_most_rows_ = 0;                       // T
  int32_t next_ = 0;                              // of places_
  std::deque<int32_t> n_rows_;                    // of the steps that were queued
};

}  // namespace rondo::engine
