#include "lsp/loop.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace rondo::lsp {

struct Loop::Watch {
  union {
    uv_handle_t handle;
    uv_signal_t signal;
    uv_poll_t process;
  };
  int process_fd = -1;
  std::function<void()> happened;

  Watch() {}
  ~Watch() {
    if (process_fd >= 0) ::close(process_fd);
  }
};

Loop::Loop() : thread_(std::this_thread::get_id()) {
  CHECK(uv_loop_init(&uv_) == 0, "an event loop can be made");
  uv_.data = this;
  wake_.data = this;
  uv_async_init(&uv_, &wake_,
                [](uv_async_t* wake) { static_cast<Loop*>(wake->data)->run_posted(); });
}

Loop::~Loop() {
  close();
  run();
  CHECK(uv_loop_close(&uv_) == 0, "everything on the loop is closed");
}

void Loop::post(std::function<void()> work) {
  std::unique_lock lock(mutex_);
  if (std::this_thread::get_id() != thread_) {
    room_.wait(lock, [this] { return closed_ || posted_.size() < kMaxPosted; });
  }
  if (closed_) return;
  posted_.push_back(std::move(work));
  uv_async_send(&wake_);  // under the lock: close() has not closed it yet
}

void Loop::run_posted() {
  std::deque<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex_);
    ready = std::exchange(posted_, {});
  }
  room_.notify_all();
  for (const std::function<void()>& work : ready) {
    if (!closed_) work();  // only this thread sets it
  }
}

void Loop::behind(std::function<void()> work, std::function<void()> done) {
  struct Job {
    uv_work_t request;
    Loop& loop;
    std::function<void()> work;
    std::function<void()> done;
  };
  auto* job = new Job{.loop = *this, .work = std::move(work), .done = std::move(done)};
  job->request.data = job;
  uv_queue_work(
      &uv_, &job->request, [](uv_work_t* request) { static_cast<Job*>(request->data)->work(); },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Job> job(static_cast<Job*>(request->data));
        if (!job->loop.closed_) job->done();  // only this thread sets it
      });
}

void Loop::watch_signals(std::function<void()> on_signal) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    auto watch = std::make_unique<Watch>();
    watch->happened = on_signal;
    uv_signal_init(&uv_, &watch->signal);
    watch->signal.data = watch.get();
    uv_signal_start(
        &watch->signal,
        [](uv_signal_t* signal, int) { static_cast<Watch*>(signal->data)->happened(); }, number);
    watches_.push_back(std::move(watch));
  }
}

Status Loop::watch_process(int64_t process_id, std::function<void()> on_exit) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(process_id), 0));
  if (fd < 0) {
    return unavailable_error("process " + std::to_string(process_id) +
                             " cannot be watched: " + std::strerror(errno));
  }
  auto watch = std::make_unique<Watch>();
  watch->process_fd = fd;
  watch->happened = std::move(on_exit);
  if (const int error = uv_poll_init(&uv_, &watch->process, fd); error != 0) {
    return unavailable_error(std::string("a process cannot be watched: ") + uv_strerror(error));
  }
  watch->process.data = watch.get();
  uv_poll_start(&watch->process, UV_READABLE, [](uv_poll_t* poll, int, int) {
    uv_poll_stop(poll);
    static_cast<Watch*>(poll->data)->happened();
  });
  watches_.push_back(std::move(watch));
  return {};
}

void Loop::run() { uv_run(&uv_, UV_RUN_DEFAULT); }

void Loop::close() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
    posted_.clear();
  }
  room_.notify_all();
  uv_close(reinterpret_cast<uv_handle_t*>(&wake_), nullptr);
  for (const auto& watch : watches_) uv_close(&watch->handle, nullptr);
}

}  // namespace rondo::lsp
