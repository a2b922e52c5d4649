// Brings rows of a checkpoint into a GPU's memory: threads read pieces of the mapped files into
// pinned memory, turned and converted as it must be, while earlier pieces are on their way. Few
// bytes the caller copies alone.
//
//   readers   read 0 | read 3 | ...      into slot (piece % number of slots)
//             read 1 | read 4 | ...
//             read 2 | ...
//   caller             copy 0 | copy 1 | copy 2 | work | copy 3 ...      queued, in order
//
// Thread: the caller's; its readers are gone when run() returns. Borrows the device.
// Errors: the device's status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "engine/device.h"
#include "engine/row_source.h"

namespace rondo::engine {

class TensorUpload {
 public:
  // As many bytes as are worth pinned memory: to pin some takes as long as to copy it.
  static constexpr int64_t kPinnedFromBytes = 256 << 20;

  explicit TensorUpload(Device& device, int64_t pinned_from_bytes = kPinnedFromBytes)
      : device_(&device), pinned_from_bytes_(pinned_from_bytes) {}

  // Next come `rows`, to `to` in the device's memory.
  void add(const RowSource& rows, std::byte* to);
  // Next is called, on the caller's thread, what queues work on what was added so far.
  void then(std::function<void()> work);
  // Does all of it; what was queued may still be on its way when this returns.
  void run();

 private:
  // Rows that are read at once.
  struct Piece {
    const RowSource* rows = nullptr;
    int64_t first = 0, n = 0;
    std::byte* to = nullptr;

    int64_t n_bytes() const { return n * rows->row_bytes; }
    void read(std::byte* out) const { rows->read(first, n, out); }
  };
  class Readers;
  void run_alone();
  void run_with_readers();

  Device* device_;
  const int64_t pinned_from_bytes_;
  int64_t n_bytes_ = 0;
  std::deque<RowSource> sources_;  // they do not move
  std::vector<Piece> pieces_;
  struct Work {
    size_t n_pieces = 0;  // that come before
    std::function<void()> call;
  };
  std::vector<Work> work_;
};

}  // namespace rondo::engine
