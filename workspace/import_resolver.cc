#include "workspace/import_resolver.h"

#include <algorithm>

#include "workspace/imports.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

using Files = std::vector<FileBlocksSnapshot>;

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

std::vector<BlockRef> definitions_in(const Files& files, std::string_view name) {
  std::vector<BlockRef> refs;
  for (const FileBlocksSnapshot& file : files) add_definitions(file, name, refs);
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
  for (const FileBlocksSnapshot& file : files) {
    if (file->text == nullptr) continue;
    for (const Import& import :
         import_statements(file->path, *file->language, file->text->bytes())) {
      const std::string_view there = name_in(import, name);
      if (there.empty()) continue;
      std::vector<BlockRef> refs = definitions_in(
          files_of_module({file->path, *file->language}, import.module, index), there);
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
    modules_.push_back(
        {.import = &import, .files = files_of_module(importer_, import.module, index)});
    for (const FileBlocksSnapshot& file : modules_.back().files) paths_.insert(file->path);
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
      const Files& files = modules_[it->second].files;
      std::vector<BlockRef> refs = definitions_in(files, name);
      return refs.empty() ? passed_on(files, name, index_) : refs;
    }
    if (const auto it = named_.find(qualifier); it != named_.end()) {
      const auto& [i, there] = it->second;
      const std::string& module = imports_[i].module;
      const std::string inner =
          module.empty() ? std::string(there) : module + '/' + std::string(there);
      return definitions_in(files_of_module(importer_, inner, index_), name);
    }
    return {};
  }
  if (const auto it = named_.find(name); it != named_.end()) {
    const auto& [i, there] = it->second;
    std::vector<BlockRef> refs = definitions_in(modules_[i].files, there);
    return refs.empty() ? passed_on(modules_[i].files, there, index_) : refs;
  }
  for (const Module& module : modules_) {
    if (!module.import->all) continue;
    std::vector<BlockRef> refs = definitions_in(module.files, name);
    if (!refs.empty()) return refs;
  }
  return {};
}

}  // namespace rondo::workspace
