#include "lsp/uri.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace rondo::lsp {
namespace {

std::string decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* const digits = text.data() + i + 1;
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
    decoded += escape ? static_cast<char>(value) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

// One name for one place: rules are matched against it. Nothing when it is no absolute path.
std::optional<std::string> normal_path(std::string path) {
  if (!path.starts_with('/') || path.find('\0') != std::string::npos) return std::nullopt;
  return std::filesystem::path(path).lexically_normal().string();
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::string> path_of_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "file:";
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  if (uri.starts_with("//")) {
    uri.remove_prefix(2);
    if (uri.starts_with("localhost/")) uri.remove_prefix(uri.find('/'));
  }
  return normal_path(decode(uri));
}

std::optional<std::string> path_in_uri(std::string_view uri) {
  uri = uri.substr(0, uri.find_first_of("?#"));
  uri.remove_prefix(std::min(uri.find(':') + 1, uri.size()));
  if (uri.starts_with("//")) uri.remove_prefix(std::min(uri.find('/', 2), uri.size()));
  return normal_path(decode(uri));
}

std::string uri_of_path(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri = "file://";
  for (const char c : path) {
    if (is_unreserved(c)) {
      uri += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return uri;
}

std::optional<PlacedPath> place_path(std::string_view path,
                                     const std::vector<std::string>& folders) {
  std::optional<PlacedPath> innermost;
  for (const std::string_view folder : folders) {
    const size_t length = folder.ends_with('/') ? folder.size() - 1 : folder.size();
    const bool inside = path.size() > length + 1 && path[length] == '/' &&
                        path.starts_with(folder.substr(0, length));
    if (inside && (!innermost || folder.size() > innermost->folder.size())) {
      innermost = {.folder = folder, .path = path.substr(length + 1)};
    }
  }
  return innermost;
}

std::string name_of_uri(std::string_view uri) {
  return decode(uri.substr(uri.find_last_of("/:") + 1));
}

}  // namespace rondo::lsp
