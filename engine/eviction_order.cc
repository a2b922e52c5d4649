#include "engine/eviction_order.h"

#include <algorithm>

namespace rondo::engine {

EvictionOrder::Place EvictionOrder::add(KvKind kind, Hash128 key, int32_t n_pages) {
  return trial_.insert(trial_.end(), {.kind = kind, .key = key, .n_pages = n_pages});
}

void EvictionOrder::touch(Place place) {
  std::list<Entry>& queue = queue_of(*place);
  queue.splice(queue.end(), queue, place);
}

void EvictionOrder::note_use(Place place) {
  used_.splice(used_.end(), queue_of(*place), place);
  if (!place->used) n_used_pages_ += place->n_pages;
  place->used = true;
  while (n_used_pages_ > most_used_pages_) move_to_trial(used_.begin());
}

void EvictionOrder::move_to_trial(Place place) {
  trial_.splice(trial_.end(), used_, place);
  place->used = false;
  n_used_pages_ -= place->n_pages;
}

void EvictionOrder::remove(Place place) {
  if (place->used) n_used_pages_ -= place->n_pages;
  queue_of(*place).erase(place);
}

const EvictionOrder::Entry* EvictionOrder::first(
    const std::function<bool(const Entry&)>& is_free) const {
  for (const std::list<Entry>* queue : {&trial_, &used_}) {
    const auto found = std::find_if(queue->begin(), queue->end(), is_free);
    if (found != queue->end()) return &*found;
  }
  return nullptr;
}

}  // namespace rondo::engine
