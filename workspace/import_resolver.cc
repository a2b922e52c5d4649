#include "workspace/import_resolver.h"

#include <algorithm>

#include "workspace/imports.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

using Files = std::vector<FileBlocksSnapshot>;

// Up to so many Blocks that define a name are asked for their files; of a name that more define,
// the files are asked for their Blocks.
constexpr int64_t kFewDefinitions = 64;
// Files of a module that are read for what they pass on; what speaks for a folder is first.
constexpr size_t kMaxPassingFiles = 4;

void add_definitions(const FileBlocksSnapshot& file, std::string_view name,
                     std::vector<BlockRef>& refs) {
  for (size_t i = 0; i < file->blocks.size(); ++i) {
    const Block& block = file->blocks[i];
    const bool defines =
        (block.part == 0 && block.name == name) ||
        std::find(block.defines.begin(), block.defines.end(), name) != block.defines.end();
    if (defines) refs.push_back({.file = file, .index = static_cast<int64_t>(i)});
  }
}

// The Blocks of `files` that define `name`, in the order of the files.
std::vector<BlockRef> definitions_in(const Files& files, std::string_view name,
                                     const BlockIndex& index) {
  const int64_t n_definitions = index.count_defining(name);
  if (n_definitions == 0 || files.empty()) return {};
  std::vector<BlockRef> refs;
  if (n_definitions > kFewDefinitions) {
    for (const FileBlocksSnapshot& file : files) add_definitions(file, name, refs);
    return refs;
  }
  const auto place = [&](const BlockRef& ref) {
    return std::find(files.begin(), files.end(), ref.file) - files.begin();
  };
  refs = index.defining(name);
  std::erase_if(
      refs, [&](const BlockRef& ref) { return place(ref) == static_cast<int64_t>(files.size()); });
  std::sort(refs.begin(), refs.end(), [&](const BlockRef& a, const BlockRef& b) {
    return std::pair(place(a), a.index) < std::pair(place(b), b.index);
  });
  return refs;
}

// What `file` calls `name` elsewhere; empty when `import` does not bring it.
std::string_view name_in(const Import& import, std::string_view name) {
  for (const ImportedName& imported : import.names) {
    if (imported.local == name) return imported.name;
  }
  return import.all ? name : std::string_view();
}

// Definitions of a name that files import and pass on.
std::vector<BlockRef> passed_on(const Files& files, std::string_view name,
                                const BlockIndex& index) {
  for (size_t i = 0; i < files.size() && i < kMaxPassingFiles; ++i) {
    const FileBlocksSnapshot& file = files[i];
    if (file->text == nullptr) continue;
    for (const Import& import :
         import_statements(file->path, *file->language, file->text->bytes())) {
      const std::string_view there = name_in(import, name);
      if (there.empty()) continue;
      std::vector<BlockRef> refs = definitions_in(
          files_of_module({file->path, *file->language}, import.module, index), there, index);
      if (!refs.empty()) return refs;
    }
  }
  return {};
}

// JavaScript's default export goes by any name here; in its file it has one of its own, or none.
std::string_view name_there(std::string_view name, std::string_view local) {
  return name == "default" ? local : name;
}

}  // namespace

ImportResolver::ImportResolver(std::string_view path, const Language& language,
                               std::string_view text, const BlockIndex& index)
    : importer_{path, language}, index_(index), imports_(import_statements(path, language, text)) {
  for (size_t i = 0; i < imports_.size(); ++i) {
    const Import& import = imports_[i];
    const Files& files = modules_.emplace_back(files_of_module(importer_, import.module, index));
    for (const FileBlocksSnapshot& file : files) paths_.insert(file->path);
    if (import.all) whole_.insert(whole_.end(), files.begin(), files.end());
    if (!import.bound.empty()) bound_.emplace(import.bound, i);
    for (const ImportedName& name : import.names) {
      named_.emplace(name.local, std::pair(i, name_there(name.name, name.local)));
    }
  }
  // Python's  from shop import cart  and Rust's  use shop::cart  may bring a module.
  if (language.id != "python" && language.id != "rust") return;
  for (const auto& [local, named] : named_) {
    const std::string& module = imports_[named.first].module;
    const std::string inner =
        module.empty() ? std::string(named.second) : module + '/' + std::string(named.second);
    for (const FileBlocksSnapshot& file : files_of_module(importer_, inner, index))
      paths_.insert(file->path);
  }
}

std::vector<BlockRef> ImportResolver::definitions(std::string_view qualifier,
                                                  std::string_view name) const {
  if (!qualifier.empty()) {
    if (const auto it = bound_.find(qualifier); it != bound_.end()) {
      const Files& files = modules_[it->second];
      std::vector<BlockRef> refs = definitions_in(files, name, index_);
      return refs.empty() ? passed_on(files, name, index_) : refs;
    }
    if (const auto it = named_.find(qualifier); it != named_.end()) {
      const auto& [i, there] = it->second;
      const std::string& module = imports_[i].module;
      const std::string inner =
          module.empty() ? std::string(there) : module + '/' + std::string(there);
      return definitions_in(files_of_module(importer_, inner, index_), name, index_);
    }
    return {};
  }
  if (const auto it = named_.find(name); it != named_.end()) {
    const auto& [i, there] = it->second;
    std::vector<BlockRef> refs = definitions_in(modules_[i], there, index_);
    return refs.empty() ? passed_on(modules_[i], there, index_) : refs;
  }
  return definitions_in(whole_, name, index_);
}

}  // namespace rondo::workspace
