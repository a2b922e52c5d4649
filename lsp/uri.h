// File URIs to paths and back (RFC 8089; editors differ in which characters they escape, so URIs
// are compared as the client wrote them and paths after decoding), and paths in a workspace.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::lsp {

// The absolute path of a "file:" URI of this machine, without "." and ".."; nothing for another
// scheme or host, or when it is no path.
std::optional<std::string> path_of_uri(std::string_view uri);

// The absolute path in a URI of any scheme, as "git:/w/a.py?HEAD" has one; nothing when there is
// none.
std::optional<std::string> path_in_uri(std::string_view uri);

// REQUIRES: `path` is absolute.
std::string uri_of_path(std::string_view path);

// Where the absolute `path` lies: in the innermost of `folders` that holds it, or nowhere.
struct PlacedPath {
  std::string_view folder;  // of `folders`
  std::string_view path;    // of `path`: relative to it, with '/'
};
std::optional<PlacedPath> place_path(std::string_view path,
                                     const std::vector<std::string>& folders);

// The last part of a URI's path, decoded: what a document of any scheme is called.
std::string name_of_uri(std::string_view uri);

}  // namespace rondo::lsp
