#include "workspace/block_index.h"

#include <algorithm>
#include <mutex>

#include "workspace/path.h"
#include "workspace/references.h"

namespace rondo::workspace {
namespace {

// Every name that the Blocks of `file` define; `visit(name, index of the Block)` once for each
// pair.
template <typename Visit>
void for_each_name(const FileBlocks& file, Visit visit) {
  for (size_t i = 0; i < file.blocks.size(); ++i) {
    const Block& block = file.blocks[i];
    const bool names_itself = block.part == 0 && block.kind != BlockKind::kSection;
    if (names_itself && !block.name.empty()) visit(block.name, static_cast<int32_t>(i));
    for (const std::string& name : block.defines) visit(name, static_cast<int32_t>(i));
  }
}

template <typename Key>
void sort_each_once(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

// The references of all Blocks of a file, ascending, each once.
std::vector<uint64_t> references_of(const FileBlocks& file) {
  std::vector<uint64_t> all;
  for (const Block& block : file.blocks) {
    all.insert(all.end(), block.references.begin(), block.references.end());
  }
  sort_each_once(all);
  return all;
}

// Takes `entry` out of `row`, where it is; the order of rows does not matter.
template <typename Entry>
void erase_entry(std::vector<const Entry*>& row, const Entry* entry) {
  *std::find(row.begin(), row.end(), entry) = row.back();
  row.pop_back();
}

// The same for a table's row, and an empty row out of the table.
template <typename Table, typename Key, typename Entry>
void erase_entry(Table& table, const Key& key, const Entry* entry) {
  const auto row = table.find(key);
  erase_entry(row->second, entry);
  if (row->second.empty()) table.erase(row);
}

// Both lists are ascending: one walk finds what went and what came.
template <typename Key, typename Went, typename Came>
void compare(const std::vector<Key>& before, const std::vector<Key>& after, Went went, Came came) {
  auto old = before.begin();
  auto now = after.begin();
  while (old != before.end() || now != after.end()) {
    if (now == after.end() || (old != before.end() && *old < *now)) {
      went(*old++);
    } else if (old == before.end() || *now < *old) {
      came(*now++);
    } else {
      ++old;
      ++now;
    }
  }
}

}  // namespace

BlockIndex::Keys BlockIndex::keys_of(const FileBlocks& file) {
  Keys keys = {.references = references_of(file), .names = {}, .blocks = {}};
  std::vector<uint64_t> names;
  for_each_name(file, [&](const std::string& name, int32_t) { names.push_back(name_hash(name)); });
  std::sort(names.begin(), names.end());
  for (const uint64_t name : names) {
    if (keys.names.empty() || keys.names.back().first != name) keys.names.emplace_back(name, 0);
    ++keys.names.back().second;
  }
  for (const Block& block : file.blocks) keys.blocks.push_back(block.hash);
  sort_each_once(keys.blocks);
  return keys;
}

void BlockIndex::replace(FileBlocks file) {
  auto snapshot = std::make_shared<FileBlocks>(std::move(file));
  Keys keys = keys_of(*snapshot);
  const Hash128 text_hash =
      snapshot->text != nullptr ? hash_text(snapshot->text->bytes()) : Hash128();
  const std::unique_lock lock(mutex_);
  const auto [it, is_new] = files_.try_emplace(snapshot->path);
  Entry& entry = it->second;
  if (is_new) {
    by_stem_[std::string(stem_of(snapshot->path))].push_back(&entry);
  } else {
    count_locked(*entry.file, -1);
    erase_entry(by_text_, entry.text_hash, &entry);
  }
  if (snapshot->text != nullptr && stats_.text_bytes + snapshot->text->size() > max_text_bytes_) {
    snapshot->text = nullptr;
  }
  set_keys_locked(entry, std::move(keys));
  entry.text_hash = text_hash;
  by_text_[text_hash].push_back(&entry);
  entry.file = std::move(snapshot);
  count_locked(*entry.file, 1);
}

void BlockIndex::remove(std::string_view path) {
  const std::unique_lock lock(mutex_);
  const auto it = files_.find(path);
  if (it == files_.end()) return;
  Entry& entry = it->second;
  count_locked(*entry.file, -1);
  set_keys_locked(entry, {});
  erase_entry(by_text_, entry.text_hash, &entry);
  erase_entry(by_stem_, std::string(stem_of(path)), &entry);
  files_.erase(it);
  ++n_forgotten_;  // last: who has read the number and then finds the file learns of it later
}

// The tables know `entry` by `keys` afterwards, no more by what its file says.
void BlockIndex::set_keys_locked(Entry& entry, Keys keys) {
  const Keys before = entry.file != nullptr ? keys_of(*entry.file) : Keys();
  compare(
      before.references, keys.references,
      [&](uint64_t name) { erase_entry(by_reference_, name, &entry); },
      [&](uint64_t name) { by_reference_[name].push_back(&entry); });
  compare(
      before.blocks, keys.blocks, [&](Hash128 hash) { erase_entry(by_hash_, hash, &entry); },
      [&](Hash128 hash) { by_hash_[hash].push_back(&entry); });
  using Name = std::pair<uint64_t, int32_t>;
  compare(
      before.names, keys.names,
      [&](const Name& name) {
        const auto row = by_name_.find(name.first);
        erase_entry(row->second.files, static_cast<const Entry*>(&entry));
        row->second.n_blocks -= name.second;
        if (row->second.files.empty()) by_name_.erase(row);
      },
      [&](const Name& name) {
        Definers& definers = by_name_[name.first];
        definers.files.push_back(&entry);
        definers.n_blocks += name.second;
      });
}

// Adds `file` to the statistics, or takes it out.
void BlockIndex::count_locked(const FileBlocks& file, int64_t sign) {
  stats_.n_files += sign;
  stats_.n_blocks += sign * static_cast<int64_t>(file.blocks.size());
  stats_.text_bytes += file.text != nullptr ? sign * file.text->size() : 0;
  stats_.n_without_text += file.text == nullptr ? sign : 0;
}

std::vector<std::string> BlockIndex::paths() const {
  std::vector<std::string> paths;
  const std::shared_lock lock(mutex_);
  paths.reserve(files_.size());
  for (const auto& [path, entry] : files_) paths.push_back(path);
  return paths;
}

FileBlocksSnapshot BlockIndex::file(std::string_view path) const {
  const std::shared_lock lock(mutex_);
  const auto it = files_.find(path);
  return it == files_.end() ? nullptr : it->second.file;
}

std::vector<FileBlocksSnapshot> BlockIndex::files_in(std::string_view folder, int64_t limit) const {
  const std::string prefix = folder.empty() ? "" : std::string(folder) + '/';
  std::vector<FileBlocksSnapshot> files;
  const std::shared_lock lock(mutex_);
  auto it = files_.lower_bound(prefix);
  while (it != files_.end() && it->first.starts_with(prefix)) {
    if (static_cast<int64_t>(files.size()) == limit) break;
    const size_t slash = it->first.find('/', prefix.size());
    if (slash == std::string::npos) {
      files.push_back((it++)->second.file);
    } else {  // over the folder below: '0' follows '/'
      it = files_.lower_bound(it->first.substr(0, slash) + '0');
    }
  }
  return files;
}

std::vector<FileBlocksSnapshot> BlockIndex::files_at(std::string_view path) const {
  const std::string prefix = std::string(path) + '.';
  std::vector<FileBlocksSnapshot> files;
  const std::shared_lock lock(mutex_);
  for (auto it = files_.lower_bound(prefix); it != files_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    if (it->first.find('/', prefix.size()) == it->first.npos) files.push_back(it->second.file);
  }
  return files;
}

std::vector<FileBlocksSnapshot> BlockIndex::files_named(std::string_view stem) const {
  std::vector<FileBlocksSnapshot> files;
  const std::shared_lock lock(mutex_);
  if (const auto row = by_stem_.find(stem); row != by_stem_.end()) {
    for (const Entry* entry : row->second) files.push_back(entry->file);
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a->path < b->path; });
  return files;
}

int64_t BlockIndex::count_defining(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto row = by_name_.find(name_hash(name));
  return row == by_name_.end() ? 0 : row->second.n_blocks;
}

std::vector<BlockRef> BlockIndex::defining(std::string_view name) const {
  std::vector<FileBlocksSnapshot> files;
  {
    const std::shared_lock lock(mutex_);
    const auto row = by_name_.find(name_hash(name));
    if (row == by_name_.end()) return {};
    for (const Entry* entry : row->second.files) files.push_back(entry->file);
  }
  std::vector<BlockRef> refs;
  for (const FileBlocksSnapshot& file : files) {
    for_each_name(*file, [&](const std::string& defined, int32_t index) {
      if (defined == name) refs.push_back({.file = file, .index = index});
    });
  }
  return refs;
}

std::vector<BlockRef> BlockIndex::referencing(std::string_view name, int64_t max_files) const {
  const uint64_t hash = name_hash(name);
  std::vector<FileBlocksSnapshot> files;
  {
    const std::shared_lock lock(mutex_);
    const auto row = by_reference_.find(hash);
    if (row == by_reference_.end()) return {};
    if (static_cast<int64_t>(row->second.size()) > max_files) return {};
    for (const Entry* entry : row->second) files.push_back(entry->file);
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a->path < b->path; });
  std::vector<BlockRef> refs;
  for (const FileBlocksSnapshot& file : files) {
    for (size_t i = 0; i < file->blocks.size(); ++i) {
      const std::vector<uint64_t>& references = file->blocks[i].references;
      if (!std::binary_search(references.begin(), references.end(), hash)) continue;
      refs.push_back({.file = file, .index = static_cast<int64_t>(i)});
    }
  }
  return refs;
}

FileBlocksSnapshot BlockIndex::with_text(const Language& language, Hash128 text_hash) const {
  const std::shared_lock lock(mutex_);
  const auto row = by_text_.find(text_hash);
  if (row == by_text_.end()) return nullptr;
  for (const Entry* entry : row->second) {
    if (entry->file->language == &language) return entry->file;
  }
  return nullptr;
}

std::vector<BlockRef> BlockIndex::with_hash(Hash128 hash) const {
  std::vector<BlockRef> refs;
  const std::shared_lock lock(mutex_);
  const auto row = by_hash_.find(hash);
  if (row == by_hash_.end()) return refs;
  for (const Entry* entry : row->second) {
    const std::vector<Block>& blocks = entry->file->blocks;
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (blocks[i].hash == hash)
        refs.push_back({.file = entry->file, .index = static_cast<int64_t>(i)});
    }
  }
  return refs;
}

IndexStats BlockIndex::stats() const {
  const std::shared_lock lock(mutex_);
  IndexStats stats = stats_;
  stats.n_names = static_cast<int64_t>(by_name_.size());
  return stats;
}

}  // namespace rondo::workspace
