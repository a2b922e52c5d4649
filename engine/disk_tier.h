// The Segments on disk, as the engine thread uses them: it hands over copies to write and asks for
// others, and takes what is done when it comes by. It never waits for the disk.
//
//   engine thread --write, erase--> writer thread, low priority --.
//                 --read----------> reader thread ---------------- SegmentLog
//                 <--take_done------------------------------------'
//
// Thread: the engine thread; `wake` is called by the other two. Ownership: owns both threads and
// the log; copies are shared. The destructor writes what it was given, then ends.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/status.h"
#include "engine/host_pages.h"
#include "engine/segment_log.h"

namespace rondo::engine {

class DiskTier {
 public:
  struct Done {
    HostCopyPtr copy;
    bool was_read = false;              // else written
    std::chrono::microseconds time{0};  // that reading took
    Status status;
  };

  // Opens the log on the writer thread. `wake`: something is done.
  DiskTier(SegmentLogOptions options, std::function<void()> wake);
  ~DiskTier();

  bool is_open() const;
  // True also while the log is not open yet.
  bool may_have(Hash128 key) const;
  // True if what is written stays; also while the log is not open yet.
  bool writes() const;
  // `copy` is not changed any more. False when too much waits.
  bool write(HostCopyPtr copy);
  // Fills `copy`, whose key and pages are set. False when too much waits.
  bool read(HostCopyPtr copy);
  std::vector<Done> take_done();
  // Waits until something is done, but not longer than `time`.
  void wait(std::chrono::microseconds time);

  // Behind what was given before; `done` runs on the writer thread.
  void erase(std::function<bool(std::string_view origin)> is_gone);
  void clear(std::function<void()> done);
  void list_origins(std::string prefix, std::function<void(std::vector<std::string>)> done);

  // As of the last work of the writer thread.
  int64_t n_segments() const { return n_segments_; }
  int64_t n_bytes() const { return n_bytes_; }

 private:
  using Work = std::function<void()>;

  void run_writer(std::stop_token stop, SegmentLogOptions options);
  void run_reader(std::stop_token stop);
  void count();
  void write_now(const HostCopyPtr& copy);
  void finish(Done done);
  // Null while it is not open, and when it cannot be.
  SegmentLog* log() const;

  const std::function<void()> wake_;
  const std::function<void(const std::string&)> note_;
  bool disk_was_full_ = false;  // the writer's own

  std::atomic<int64_t> n_segments_ = 0;
  std::atomic<int64_t> n_bytes_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool opened_ = false;              // guarded by mutex_: or failed to
  std::unique_ptr<SegmentLog> log_;  // set once, guarded by mutex_
  std::vector<Done> done_;           // guarded by mutex_

  // The memory for copies bounds both much earlier.
  BoundedQueue<Work> to_write_{1 << 16};
  BoundedQueue<HostCopyPtr> to_read_{1 << 16};
  std::jthread writer_;  // last: they stop before what they use goes
  std::jthread reader_;
};

}  // namespace rondo::engine
