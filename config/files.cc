#include "config/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file_descriptor.h"
#include "base/json.h"
#include "config/trust.h"

namespace rondo::config {
namespace {

constexpr int64_t kMaxBytes = 64 << 10;

// The layer of a file whose text is `text`.
Layer layer_of(const Result<std::string>& text, const Source& source) {
  if (text.status().code() == Code::kNotFound) return {.source = source.name};
  if (!text.ok()) return {.source = source.name, .problems = {text.status().message()}};
  const Result<Json> json = parse_json_unique(*text, source.name);
  if (json.ok()) return read_layer(*json, source);
  return {.source = source.name, .problems = {json.status().message() + "; nothing of it counts"}};
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, Links links) {
  const int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (links == Links::kRefused ? O_NOFOLLOW : 0);
  const FileDescriptor file(::open(path.c_str(), flags));
  if (!file) {
    const std::string sentence = path + " cannot be read: " + std::strerror(errno);
    return errno == ENOENT || errno == ENOTDIR ? not_found_error(sentence)
                                               : invalid_argument_error(sentence);
  }
  struct stat info;
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return invalid_argument_error(path + " is no regular file");
  }
  std::string text(kMaxBytes + 1, '\0');
  const ssize_t n = ::pread(file.get(), text.data(), text.size(), 0);
  if (n < 0) return invalid_argument_error(path + " cannot be read: " + std::strerror(errno));
  if (n > kMaxBytes) return invalid_argument_error(path + " is larger than 64 KiB");
  text.resize(static_cast<size_t>(n));
  return text;
}

Layer user_layer(const Places& places) {
  const std::filesystem::path path = places.user_file;
  return layer_of(read_small_file(path, Links::kFollowed),
                  {.name = path, .may_set = SetBy::kUser, .folder = path.parent_path()});
}

Layer workspace_layer(const Places& places, const std::string& folder) {
  const Result<std::string> real = canonical_folder(folder);
  if (!real.ok()) return {.source = folder};  // who needs the folder says so
  const Result<std::string> text = workspace_text(*real);
  const Result<Trust> trust = Trust::read(places.trust_file);
  const bool approved = text.ok() && trust.ok() && trust->approves(*real, *text);
  const Source source = {.name = *real + "/" + kWorkspaceFile,
                         .may_set = approved ? SetBy::kTrusted : SetBy::kAnybody,
                         .user_file = places.user_file,
                         .approval = "rondo trust " + *real,
                         .folder = *real};
  if (text.ok() && text->empty()) return {.source = source.name};
  Layer layer = layer_of(text, source);
  if (!trust.ok()) layer.problems.push_back(trust.status().message());
  return layer;
}

FileLayers read_layers(const Places& places, const std::vector<std::string>& folders) {
  FileLayers layers = {.user = user_layer(places)};
  for (const std::string& folder : folders) {
    layers.workspaces[folder] = workspace_layer(places, folder);
  }
  return layers;
}

Result<std::string> workspace_text(const std::string& folder) {
  Result<std::string> text = read_small_file(folder + "/" + kWorkspaceFile, Links::kRefused);
  if (text.status().code() == Code::kNotFound) return std::string();
  return text;
}

bool is_trusted(const Places& places, const std::string& folder) {
  const Result<std::string> real = canonical_folder(folder);
  if (!real.ok()) return false;
  const Result<std::string> text = workspace_text(*real);
  const Result<Trust> trust = Trust::read(places.trust_file);
  return text.ok() && trust.ok() && trust->approves(*real, *text);
}

Result<std::string> canonical_folder(const std::string& folder) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(folder, error);
  if (error || !std::filesystem::is_directory(real, error)) {
    return not_found_error(folder + " is no folder");
  }
  return real.string();
}

}  // namespace rondo::config
