// BlockIndex: the Blocks of one workspace folder, found by path, by defined name and by content.
//
// Readers get shared snapshots of whole files, so that what they hold never changes under them.
// The tables themselves are guarded by one mutex that is held only for a lookup or for exchanging
// one file, some microseconds: simpler than persistent maps, and no reader has to see all files at
// the same moment.
//
// The texts of files stay in memory, since the completion path must not read files: about 35 MB a
// million lines, of at most max_text_bytes. Files that come when that is full are indexed without
// text; they count as definitions but cannot be context.
//
// Thread: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "workspace/block.h"

namespace rondo::workspace {

// A Block and the file that holds it.
struct BlockRef {
  FileBlocksSnapshot file;
  int64_t index = 0;  // in file->blocks

  const Block& block() const { return file->blocks[index]; }
};

struct IndexStats {
  int64_t n_files = 0;
  int64_t n_blocks = 0;
  int64_t n_names = 0;         // distinct
  int64_t text_bytes = 0;      // in memory
  int64_t n_without_text = 0;  // files for whose text there was no room
};

class BlockIndex {
 public:
  explicit BlockIndex(int64_t max_text_bytes = int64_t{512} << 20)
      : max_text_bytes_(max_text_bytes) {}

  // Puts the Blocks of file.path in place of what the index knew of it.
  void replace(FileBlocks file);
  // Forgets a file; nothing happens when it is unknown.
  void remove(std::string_view path);

  // All paths, in order.
  std::vector<std::string> paths() const;
  // nullptr when unknown.
  FileBlocksSnapshot file(std::string_view path) const;
  // The files directly in a folder ("" is the root), in the order of their paths; at most `limit`.
  std::vector<FileBlocksSnapshot> files_in(std::string_view folder, int64_t limit) const;
  // The files at `path` plus an extension of one or more parts, in the order of their paths.
  std::vector<FileBlocksSnapshot> files_at(std::string_view path) const;
  // The files whose name without extension is `stem`, in the order of their paths.
  std::vector<FileBlocksSnapshot> files_named(std::string_view stem) const;

  // How many Blocks define a name.
  int64_t count_defining(std::string_view name) const;
  // Those Blocks; in no particular order.
  std::vector<BlockRef> defining(std::string_view name) const;
  // The Blocks that reference a name, in the order of their files' paths and in those; nothing when
  // more than `max_files` files do, since it says nothing then.
  std::vector<BlockRef> referencing(std::string_view name, int64_t max_files) const;
  // A file of this language whose whole text has this hash; nullptr when there is none. Its Blocks
  // are those of any such text.
  FileBlocksSnapshot with_text(const Language& language, Hash128 text_hash) const;
  // The Blocks with the same bytes.
  std::vector<BlockRef> with_hash(Hash128 hash) const;

  IndexStats stats() const;

  // How many files were forgotten so far: deleted, or excluded. What was chosen before the last of
  // them may hold text that must not be shown to the model any more.
  int64_t n_forgotten() const { return n_forgotten_; }

 private:
  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // Under what a file is found; each list ascending.
  struct Keys {
    std::vector<uint64_t> references;                 // the name_hash of each name
    std::vector<std::pair<uint64_t, int32_t>> names;  // the same of what Blocks define; how many do
    std::vector<Hash128> blocks;                      // hashes
  };
  struct Entry {
    FileBlocksSnapshot file;
    Hash128 text_hash;
  };
  // Who defines a name.
  struct Definers {
    std::vector<const Entry*> files;
    int64_t n_blocks = 0;
  };
  template <typename T>
  using ByString = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

  static Keys keys_of(const FileBlocks& file);
  void set_keys_locked(Entry& entry, Keys keys);
  void count_locked(const FileBlocks& file, int64_t sign);

  const int64_t max_text_bytes_;
  std::atomic<int64_t> n_forgotten_ = 0;
  mutable std::shared_mutex mutex_;
  // All below are guarded by mutex_. Tables find files, not Blocks: of a keystroke they see only
  // what came or went, and rows that many files are in stay as they are.
  std::map<std::string, Entry, std::less<>> files_;  // by path
  ByString<std::vector<const Entry*>> by_stem_;
  std::unordered_map<uint64_t, Definers> by_name_;  // by name_hash
  std::unordered_map<Hash128, std::vector<const Entry*>, Hash128Hasher> by_hash_;
  std::unordered_map<Hash128, std::vector<const Entry*>, Hash128Hasher> by_text_;
  std::unordered_map<uint64_t, std::vector<const Entry*>> by_reference_;
  IndexStats stats_;
};

}  // namespace rondo::workspace
