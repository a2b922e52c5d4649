#include "lsp/loop_handles.h"

#include <memory>
#include <utility>

#include "base/check.h"

namespace rondo::lsp {
namespace {

// Ends a handle that lies at the beginning of `*state`.
template <typename State>
void close_and_free(State* state) {
  uv_close(reinterpret_cast<uv_handle_t*>(&state->handle),
           [](uv_handle_t* handle) { delete static_cast<State*>(handle->data); });
}

}  // namespace

struct Timer::State {
  uv_timer_t handle;
  std::function<void()> expired;
};

Timer::Timer(Loop& loop) : state_(new State) {
  uv_timer_init(loop.uv(), &state_->handle);
  state_->handle.data = state_;
}

Timer::~Timer() { close_and_free(state_); }

void Timer::start(std::chrono::milliseconds delay, std::function<void()> expired) {
  state_->expired = std::move(expired);
  uv_timer_start(
      &state_->handle,
      [](uv_timer_t* timer) {
        const auto now = std::exchange(static_cast<State*>(timer->data)->expired, nullptr);
        if (now) now();
      },
      static_cast<uint64_t>(delay.count()), /*repeat=*/0);
}

void Timer::stop() { uv_timer_stop(&state_->handle); }

struct Readable::State {
  uv_poll_t handle;
  std::function<void()> readable;
};

Readable::Readable(Loop& loop, int fd, std::function<void()> readable)
    : state_(new State{.handle = {}, .readable = std::move(readable)}) {
  CHECK(uv_poll_init(loop.uv(), &state_->handle, fd) == 0, "a socket can be polled");
  state_->handle.data = state_;
  uv_poll_start(&state_->handle, UV_READABLE | UV_DISCONNECT, [](uv_poll_t* poll, int, int) {
    const auto readable = static_cast<State*>(poll->data)->readable;  // may destroy us
    readable();
  });
}

Readable::~Readable() {
  uv_poll_stop(&state_->handle);  // so that the descriptor may be closed at once
  close_and_free(state_);
}

}  // namespace rondo::lsp
