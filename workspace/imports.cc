#include "workspace/imports.h"

#include <algorithm>
#include <optional>

#include "base/characters.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

std::string_view trim(std::string_view text) { return trimmed(text, " \t\r;"); }

constexpr int kMaxLines = 400;
constexpr size_t kMaxModules = 64;
constexpr size_t kMaxFiles = 32;

// What follows the word that makes `line` an import; nothing for other lines.
std::optional<std::string_view> after_keyword(std::string_view line) {
  for (const std::string_view keyword :
       {"import static ", "import ", "from ", "#include ", "#include", "# include ", "pub use ",
        "use ", "pub mod ", "mod ", "} from ", "source ", ". "}) {
    if (line.starts_with(keyword)) return line.substr(keyword.size());
  }
  for (const std::string_view keyword : {" from ", "require"}) {
    const size_t at = line.find(keyword);
    if (at != line.npos && line.find_first_of("\"'`", at) != line.npos) return line.substr(at);
  }
  return std::nullopt;
}

// The last quoted or bracketed part of an import.
std::optional<std::string_view> quoted(std::string_view words) {
  const size_t end = words.find_last_of("\"'`>");
  if (end == words.npos || end == 0) return std::nullopt;
  const size_t begin = words.find_last_of(words[end] == '>' ? '<' : words[end], end - 1);
  if (begin == words.npos) return std::nullopt;
  return words.substr(begin + 1, end - begin - 1);
}

// "a/b" of "a.b" or "a::b"; leading dots and Rust's crate, self, super stay behind as "./" and
// "../".
std::string path_of_dotted(std::string_view words) {
  words = words.substr(0, words.find_first_of(" \t{(,;*"));
  std::string path;
  size_t n_dots = words.find_first_not_of('.');
  n_dots = n_dots == words.npos ? words.size() : n_dots;
  if (n_dots > 0) path = "./";
  for (size_t i = 1; i < n_dots; ++i) path += "../";
  for (const char c : words.substr(n_dots)) {
    const bool separates = c == '.' || c == ':';
    if (!separates) path += c;
    if (separates && !path.empty() && path.back() != '/') path += '/';
  }
  for (const std::string_view prefix : {"crate/", "self/", "super/"}) {
    if (path.starts_with(prefix)) path.erase(0, prefix.size());
  }
  while (path.ends_with('/')) path.pop_back();
  return path;
}

// `module` from the root, when it begins with "./" or "../" from `folder`.
std::string resolve(std::string_view folder, std::string_view module) {
  if (!module.starts_with("./") && !module.starts_with("../")) return std::string(module);
  while (true) {
    if (module.starts_with("./")) {
      module.remove_prefix(2);
    } else if (module.starts_with("../")) {
      module.remove_prefix(3);
      folder = folder_of(folder);
    } else {
      return folder.empty() ? std::string(module) : std::string(folder) + '/' + std::string(module);
    }
  }
}

std::string_view without_extension(std::string_view path) {
  const std::string_view stem = stem_of(path);
  return path.substr(0, static_cast<size_t>(stem.data() - path.data()) + stem.size());
}

// Whether a file with such a name is what a module means that names the folder.
bool speaks_for_folder(std::string_view stem) {
  return stem == "__init__" || stem == "index" || stem == "mod" || stem == "lib";
}

// How many folders and names at their ends are the same.
int common_tail(std::string_view a, std::string_view b) {
  int n = 0;
  while (!a.empty() && !b.empty() && name_of(a) == name_of(b)) {
    ++n;
    a = folder_of(a);
    b = folder_of(b);
  }
  return n;
}

std::string join_path(std::string_view folder, std::string_view rest) {
  return folder.empty() ? std::string(rest) : std::string(folder) + '/' + std::string(rest);
}

// The files that a path without extension may mean.
class Lookup {
 public:
  Lookup(const Importer& importer, const BlockIndex& index) : importer_(importer), index_(index) {}

  // The files of exactly this path or, when there are none, of this folder.
  std::vector<FileBlocksSnapshot> at(const std::string& path) const {
    std::vector<FileBlocksSnapshot> files = index_.files_at(path);
    std::erase_if(files, [&](const FileBlocksSnapshot& file) {
      const std::string_view extension = std::string_view(file->path).substr(path.size() + 1);
      return extension.find('.') != extension.npos && extension != "d.ts";  // cart.test.ts
    });
    if (files.empty()) files = index_.files_in(path, kMaxFiles);
    return sorted(std::move(files));
  }

  // The files whose path ends like `module`, in two names at least where it has so many.
  std::vector<FileBlocksSnapshot> ending_with(std::string_view module) const {
    const int n_parts = static_cast<int>(std::count(module.begin(), module.end(), '/')) + 1;
    std::vector<FileBlocksSnapshot> files = index_.files_named(name_of(module));
    std::erase_if(files, [&](const FileBlocksSnapshot& file) {
      return common_tail(without_extension(file->path), module) < std::min(n_parts, 2);
    });
    return sorted(std::move(files));
  }

 private:
  std::vector<FileBlocksSnapshot> sorted(std::vector<FileBlocksSnapshot> files) const {
    std::erase_if(files, [&](const FileBlocksSnapshot& file) {
      return family(*file->language) != family(importer_.language);
    });
    std::stable_partition(files.begin(), files.end(), [](const FileBlocksSnapshot& file) {
      return speaks_for_folder(stem_of(file->path));
    });
    if (files.size() > kMaxFiles) files.resize(kMaxFiles);
    return files;
  }

  const Importer& importer_;
  const BlockIndex& index_;
};

}  // namespace

std::vector<std::string> imported_modules(std::string_view path, std::string_view text) {
  std::vector<std::string> modules;
  const auto add = [&](std::string module) {
    if (module.empty() || modules.size() == kMaxModules) return;
    if (std::find(modules.begin(), modules.end(), module) == modules.end()) {
      modules.push_back(std::move(module));
    }
  };
  bool in_group = false;  // Go's import ( ... )
  for (int n = 0; n < kMaxLines && !text.empty(); ++n) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line == "import (" || line == ")") {
      in_group = line != ")";
      continue;
    }
    const std::optional<std::string_view> words = in_group ? line : after_keyword(line);
    if (!words) continue;
    if (const auto literal = quoted(*words)) {
      add(resolve(folder_of(path), without_extension(*literal)));
      continue;
    }
    const std::string module = resolve(folder_of(path), path_of_dotted(trim(*words)));
    if (const size_t import = words->find(" import "); import != words->npos) {
      add(module + '/' + path_of_dotted(trim(words->substr(import + 8))));
      add(module);
    } else {
      add(module);
      if (line.find('{') == line.npos) add(std::string(folder_of(module)));
    }
  }
  return modules;
}

std::vector<FileBlocksSnapshot> files_of_module(const Importer& importer, std::string_view module,
                                                const BlockIndex& index) {
  const Lookup lookup(importer, index);
  // What the module's path begins with may be a host or a crate.
  for (std::string_view rest = module; !rest.empty();) {
    for (std::string_view folder = folder_of(importer.path);; folder = folder_of(folder)) {
      std::vector<FileBlocksSnapshot> files = lookup.at(join_path(folder, rest));
      if (!files.empty()) return files;
      if (folder.empty()) break;
    }
    const size_t slash = rest.find('/');
    rest = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  }
  return lookup.ending_with(module);
}

}  // namespace rondo::workspace
