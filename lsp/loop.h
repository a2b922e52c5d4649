// Loop: the event loop of a process, and the way onto its thread.
//
// Thread: constructed, run and destroyed on one thread, the loop thread; post() from any.
// Ownership: owns the libuv loop. What others open on uv() they close before run() can return.
#pragma once

#include <uv.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/status.h"

namespace rondo::lsp {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;

  uv_loop_t* uv() { return &uv_; }

  // `work` runs on the loop thread, in the order of the calls; never after close(). Waits while
  // kMaxPosted others have not run yet (not on the loop thread itself).
  void post(std::function<void()> work);

  // Runs `work`, which may wait, on another thread; then `done` on the loop thread, but never after
  // close(). REQUIRES: on the loop thread.
  void behind(std::function<void()> work, std::function<void()> done);

  // `on_signal` runs for SIGTERM, SIGINT and SIGHUP.
  void watch_signals(std::function<void()> on_signal);
  // `on_exit` runs when this process ends.
  // Errors: Unavailable when it cannot be watched: not there (perhaps it lives in another
  // container), or this system cannot.
  Status watch_process(int64_t process_id, std::function<void()> on_exit);

  // Runs until close() was called and everything opened on uv() is closed.
  void run();
  // Drops what was posted and ends the watching. Twice is fine.
  void close();

 private:
  static constexpr size_t kMaxPosted = 1024;
  struct Watch;  // of a signal or a process

  void run_posted();

  uv_loop_t uv_;
  const std::thread::id thread_;
  uv_async_t wake_;
  std::vector<std::unique_ptr<Watch>> watches_;

  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<std::function<void()>> posted_;  // guarded by mutex_
  bool closed_ = false;                       // guarded by mutex_
};

}  // namespace rondo::lsp
