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

void Progress::begin(std::string title) {
  end("");
  ++job_;
  running_ = true;
  title_ = std::move(title);
  message_.clear();
  if (enabled_) create();
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
                      [this, job = job_](const Response& response) {
                        if (!response.error) created(job);
                      });
}

// The job that the client was asked for may be over by now.
void Progress::created(int64_t job) {
  if (!running_ || job != job_) return;
  shown_ = true;
  connection_.notify(method::kProgress, progress_begin(token(), title_));
  if (!message_.empty()) report(message_, percent_);
}

}  // namespace rondo::lsp
