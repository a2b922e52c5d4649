#include "engine/tensor_upload.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/pinned_buffer.h"

namespace rondo::engine {
namespace {

// One reader copies 5 GB/s or so from the page cache, and PCIe takes 50.
constexpr size_t kMostReaders = 8;
constexpr int64_t kPieceBytes = 4 << 20;
constexpr size_t kMostSlots = 16;

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
      pieces_[piece].read(slots_[piece % slots_.size()]);
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

void TensorUpload::add(const RowSource& rows, std::byte* to) {
  const RowSource& kept = sources_.emplace_back(rows);
  const int64_t most = std::max<int64_t>(1, kPieceBytes / rows.row_bytes);
  for (int64_t first = 0; first < rows.n; first += most) {
    pieces_.push_back({.rows = &kept,
                       .first = first,
                       .n = std::min(most, rows.n - first),
                       .to = to + first * rows.row_bytes});
  }
  n_bytes_ += rows.n_bytes();
}

void TensorUpload::then(std::function<void()> work) {
  work_.push_back({.n_pieces = pieces_.size(), .call = std::move(work)});
}

void TensorUpload::run() {
  if (n_bytes_ < pinned_from_bytes_) {
    run_alone();
  } else {
    run_with_readers();
  }
}

// From where the pieces are, by way of the driver.
void TensorUpload::run_alone() {
  std::vector<std::byte> made;
  auto work = work_.begin();
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    const std::byte* from = piece.rows->in_place + piece.first * piece.rows->row_bytes;
    if (piece.rows->in_place == nullptr) {
      made.resize(static_cast<size_t>(piece.n_bytes()));
      piece.read(made.data());
      from = made.data();
    }
    device_->upload(piece.to, from, piece.n_bytes());
    for (; work != work_.end() && work->n_pieces == i + 1; ++work) work->call();
  }
}

void TensorUpload::run_with_readers() {
  std::vector<PinnedBuffer> buffers;
  std::vector<std::byte*> slots;
  int64_t most_bytes = kPieceBytes;  // a row may be longer
  for (const Piece& piece : pieces_) most_bytes = std::max(most_bytes, piece.n_bytes());
  buffers.reserve(kMostSlots);  // they do not move
  for (size_t i = 0; i < std::clamp(pieces_.size() / 4, size_t{2}, kMostSlots); ++i)
    slots.push_back(buffers.emplace_back(*device_).claim(most_bytes));
  if (!device_->ok()) return;
  Readers readers(pieces_, slots);
  auto work = work_.begin();
  for (size_t i = 0; i < pieces_.size() && device_->ok(); ++i) {
    readers.wait_for(i);
    const Piece& piece = pieces_[i];
    device_->copy(piece.to, slots[i % slots.size()], piece.n_bytes());
    buffers[i % slots.size()].mark();
    for (; work != work_.end() && work->n_pieces == i + 1; ++work) work->call();
    if (i == 0) continue;
    buffers[(i - 1) % slots.size()].wait();
    readers.release();
  }
}

}  // namespace rondo::engine
