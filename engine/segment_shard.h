// One file of Segments on disk, and its format. Numbers are little-endian, as the machine has them.
//
//   file     FileHead, to kBlock | record | record | ...        each begins at a multiple of kBlock
//   record   RecordHead | origin | token ids, i32 [n_tokens] | to kBlock     what it is: its text
//            page | page | ...                               | to kBlock     its K/V
//
// Records are only appended. What cannot be right is not believed: a head has a checksum of itself
// and the origin, and a record one of all that it holds; at the first head that is wrong, or that
// promises more than the file holds, the file ends. An erased record keeps its head, so that the
// next is found; its bytes are gone: the room goes back to the file system where that can, and is
// zeros where not.
//
// Thread: read() on any thread; what changes the file on one. Ownership: owns the descriptor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "base/hash.h"
#include "base/status.h"
#include "engine/segment_copy.h"

namespace rondo::engine {

class SegmentShard {
 public:
  // What made the K/V in it, and how large its pages are.
  struct Kind {
    Hash128 model;
    int64_t page_bytes = 0;
    bool operator==(const Kind&) const = default;
  };
  struct Record {
    int64_t begin = 0;  // in the file
    Hash128 key;
    int32_t n_tokens = 0;
    int32_t n_released_head = 0;
    int32_t n_kept = 0;
    std::string origin;
  };

  // A new file. Errors: Unavailable.
  static Result<std::unique_ptr<SegmentShard>> create(const std::string& path, const Kind& kind);
  // Errors: Corruption when it is none, or of another version; Unavailable.
  static Result<std::unique_ptr<SegmentShard>> open(const std::string& path);

  const Kind& kind() const { return kind_; }
  const std::string& path() const { return path_; }
  // Where the next record goes: behind the last that was found or appended.
  int64_t end() const { return end_; }
  // What the file takes on the disk.
  int64_t n_bytes() const;
  // False when somebody has removed or cut the file: append nothing more.
  bool is_whole() const;

  // What is there and was not erased. `*is_torn`: something else follows the last.
  std::vector<Record> find_records(bool* is_torn);
  // Removes what follows the last record.
  Status cut();
  // Errors: ResourceExhausted when the disk is full, Unavailable; the file is as it was then.
  Result<Record> append(const SegmentCopy& segment);
  // Reads `record` into `copy`, whose pages are given. Errors: Corruption when the bytes are not
  // those that were written; then `copy` holds anything.
  Status read(const Record& record, SegmentCopy& copy) const;
  Status erase(const Record& record);
  // What `segment` takes in a file.
  static int64_t record_bytes(const SegmentCopy& segment, int64_t page_bytes);

 private:
  SegmentShard(std::string path, FileDescriptor fd, Kind kind, int64_t end)
      : path_(std::move(path)), fd_(std::move(fd)), kind_(kind), end_(end) {}

  const std::string path_;
  const FileDescriptor fd_;
  const Kind kind_;
  int64_t end_ = 0;
};

}  // namespace rondo::engine
