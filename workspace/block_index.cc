#include "workspace/block_index.h"

#include <algorithm>
#include <mutex>
#include <set>

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

// The references of all Blocks of a file, ascending, each once.
std::vector<uint64_t> references_of(const FileBlocks& file) {
  std::vector<uint64_t> all;
  for (const Block& block : file.blocks) {
    all.insert(all.end(), block.references.begin(), block.references.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  all.shrink_to_fit();
  return all;
}

// Takes `entry` out of a table's row, where it is once; the order of rows does not matter.
template <typename Table, typename Key, typename Entry>
void erase_entry(Table& table, const Key& key, const Entry* entry) {
  const auto row = table.find(key);
  auto& entries = row->second;
  *std::find(entries.begin(), entries.end(), entry) = entries.back();
  entries.pop_back();
  if (entries.empty()) table.erase(row);
}

// Takes the places in `file` out of a table's row, and an empty row out of the table.
template <typename Table, typename Key>
void erase_file(Table& table, const Key& key, const FileBlocks* file) {
  const auto row = table.find(key);
  if (row == table.end()) return;
  std::erase_if(row->second, [file](const auto& place) { return place.file == file; });
  if (row->second.empty()) table.erase(row);
}

}  // namespace

void BlockIndex::replace(FileBlocks file) {
  auto snapshot = std::make_shared<FileBlocks>(std::move(file));
  References references = references_of(*snapshot);
  const Hash128 text_hash =
      snapshot->text != nullptr ? hash_text(snapshot->text->bytes()) : Hash128();
  const std::unique_lock lock(mutex_);
  remove_locked(snapshot->path);
  if (snapshot->text != nullptr && stats_.text_bytes + snapshot->text->size() > max_text_bytes_) {
    snapshot->text = nullptr;
  }
  add_locked(*snapshot);
  Entry& entry = files_[snapshot->path];
  if (entry.file != nullptr) erase_entry(by_text_, entry.text_hash, &entry);
  entry.text_hash = text_hash;
  by_text_[text_hash].push_back(&entry);
  set_references_locked(entry, std::move(references));
  entry.file = std::move(snapshot);
}

void BlockIndex::remove(std::string_view path) {
  const std::unique_lock lock(mutex_);
  const auto it = files_.find(path);
  if (it == files_.end()) return;
  remove_locked(path);
  set_references_locked(it->second, {});
  erase_entry(by_text_, it->second.text_hash, &it->second);
  files_.erase(it);
  ++n_forgotten_;  // last: who has read the number and then finds the file learns of it later
}

void BlockIndex::add_locked(const FileBlocks& file) {
  by_stem_[std::string(stem_of(file.path))].push_back(&file);
  for_each_name(file, [&](const std::string& name, int32_t index) {
    by_name_[name].push_back({.file = &file, .index = index});
  });
  for (size_t i = 0; i < file.blocks.size(); ++i) {
    by_hash_[file.blocks[i].hash].push_back({.file = &file, .index = static_cast<int32_t>(i)});
  }
  ++stats_.n_files;
  stats_.n_blocks += static_cast<int64_t>(file.blocks.size());
  stats_.text_bytes += file.text != nullptr ? file.text->size() : 0;
  stats_.n_without_text += file.text == nullptr ? 1 : 0;
}

void BlockIndex::remove_locked(std::string_view path) {
  const auto it = files_.find(path);
  if (it == files_.end()) return;
  const FileBlocks& file = *it->second.file;
  const auto stem = by_stem_.find(stem_of(path));
  std::erase(stem->second, &file);
  if (stem->second.empty()) by_stem_.erase(stem);
  std::set<std::string_view> names;
  for_each_name(file, [&](const std::string& name, int32_t) { names.insert(name); });
  for (const std::string_view name : names) erase_file(by_name_, name, &file);
  for (const Block& block : file.blocks) erase_file(by_hash_, block.hash, &file);
  --stats_.n_files;
  stats_.n_blocks -= static_cast<int64_t>(file.blocks.size());
  stats_.text_bytes -= file.text != nullptr ? file.text->size() : 0;
  stats_.n_without_text -= file.text == nullptr ? 1 : 0;
}

// Both lists are ascending: one walk finds what came and what went.
void BlockIndex::set_references_locked(Entry& entry, References references) {
  auto before = entry.references.begin();
  auto after = references.begin();
  while (before != entry.references.end() || after != references.end()) {
    if (after == references.end() || (before != entry.references.end() && *before < *after)) {
      erase_entry(by_reference_, *before++, &entry);
    } else if (before == entry.references.end() || *after < *before) {
      by_reference_[*after++].push_back(&entry);
    } else {
      ++before;
      ++after;
    }
  }
  entry.references = std::move(references);
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
    for (const FileBlocks* file : row->second)
      files.push_back(files_.find(file->path)->second.file);
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a->path < b->path; });
  return files;
}

int64_t BlockIndex::count_defining(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto row = by_name_.find(name);
  return row == by_name_.end() ? 0 : static_cast<int64_t>(row->second.size());
}

std::vector<BlockRef> BlockIndex::defining(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto row = by_name_.find(name);
  return row == by_name_.end() ? std::vector<BlockRef>() : refs_locked(row->second);
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
  const std::shared_lock lock(mutex_);
  const auto row = by_hash_.find(hash);
  return row == by_hash_.end() ? std::vector<BlockRef>() : refs_locked(row->second);
}

std::vector<BlockRef> BlockIndex::refs_locked(const std::vector<Place>& places) const {
  std::vector<BlockRef> refs;
  refs.reserve(places.size());
  for (const Place& place : places) {
    refs.push_back({.file = files_.find(place.file->path)->second.file, .index = place.index});
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
