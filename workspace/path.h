// Parts of workspace paths, which are relative and use '/'.
//
// Thread: pure functions on views of their argument.
#pragma once

#include <string_view>

namespace rondo::workspace {

// "a/b" of "a/b/c.py"; "" of "c.py".
inline std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

// "c.py" of "a/b/c.py".
inline std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "c" of "a/b/c.test.py": the name up to its first dot that does not begin it.
inline std::string_view stem_of(std::string_view path) {
  const std::string_view name = name_of(path);
  return name.substr(0, name.find('.', 1));
}

}  // namespace rondo::workspace
