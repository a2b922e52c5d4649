// WorkspaceReader: lets the engine read the Blocks of a workspace folder as Segments while nobody
// waits, so that a prompt that wants one finds it: those of open documents first, of what they
// import, of files edited lately, and then of the rest by path.
//
// The rest is read as far as half of the pages go that the engine has for what it reads, so that
// what cursors use keeps its room: max_tokens = pages x tokens a page / 2. What was read once is
// not read again here, even if it had to leave; prompts do that.
//
// Thread: any may call. It works on a thread of its own, at low priority, and asks the engine for a
// batch at a time with Priority::kBackground. Ownership: borrows engine and index, which must
// outlive it; the destructor cancels what it asked for and waits for that.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "engine/engine.h"
#include "workspace/block_index.h"

namespace rondo::assist {

struct ReadingProgress {
  int64_t n_blocks = 0;    // read
  int64_t n_tokens = 0;    // of them
  int64_t max_tokens = 0;  // 0: it has not looked yet
  bool finished = false;   // it has looked at all that it was told of
};

class WorkspaceReader {
 public:
  // `folder` is where the indexed files lie, absolute. REQUIRES: engine.config().segment.
  WorkspaceReader(engine::Engine& engine, const workspace::BlockIndex& index, std::string folder);
  ~WorkspaceReader();

  // The index has more than it had. `first`: the files that matter most, relative to the folder,
  // the most important first.
  void look(std::vector<std::string> first);

  ReadingProgress progress() const;

 private:
  struct Batch {
    std::vector<engine::SegmentInput> segments;
    int64_t n_tokens = 0;
    std::set<std::string> paths;
    int64_t n_forgotten = 0;  // by the index, when it was begun
  };

  void work(std::stop_token stop);
  void read_all(const std::vector<std::string>& first, const std::stop_token& stop);
  std::vector<std::string> with_imports(const std::vector<std::string>& first) const;
  bool read_file(const std::string& path, int64_t max_tokens, const std::stop_token& stop);
  bool flush(const std::stop_token& stop);
  void forget_removed(const Batch& batch);

  engine::Engine& engine_;
  const workspace::BlockIndex& index_;
  const std::string folder_;

  // The thread's own.
  std::unordered_set<Hash128, Hash128Hasher> known_;  // Blocks that were read, by path and text
  Batch batch_;
  int64_t batch_tokens_ = 0;  // of a full batch

  mutable std::mutex mutex_;
  std::condition_variable_any wanted_;
  // All below are guarded by mutex_.
  bool look_ = false;
  std::vector<std::string> first_;
  ReadingProgress progress_;

  std::jthread thread_;  // last: stopped and joined before what it uses goes
};

}  // namespace rondo::assist
