// How fast the model reads prompts, and how much of a window that makes affordable.
//
// Thread: one thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "engine/request.h"

namespace rondo::assist {

class ReadingSpeed {
 public:
  // Takes the speed of an answer that had something to read.
  void note(const engine::Completion& completion) {
    const int32_t n_read = completion.n_prompt_tokens - completion.n_cached_tokens;
    const auto us = static_cast<double>(completion.timings.prefill.count());
    if (n_read >= kLeastMeasuredTokens && us > 0) tokens_per_ms_ = 1e3 * n_read / us;
  }

  // How long `n_tokens` of a prompt will take; nothing while nothing is known.
  std::chrono::milliseconds expected(int32_t n_tokens) const {
    if (tokens_per_ms_ <= 0) return {};
    return std::chrono::milliseconds(static_cast<int64_t>(n_tokens / tokens_per_ms_));
  }

  // How many tokens it reads within `time`; as if slow while nothing is known.
  int64_t n_readable(std::chrono::milliseconds time) const {
    const double tokens_per_ms = tokens_per_ms_ > 0 ? tokens_per_ms_ : kGuessedTokensPerMs;
    return static_cast<int64_t>(std::max(tokens_per_ms * static_cast<double>(time.count()), 0.0));
  }

  // The share of `n_tokens`, 0..1, that would be read within `budget`, no less than models are
  // trained to be given; 1 while nothing is known.
  double affordable_share(int32_t n_tokens, std::chrono::milliseconds budget) const {
    if (tokens_per_ms_ <= 0) return 1;
    const auto all = static_cast<double>(n_tokens);
    const double n_affordable = tokens_per_ms_ * static_cast<double>(budget.count());
    return std::clamp(n_affordable, std::min(kLeastWindowTokens, all), all) / all;
  }

 private:
  static constexpr double kLeastWindowTokens = 350;    // of prefix and suffix together
  static constexpr int32_t kLeastMeasuredTokens = 64;  // of a prompt, for its speed to count

  static constexpr double kGuessedTokensPerMs = 2;  // of the embedded model with AVX2

  double tokens_per_ms_ = 0;  // 0: none was read yet
};

}  // namespace rondo::assist
