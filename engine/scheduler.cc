#include "engine/scheduler.h"

#include <algorithm>

#include "base/check.h"

namespace rondo::engine {

int64_t Scheduler::drop_cancelled() {
  return std::erase_if(waiting_, [](const auto& generation) {
    if (!generation->cancelled()) return false;
    generation->fail(cancelled_error("the request was cancelled while it waited"));
    return true;
  });
}

Generation& Scheduler::next() {
  while (admit(Priority::kInteractive)) {
  }
  const auto is_interactive = [](const auto& generation) {
    return generation->priority() == Priority::kInteractive;
  };
  auto turn = std::find_if(running_.begin(), running_.end(), is_interactive);
  if (turn == running_.end()) {
    if (running_.empty()) admit(Priority::kBackground);
    turn = running_.begin();
  }
  CHECK(turn != running_.end(), "the scheduler was asked with nothing to do");
  std::rotate(turn, turn + 1, running_.end());
  return *running_.back();
}

// Starts the first waiting generation of `priority` that can run; false when there is none or no
// room.
bool Scheduler::admit(Priority priority) {
  if (running_.size() >= kMaxRunning) return false;
  const auto it = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& generation) {
    return generation->priority() == priority && !cursor_busy(*generation);
  });
  if (it == waiting_.end()) return false;
  running_.push_back(std::move(*it));
  waiting_.erase(it);
  return true;
}

bool Scheduler::cursor_busy(const Generation& generation) const {
  if (generation.cursor().empty() || generation.priority() == Priority::kBackground) return false;
  return std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
    return other->cursor() == generation.cursor() && other->priority() == Priority::kInteractive;
  });
}

void Scheduler::remove(const Generation& generation) {
  std::erase_if(running_, [&](const auto& other) { return other.get() == &generation; });
}

void Scheduler::fail_all(const Status& status) {
  for (auto* list : {&running_, &waiting_}) {
    for (const auto& generation : *list) generation->fail(status);
    list->clear();
  }
}

}  // namespace rondo::engine
