// IndexQueue: the files that wait to be indexed, the urgent ones first.
//
// A file is handed to one worker at a time: one that is added while a worker has it is handed out
// again after done().
//
// Thread: any.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

namespace rondo::workspace {

class IndexQueue {
 public:
  // Both say whether the file did not wait already.
  bool add(std::string path);
  bool add_urgent(std::string path);
  // Makes the waiting files urgent for which `chosen` says so.
  void prefer(const std::function<bool(const std::string& path)>& chosen);

  // The next file, waiting for one if need be; nothing when `stop` was requested. Each file taken
  // must be given back by done().
  std::optional<std::string> take(std::stop_token stop);
  void done(const std::string& path);

  // While paused, take() hands out nothing.
  void pause(bool paused);

  // Whether no file waits or is being worked on.
  bool is_idle() const;

 private:
  std::optional<std::string> next_locked();

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // All below are guarded by mutex_.
  std::set<std::string> waiting_;
  std::deque<std::string> urgent_;  // of those waiting; may name some that no longer do
  std::set<std::string> taken_;
  bool paused_ = false;
};

}  // namespace rondo::workspace
