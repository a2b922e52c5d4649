#include "engine/chunk_lane.h"

#include <algorithm>
#include <utility>

namespace rondo::engine {

bool ChunkLane::has_room() const {
  const auto keeps_logits = [](const Chunk& chunk) { return chunk.has_logits; };
  return queued_.size() < kMostQueued && std::none_of(queued_.begin(), queued_.end(), keeps_logits);
}

void ChunkLane::sent(Generation& generation) {
  const bool has_choice = generation.awaits_first_token();
  queued_.push_back({.done = Event(model_.device()),
                     .generation = &generation,
                     .has_choice = has_choice,
                     .has_logits = has_choice && generation.wants_logits()});
  queued_.back().done.record();
}

std::vector<Generation*> ChunkLane::land() {
  std::vector<Generation*> answered;
  while (!queued_.empty() && queued_.front().done.passed()) {
    const Chunk chunk = std::move(queued_.front());
    queued_.pop_front();
    if (chunk.has_choice) take(chunk.generation, chunk.has_logits, answered);
  }
  return answered;
}

// Whoever has gone has left a choice that is to be taken all the same.
void ChunkLane::take(Generation* generation, bool wants_logits,
                     std::vector<Generation*>& answered) {
  const Sample likeliest = model_.take_choices().front();
  if (generation == nullptr || generation->cancelled()) return;
  logits_.resize(static_cast<size_t>(model_.config().vocab_size));
  if (wants_logits) model_.read_logits(1, logits_.data());
  if (generation->take_first(likeliest, logits_)) answered.push_back(generation);
}

void ChunkLane::wait() {
  if (!queued_.empty()) queued_.front().done.wait();
}

void ChunkLane::drop(const Generation& generation) {
  for (Chunk& chunk : queued_) {
    if (chunk.generation == &generation) chunk.generation = nullptr;
  }
}

void ChunkLane::drop_all() {
  for (Chunk& chunk : queued_) chunk.generation = nullptr;
}

}  // namespace rondo::engine
