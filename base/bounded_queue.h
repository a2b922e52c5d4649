// A queue with a limit, the place where threads meet.
//
// Thread: any. Values are moved in and out.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace rondo {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t limit) : limit_(limit) {}

  // Waits while the queue is full. False, and the value is dropped, when `stop` is requested first.
  bool push(T value, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!not_full_.wait(lock, stop, [this] { return values_.size() < limit_; })) return false;
    values_.push_back(std::move(value));
    lock.unlock();
    not_empty_.notify_one();
    return true;
  }
  // False, and the value is not taken, when the queue is full.
  bool try_push(T& value) {
    {
      const std::lock_guard lock(mutex_);
      if (values_.size() >= limit_) return false;
      values_.push_back(std::move(value));
    }
    not_empty_.notify_one();
    return true;
  }
  // The oldest value; waits for one. Nothing when `stop` is requested and the queue is empty.
  std::optional<T> pop(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!not_empty_.wait(lock, stop, [this] { return !values_.empty(); })) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    lock.unlock();
    not_full_.notify_one();
    return value;
  }

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::condition_variable_any not_empty_;
  std::condition_variable_any not_full_;
  std::deque<T> values_;  // guarded by mutex_
};

}  // namespace rondo
