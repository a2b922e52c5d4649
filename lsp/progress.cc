#include "lsp/progress.h"

#include "lsp/protocol.h"

namespace rondo::lsp {

void Progress::enable() {
  enabled_ = true;
  if (running_) create();
}

void Progress::disable() {
  end("");
  enabled_ = false;
}

void Progress::begin(std::string title, std::function<void()> on_cancel) {
  end("");
  on_cancel_ = std::move(on_cancel);
  ++job_;
  running_ = true;
  title_ = std::move(title);
  message_.clear();
  if (enabled_) create();
}

void Progress::cancel(std::string_view wanted) {
  if (running_ && on_cancel_ && wanted == token()) on_cancel_();
}

void Progress::report(std::string message, std::optional<int> percent) {
  message_ = std::move(message);
  percent_ = percent;
  if (shown_) connection_.notify(method::kProgress, progress_report(token(), message_, percent_));
}

void Progress::end(std::string_view message) {
  if (shown_) connection_.notify(method::kProgress, progress_end(token(), message));
  running_ = shown_ = false;
}

void Progress::create() {
  connection_.request(method::kCreateProgress, create_progress_params(token()),
                      [self = std::weak_ptr(self_), job = job_](const Response& response) {
                        const auto progress = self.lock();
                        if (progress && !response.error) progress->created(job);
                      });
}

// The job that the client was asked for may be over by now.
void Progress::created(int64_t job) {
  if (!running_ || job != job_) return;
  shown_ = true;
  connection_.notify(method::kProgress, progress_begin(token(), title_, on_cancel_ != nullptr));
  if (!message_.empty()) report(message_, percent_);
}

}  // namespace rondo::lsp
