#include "engine/choices.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace rondo::engine {

using kernels::Choice;

namespace {

constexpr int32_t kLeastRows = 16;  // what moves is recorded again

}  // namespace

bool Choices::make_room(int32_t n_rows) {
  if (n_rows <= n_most_rows_) {
    places_[next_].wait();
    return false;
  }
  CHECK(n_queued() == 0, "choices move while a step writes them");
  n_most_rows_ = std::max({n_rows, 2 * n_most_rows_, kLeastRows});
  ids_.resize(n_most_rows_);
  for (PinnedBuffer& place : places_) place.claim(n_most_rows_ * int64_t{sizeof(Choice)});
  return true;
}

void Choices::sent(int32_t n_rows) {
  CHECK(n_queued() < kMostQueued, "a step is queued before its choices have a place");
  n_rows_.push_back(n_rows);
  places_[next_].mark();
  next_ = (next_ + 1) % kMostQueued;
}

std::vector<Sample> Choices::take() {
  CHECK(n_queued() > 0, "choices are taken of a step that was queued");
  PinnedBuffer& from = places_[(next_ + kMostQueued - n_queued()) % kMostQueued];
  std::vector<Sample> samples(static_cast<size_t>(n_rows_.front()));
  n_rows_.pop_front();
  from.wait();
  if (!device_->ok()) return samples;
  const auto* choices = reinterpret_cast<const Choice*>(from.data());
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = {.token = choices[i].id, .logprob = choices[i].log_prob};
  return samples;
}

}  // namespace rondo::engine
