// Brings tensors of a checkpoint into a GPU's memory: threads read pieces of the mapped files into
// pinned memory while earlier pieces are on their way. Few bytes the caller copies alone.
//
//   readers   read 0 | read 3 | ...      into slot (piece % number of slots)
//             read 1 | read 4 | ...
//             read 2 | ...
//   caller             copy 0 | copy 1 | copy 2 | work | copy 3 ...      queued, in order
//
// Thread: the caller's; its readers are gone when run() returns. Borrows device and tensors.
// Errors: the device's status.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/device.h"
#include "engine/safetensors.h"

namespace rondo::engine {

class TensorUpload {
 public:
  // As many bytes as are worth pinned memory: to pin some takes as long as to copy it.
  static constexpr int64_t kPinnedFromBytes = 256 << 20;

  explicit TensorUpload(Device& device, int64_t pinned_from_bytes = kPinnedFromBytes)
      : device_(&device), pinned_from_bytes_(pinned_from_bytes) {}

  // Next comes `tensor`, to `to` in the device's memory: int8 as it is, other types as bf16.
  void add(const Tensor& tensor, std::byte* to);
  // Next is called, on the caller's thread, what queues work on what was added so far.
  void then(std::function<void()> work);
  // Does all of it; what was queued may still be on its way when this returns.
  void run();

  // What add() brings of `tensor`.
  static int64_t n_bytes(const Tensor& tensor);

 private:
  // A part of a tensor that is read at once.
  struct Piece {
    Tensor tensor;
    int64_t first = 0, n = 0;  // elements
    std::byte* to = nullptr;
  };
  class Readers;
  void run_alone();
  void run_with_readers();
  static void read(const Piece& piece, std::byte* out);

  Device* device_;
  const int64_t pinned_from_bytes_;
  std::vector<Piece> pieces_;
  struct Work {
    size_t n_pieces = 0;  // that come before
    std::function<void()> call;
  };
  std::vector<Work> work_;
};

}  // namespace rondo::engine
