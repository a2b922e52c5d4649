// How long a token of some work takes, of late, measured as it happens.
//
// Thread: the engine thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace rondo::engine {

class WorkRate {
 public:
  using Microseconds = std::chrono::duration<double, std::micro>;

  void note(int64_t n_tokens, Microseconds time) {
    if (n_tokens <= 0) return;
    const double us = time.count() / static_cast<double>(n_tokens);
    us_ = us_ ? *us_ + kNewestWeight * (us - *us_) : us;
  }

  // How many tokens are done within `time`; without a bound while nothing was measured.
  int64_t affordable(Microseconds time) const {
    if (time.count() <= 0) return 0;
    if (!us_ || *us_ * kMostTokens <= time.count()) return kMostTokens;
    return static_cast<int64_t>(time.count() / *us_);
  }

 private:
  static constexpr double kNewestWeight = 0.2;
  static constexpr int64_t kMostTokens = int64_t{1} << 40;

  std::optional<double> us_;  // a token
};

}  // namespace rondo::engine
