// One line on stderr that says how far a long measurement is and when it will end.
//
// Thread: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace rondo::bench {

class Progress {
 public:
  // `what` is counted: "holes". Work done before (a run that goes on) does not count for the speed.
  Progress(std::string what, int64_t n_total);
  // Counts one more; prints at most once in two seconds, and at the end.
  void done(bool was_known);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  int64_t n_total_;
  int64_t n_done_ = 0;
  int64_t n_known_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point printed_ = start_;
};

}  // namespace rondo::bench
