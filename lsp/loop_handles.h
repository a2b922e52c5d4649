// Timer and Readable: what happens on the loop after a while, or when there is something to read.
//
// Thread: the loop; made and destroyed there, before or while it runs. Both borrow the Loop.
#pragma once

#include <uv.h>

#include <chrono>
#include <functional>

#include "base/status.h"
#include "lsp/loop.h"

namespace rondo::lsp {

class Timer {
 public:
  explicit Timer(Loop& loop);
  ~Timer();
  Timer(const Timer&) = delete;

  // Runs `expired` once, after `delay`; what was started before does not run.
  void start(std::chrono::milliseconds delay, std::function<void()> expired);
  void stop();

 private:
  struct State;
  State* const state_;  // belongs to the loop, which frees it once the handle is closed
};

class Readable {
 public:
  // `readable` runs, again and again, while `fd` has something to read or is at its end. `fd` stays
  // the caller's, and open as long as this lives.
  Readable(Loop& loop, int fd, std::function<void()> readable);
  ~Readable();
  Readable(const Readable&) = delete;

 private:
  struct State;
  State* const state_;  // as a Timer's
};

}  // namespace rondo::lsp
