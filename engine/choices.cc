#include "engine/choices.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace rondo::engine {

bool Choices::resize(int32_t n_rows) {
  return values_.resize(std::max(values_.size(), int64_t{2} * n_rows));
}

void Choices::send(int32_t n_rows) {
  CHECK(n_queued() < kMostQueued, "a step is queued before its choices have a place");
  n_rows_.push_back(n_rows);
  PinnedBuffer& to = sent_[next_];
  next_ = (next_ + 1) % kMostQueued;
  const int64_t n_bytes = 2 * n_rows * int64_t{sizeof(float)};
  if (std::byte* bytes = to.claim(n_bytes)) device_->copy(bytes, values_.data(), n_bytes);
  to.mark();
}

std::vector<Sample> Choices::take() {
  CHECK(n_queued() > 0, "choices are taken of a step that was queued");
  PinnedBuffer& from = sent_[(next_ + kMostQueued - n_queued()) % kMostQueued];
  std::vector<Sample> choices(static_cast<size_t>(n_rows_.front()));
  n_rows_.pop_front();
  from.wait();
  if (!device_->ok()) return choices;
  const auto n = static_cast<int64_t>(choices.size());
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(&choices[i].token, from.data() + i * 4, 4);
    std::memcpy(&choices[i].logprob, from.data() + (n + i) * 4, 4);
  }
  return choices;
}

}  // namespace rondo::engine
