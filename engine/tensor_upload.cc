#include "engine/tensor_upload.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <numeric>
#include <thread>
#include <utility>

#include "engine/pinned_buffer.h"
#include "engine/tensor_values.h"
#include "kernels/bf16.h"

namespace rondo::engine {
namespace {

// One reader copies 5 GB/s or so from the page cache, and PCIe takes 50.
constexpr size_t kMostReaders = 8;
constexpr int64_t kPieceBytes = 4 << 20;
constexpr size_t kMostSlots = 16;

// Values of other types are rounded to bf16.
bool is_converted(DType dtype) { return dtype != DType::kI8 && dtype != DType::kBf16; }
int64_t element_bytes(DType dtype) { return dtype == DType::kI8 ? 1 : 2; }

// Has the system map these bytes of a file in one go, where it can; else each page when it is read.
void populate(std::span<const std::byte> bytes) {
#ifdef MADV_POPULATE_READ
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data() + bytes.size());
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_READ);
#endif
}

}  // namespace

// Threads that read pieces, each into its slot when that is free.
class TensorUpload::Readers {
 public:
  Readers(const std::vector<Piece>& pieces, std::vector<std::byte*> slots)
      : pieces_(pieces), slots_(std::move(slots)), is_read_(pieces.size()), n_free_(slots_.size()) {
    const size_t n_cores = std::max(1u, std::thread::hardware_concurrency());
    const size_t n = std::min({kMostReaders, n_cores, slots_.size()});
    for (size_t i = 0; i < n; ++i)
      threads_.emplace_back([this](std::stop_token stop) { work(stop); });
  }

  void wait_for(size_t piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_read_[piece]; });
  }
  // One more slot may be written again, that of the oldest piece which was not released.
  void release() {
    {
      const std::lock_guard lock(mutex_);
      ++n_free_;
    }
    changed_.notify_all();
  }

 private:
  void work(std::stop_token stop) {
    for (std::unique_lock lock(mutex_);;) {
      const auto may_read = [this] { return next_ == pieces_.size() || next_ < n_free_; };
      if (!changed_.wait(lock, stop, may_read) || next_ == pieces_.size()) return;
      const size_t piece = next_++;
      lock.unlock();
      read(pieces_[piece], slots_[piece % slots_.size()]);
      lock.lock();
      is_read_[piece] = true;
      changed_.notify_all();
    }
  }

  const std::vector<Piece>& pieces_;
  const std::vector<std::byte*> slots_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<bool> is_read_;          // of each piece; guarded by mutex_
  size_t next_ = 0;                    // piece; guarded by mutex_
  size_t n_free_;                      // pieces before this one have a slot; guarded by mutex_
  std::vector<std::jthread> threads_;  // last
};

int64_t TensorUpload::n_bytes(const Tensor& tensor) {
  return n_elements(tensor) * element_bytes(tensor.dtype);
}

void TensorUpload::add(const Tensor& tensor, std::byte* to) {
  const int64_t most = kPieceBytes / element_bytes(tensor.dtype);
  for (int64_t first = 0; first < n_elements(tensor); first += most) {
    pieces_.push_back({.tensor = tensor,
                       .first = first,
                       .n = std::min(most, n_elements(tensor) - first),
                       .to = to + first * element_bytes(tensor.dtype)});
  }
}

void TensorUpload::then(std::function<void()> work) {
  work_.push_back({.n_pieces = pieces_.size(), .call = std::move(work)});
}

void TensorUpload::run() {
  const auto add = [](int64_t n, const Piece& piece) {
    return n + piece.n * element_bytes(piece.tensor.dtype);
  };
  if (std::accumulate(pieces_.begin(), pieces_.end(), int64_t{0}, add) < pinned_from_bytes_) {
    run_alone();
  } else {
    run_with_readers();
  }
}

// From where the pieces are, by way of the driver.
void TensorUpload::run_alone() {
  std::vector<std::byte> converted;
  auto work = work_.begin();
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    const int64_t n_bytes = piece.n * element_bytes(piece.tensor.dtype);
    const std::byte* from = piece.tensor.bytes.data() + piece.first * n_bytes / piece.n;
    if (is_converted(piece.tensor.dtype)) {
      converted.resize(static_cast<size_t>(n_bytes));
      read(piece, converted.data());
      from = converted.data();
    }
    device_->upload(piece.to, from, n_bytes);
    for (; work != work_.end() && work->n_pieces == i + 1; ++work) work->call();
  }
}

void TensorUpload::run_with_readers() {
  std::vector<PinnedBuffer> buffers;
  std::vector<std::byte*> slots;
  buffers.reserve(kMostSlots);  // they do not move
  for (size_t i = 0; i < std::clamp(pieces_.size() / 4, size_t{2}, kMostSlots); ++i)
    slots.push_back(buffers.emplace_back(*device_).claim(kPieceBytes));
  if (!device_->ok()) return;
  Readers readers(pieces_, slots);
  auto work = work_.begin();
  for (size_t i = 0; i < pieces_.size() && device_->ok(); ++i) {
    readers.wait_for(i);
    const Piece& piece = pieces_[i];
    device_->copy(piece.to, slots[i % slots.size()], piece.n * element_bytes(piece.tensor.dtype));
    buffers[i % slots.size()].mark();
    for (; work != work_.end() && work->n_pieces == i + 1; ++work) work->call();
    if (i == 0) continue;
    buffers[(i - 1) % slots.size()].wait();
    readers.release();
  }
}

void TensorUpload::read(const Piece& piece, std::byte* out) {
  const int64_t n_bytes = dtype_bytes(piece.tensor.dtype);
  const auto bytes = piece.tensor.bytes.subspan(static_cast<size_t>(piece.first * n_bytes),
                                                static_cast<size_t>(piece.n * n_bytes));
  populate(bytes);
  if (!is_converted(piece.tensor.dtype)) {
    std::memcpy(out, bytes.data(), bytes.size());
    return;
  }
  for (int64_t i = 0; i < piece.n; ++i) {
    const uint16_t bits = kernels::float_to_bf16(load_float(piece.tensor, piece.first + i));
    std::memcpy(out + i * 2, &bits, sizeof bits);
  }
}

}  // namespace rondo::engine
