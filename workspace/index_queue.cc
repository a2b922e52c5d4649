#include "workspace/index_queue.h"

namespace rondo::workspace {

bool IndexQueue::add(std::string path) {
  const std::lock_guard lock(mutex_);
  changed_.notify_one();
  return waiting_.insert(std::move(path)).second;
}

bool IndexQueue::add_urgent(std::string path) {
  const std::lock_guard lock(mutex_);
  changed_.notify_one();
  const bool added = waiting_.insert(path).second;
  urgent_.push_back(std::move(path));
  return added;
}

void IndexQueue::prefer(const std::function<bool(const std::string&)>& chosen) {
  const std::lock_guard lock(mutex_);
  for (const std::string& path : waiting_) {
    if (chosen(path)) urgent_.push_back(path);
  }
}

std::optional<std::string> IndexQueue::take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  std::optional<std::string> next;
  changed_.wait(lock, stop, [&] {
    if (!paused_ && !stop.stop_requested()) next = next_locked();
    return next.has_value();
  });
  return next;
}

std::optional<std::string> IndexQueue::next_locked() {
  while (!urgent_.empty()) {
    auto node = waiting_.extract(urgent_.front());
    urgent_.pop_front();
    if (node.empty()) continue;
    if (taken_.insert(node.value()).second) return std::move(node.value());
    waiting_.insert(std::move(node));  // done() will wake us for it
  }
  for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
    if (!taken_.insert(*it).second) continue;
    return std::move(waiting_.extract(it).value());
  }
  return std::nullopt;
}

void IndexQueue::done(const std::string& path) {
  const std::lock_guard lock(mutex_);
  taken_.erase(path);
  changed_.notify_all();
}

void IndexQueue::pause(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
  changed_.notify_all();
}

bool IndexQueue::is_idle() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && taken_.empty();
}

}  // namespace rondo::workspace
