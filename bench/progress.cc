#include "bench/progress.h"

#include <cstdio>

namespace rondo::bench {

Progress::Progress(std::string what, int64_t n_total) : what_(std::move(what)), n_total_(n_total) {}

void Progress::done(bool was_known) {
  ++n_done_;
  n_known_ += was_known;
  const auto now = Clock::now();
  if (n_done_ < n_total_ && now - printed_ < std::chrono::seconds(2)) return;
  printed_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const int64_t n_measured = n_done_ - n_known_;
  std::fprintf(stderr, "\r%lld of %lld %s, %.0f s", static_cast<long long>(n_done_),
               static_cast<long long>(n_total_), what_.c_str(), elapsed);
  if (n_measured > 0 && n_done_ < n_total_) {
    const double left =
        elapsed / static_cast<double>(n_measured) * static_cast<double>(n_total_ - n_done_);
    std::fprintf(stderr, ", about %.0f min to go", left / 60);
  }
  std::fprintf(stderr, n_done_ < n_total_ ? "   " : "            \n");
}

}  // namespace rondo::bench
