// Recorded steps of a GPU. A step of few rows is hundreds of short kernels, and queueing them one
// by one costs more than running them; a recording is queued in one piece. The first step of a kind
// runs as it is (kernels choose algorithms and take their memory), the second is recorded.
//
// Thread: the engine thread. Borrows the device; owns the recordings.
#pragma once

#include <cstdint>
#include <map>

#include "engine/device.h"

namespace rondo::engine {

class StepGraphs {
 public:
  static constexpr int32_t kDecodes = -1;
  // What a recording's launches depend on: their grids, where they run, and where their arrays lie.
  struct Key {
    int32_t first_output = 0;  // kDecodes: all rows are, and tokens are chosen
    int32_t n_rows = 0;
    int32_t n_base_spans = 0, n_window_spans = 0;
    int32_t n_base_entries = 0, n_window_entries = 0;
    int32_t choices_place = 0;
    bool draws = false;
    int32_t step_epoch = 0, scratch_epoch = 0;
    bool shares = false;
    auto operator<=>(const Key&) const = default;
  };

  explicit StepGraphs(Device& device) : device_(&device) {}
  StepGraphs(StepGraphs&& other) noexcept;
  StepGraphs& operator=(StepGraphs&&) = delete;
  ~StepGraphs();

  // Drops all: what their launches read has moved.
  void clear();

  // Does what `queue` queues, which must be the same for the same key.
  template <class Queue>
  void run(const Key& key, Queue&& queue) {
    const auto [known, is_new] = graphs_.try_emplace(key, nullptr);
    if (is_new) return queue();
    if (known->second == nullptr) {
      begin();
      queue();
      known->second = end();
    }
    launch(known->second);
  }

 private:
  void begin();
  void* end();
  void launch(void* graph);

  Device* device_;
  std::map<Key, void*> graphs_;  // null: has run once
};

}  // namespace rondo::engine
