// What is faster: to read a Segment from the disk, or to encode it again. Both are measured as they
// happen, a token's time each, of late; before both are known, reading is.
//
// Thread: the engine thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace rondo::engine {

class TierRates {
 public:
  using Microseconds = std::chrono::microseconds;

  void note_read(int64_t n_tokens, Microseconds time) { note(read_us_, n_tokens, time); }
  void note_encoding(int64_t n_tokens, Microseconds time) { note(encode_us_, n_tokens, time); }

  // Now and then the other way is tried, since the disk may be faster by now.
  bool prefers_reading() {
    if (!read_us_ || !encode_us_ || *read_us_ <= *encode_us_) return true;
    return ++n_refused_ % kTryAgain == 0;
  }

 private:
  static constexpr int64_t kTryAgain = 64;
  static constexpr double kWeight = 0.2;  // of the newest

  static void note(std::optional<double>& mean, int64_t n_tokens, Microseconds time) {
    if (n_tokens <= 0) return;
    const double us = static_cast<double>(time.count()) / static_cast<double>(n_tokens);
    mean = mean ? *mean + kWeight * (us - *mean) : us;
  }

  std::optional<double> read_us_;  // a token
  std::optional<double> encode_us_;
  int64_t n_refused_ = 0;
};

}  // namespace rondo::engine
