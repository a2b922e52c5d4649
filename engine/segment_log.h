// The Segments on disk: a folder of files (segment_shard.h), written by one process and read by
// any.
//
//   FOLDER/lock          locked by the process that writes, as long as it lives
//   FOLDER/00000001.kv   oldest; a file holds the Segments of one model and one kind of pages
//   FOLDER/00000002.kv
//
// The folder is the user's alone (0700, files 0600). Who gets the lock appends; others read what
// was there when they came, find nothing where it was removed since, and change nothing, except
// that they erase what must go for good: whoever reads a record later sees that it is not what was
// written. When all files together exceed
// the limit, the oldest goes, whichever model it belongs to. Files may be removed by others at any
// time (rondo cache clear cuts them first, so that their bytes are gone although we hold them
// open); then writing begins with a new one.
//
// Thread: has(), read(), origins() and the numbers on any; what writes on one. Errors: none is the
// caller's problem: what cannot be read is not there.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file_descriptor.h"
#include "base/hash.h"
#include "base/status.h"
#include "engine/segment_copy.h"
#include "engine/segment_shard.h"

namespace rondo::engine {

struct SegmentLogOptions {
  std::string folder;       // made when it is not there
  int64_t max_bytes = 0;    // on disk, of all files
  SegmentShard::Kind kind;  // of what is written and found
  // Told in a sentence what was discarded, and why nothing is written. May be empty.
  std::function<void(const std::string& line)> note;
};

class SegmentLog {
 public:
  // Reads the heads of all records. Errors: Unavailable when the folder cannot be used.
  static Result<std::unique_ptr<SegmentLog>> open(SegmentLogOptions options);

  // False: another process does.
  bool writes() const { return static_cast<bool>(lock_); }
  bool has(Hash128 key) const;
  // Reads the Segment `key` into `copy`, whose pages are given: as many as it has.
  // Errors: NotFound; Corruption, once: then it is not there any more.
  Status read(Hash128 key, SegmentCopy& copy);

  // Nothing happens when it is there. REQUIRES: writes(). Errors: those of SegmentShard::append;
  // ResourceExhausted when it is larger than a file may be.
  Status append(const SegmentCopy& segment);
  // Removes all Segments, whichever model's, whose origin `is_gone` says is; returns how many.
  int64_t erase(const std::function<bool(std::string_view origin)>& is_gone);
  // Removes everything. REQUIRES: writes().
  void clear();

  // The distinct origins that begin with `prefix`.
  std::vector<std::string> origins(std::string_view prefix) const;
  int64_t n_segments() const;  // of our kind
  int64_t n_bytes() const;     // on disk, of all kinds

 private:
  struct Place {
    std::shared_ptr<SegmentShard> shard;
    SegmentShard::Record record;
  };

  explicit SegmentLog(SegmentLogOptions options) : options_(std::move(options)) {}
  void open_all();
  void open_shard(const std::string& name, int64_t number);
  Result<std::shared_ptr<SegmentShard>> shard_to_append(int64_t n_bytes);
  void forget_shard(const std::shared_ptr<SegmentShard>& shard);
  void remove_shard(const std::shared_ptr<SegmentShard>& shard);
  void keep_to_limit();
  void note(const std::string& line) const;

  const SegmentLogOptions options_;
  FileDescriptor lock_;                    // none: another process has it
  std::shared_ptr<SegmentShard> current_;  // the writer's: that is appended to

  mutable std::mutex mutex_;
  // All below are guarded by mutex_.
  std::map<int64_t, std::shared_ptr<SegmentShard>> shards_;   // by number
  std::unordered_map<Hash128, Place, Hash128Hasher> places_;  // of our kind
  // Not found any more, being other models' or damaged, but to be erased with their origin.
  std::vector<Place> others_;
};

// Removes every file of Segments in `folder`, whoever has it open. Errors: Unavailable when one
// cannot be removed.
Status clear_segment_files(const std::string& folder);

// What lies in `folder`.
struct SegmentFiles {
  int64_t n_files = 0;
  int64_t n_bytes = 0;  // on disk
};
SegmentFiles measure_segment_files(const std::string& folder);

}  // namespace rondo::engine
