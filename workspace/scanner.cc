#include "workspace/scanner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

#include "workspace/path.h"
#include "workspace/secrets.h"

namespace rondo::workspace {
namespace {

namespace fs = std::filesystem;

// Folders that tools fill, and text that no one writes. Ignore files may take back any of these.
constexpr std::string_view kDefaultRules =
    ".git\n.hg/\n.svn/\n.bzr/\nCVS/\n"
    "node_modules/\nbower_components/\n.venv/\nvenv/\nsite-packages/\n__pycache__/\n.tox/\n.eggs/\n"
    ".mypy_cache/\n.pytest_cache/\n.ruff_cache/\n.gradle/\n.idea/\n.cache/\n.next/\n.nuxt/\n"
    ".terraform/\n.direnv/\n"
    "*.min.js\n*.min.css\n*.map\n*.lock\n*-lock.json\n*.svg\n*.csv\n*.tsv\n*.jsonl\n*.ipynb\n";

// Extensions of files that hold no text: they need not be opened to know.
constexpr std::string_view kBinaryExtensions =
    " 7z a avi bin bmp bz2 class db dll dylib eot exe flac gguf gif gz ico jar jpeg jpg lib mo mov "
    "mp3 mp4 npy npz o obj ogg onnx otf parquet pdf png pt pth pyc pyd pyo rar rlib safetensors so "
    "sqlite tar tgz tif tiff ttf wasm wav webm webp whl woff woff2 xz zip zst ";

constexpr int kMaxDepth = 100;

bool is_binary_name(std::string_view path) {
  const std::string_view name = name_of(path);
  const size_t dot = name.rfind('.');
  if (dot == name.npos || dot + 1 == name.size()) return false;
  std::string word = " ";
  for (const char c : name.substr(dot + 1)) word += static_cast<char>(c | 0x20);
  return kBinaryExtensions.find(word + ' ') != std::string_view::npos;
}

// The files (false) and folders (true) in a folder by name; without links and whatever else.
std::map<std::string, bool> entries_of(const fs::path& folder) {
  std::map<std::string, bool> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_symlink(error)) continue;  // first: the other questions follow links
    const bool is_folder = it->is_directory(error);
    if (is_folder || it->is_regular_file(error)) {
      entries.emplace(it->path().filename().string(), is_folder);
    }
  }
  return entries;
}

int depth_of(std::string_view path) {
  return static_cast<int>(std::count(path.begin(), path.end(), '/'));
}

struct Descriptor {
  int fd = -1;

  explicit Descriptor(int fd) : fd(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd(std::exchange(other.fd, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// Opens part by part, so that no link on the way is followed.
Descriptor open_beneath(const std::string& root, std::string_view path) {
  Descriptor folder(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (folder.fd >= 0) {
    const size_t slash = path.find('/');
    const std::string part(path.substr(0, slash));
    if (part.empty() || part == "..") {
      errno = ENOENT;
      return Descriptor(-1);
    }
    // Without O_NONBLOCK a pipe would wait for its writer.
    const int kind = slash == path.npos ? O_NONBLOCK : O_DIRECTORY;
    Descriptor next(::openat(folder.fd, part.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | kind));
    if (slash == path.npos) return next;
    folder = std::move(next);
    path.remove_prefix(slash + 1);
  }
  return folder;
}

// Whether the model must not see at all what lies at an absolute path; `text` may be null. Reads
// the ignore files on the way anew: nobody tells of changes outside of the workspace.
std::optional<Exclusion> exclusion_anywhere(const std::string& path, const Text* text) {
  Result<Scanner> everything = Scanner::open("/");
  if (!everything.ok()) return Exclusion{everything.status().message(), /*at_all=*/true};
  const std::string_view relative = std::string_view(path).substr(1);
  std::optional<Exclusion> found =
      text == nullptr ? everything->exclusion(relative) : everything->exclusion(relative, *text);
  return found && found->at_all ? found : std::nullopt;
}

}  // namespace

Result<Scanner> Scanner::open(const std::string& root, ScanOptions options) {
  std::error_code error;
  const fs::path path = fs::canonical(root, error);
  if (error || !fs::is_directory(path, error)) {
    return not_found_error("the workspace folder " + root + " cannot be read");
  }
  return Scanner(path.string(), options);
}

Scanner::Scanner(std::string root, ScanOptions options)
    : root_(std::move(root)), options_(options), rules_(root_, kDefaultRules) {
  entered_.emplace("", IgnoredBy::kNothing);
}

Result<ScanSummary> Scanner::scan(const std::function<void(std::string)>& found,
                                  std::stop_token stop) {
  ScanSummary summary;
  RETURN_IF_ERROR(scan_folder("", found, stop, summary));
  return summary;
}

Status Scanner::scan_folder(const std::string& folder,
                            const std::function<void(std::string)>& found, std::stop_token stop,
                            ScanSummary& summary) {
  if (stop.stop_requested()) return cancelled_error("the scan of " + root_ + " was cancelled");
  if (entered_.emplace(folder, IgnoredBy::kNothing).second) rules_.read_folder(folder);
  for (const auto& [name, is_folder] : entries_of(fs::path(root_) / folder)) {
    std::string path = folder.empty() ? name : folder + '/' + name;
    if (!is_folder && is_binary_name(name)) continue;
    if (!is_folder && is_secret_file(name)) {
      ++summary.n_secret;
    } else if (rules_.ignored_by(path, is_folder) != IgnoredBy::kNothing) {
      ++summary.n_ignored;
    } else if (is_folder) {
      if (depth_of(path) < kMaxDepth) RETURN_IF_ERROR(scan_folder(path, found, stop, summary));
    } else if (summary.n_files == options_.max_files) {
      summary.note = root_ + " has more than " + std::to_string(options_.max_files) +
                     " files; the rest is not indexed. A .rondoignore file can leave folders out.";
      return {};
    } else {
      ++summary.n_files;
      found(std::move(path));
    }
  }
  return {};
}

// What ignores a folder; its ignore files are read.
IgnoredBy Scanner::enter(std::string_view folder) {
  if (const auto known = entered_.find(folder); known != entered_.end()) return known->second;
  const IgnoredBy by = rules_.ignored_by(folder, true);
  rules_.read_folder(folder);
  entered_.emplace(folder, by);
  return by;
}

std::optional<Exclusion> Scanner::exclusion(std::string_view path) {
  if (is_secret_file(path)) return Exclusion{"may hold secrets, by its name", /*at_all=*/true};
  std::optional<Exclusion> found;
  if (is_binary_name(path)) found = {"is binary, by its name"};
  // On behind what git ignores: .rondoignore may say more.
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    const std::string_view folder = path.substr(0, slash);
    const IgnoredBy by = enter(folder);
    if (by == IgnoredBy::kRondoignore) {
      return Exclusion{"is in " + std::string(folder) + ", which .rondoignore names", true};
    }
    if (by == IgnoredBy::kGitRules && !found) {
      found = {"is in the ignored folder " + std::string(folder)};
    }
  }
  const IgnoredBy by = rules_.ignored_by(path, false);
  if (by == IgnoredBy::kRondoignore) return Exclusion{"is named by .rondoignore", true};
  if (by == IgnoredBy::kGitRules && !found) found = {"is ignored"};
  return found;
}

std::optional<Exclusion> Scanner::exclusion(std::string_view path, const Text& text) {
  std::optional<Exclusion> found = exclusion(path);
  if (found && found->at_all) return found;
  const fs::path named = fs::path(root_) / path;
  std::error_code error;
  const fs::path real = fs::weakly_canonical(named, error);
  if (error || real != named) {
    const auto of_real = error ? std::nullopt : exclusion_anywhere(real.string(), nullptr);
    if (of_real) return of_real;
    found = {"is behind a link"};
  }
  if (const std::optional<Secret> secret = find_secret(text.bytes())) {
    return Exclusion{"holds " + secret->what, /*at_all=*/true};
  }
  return found;
}

std::optional<Exclusion> exclusion_outside(const std::string& path, const Text& text) {
  return exclusion_anywhere(path, &text);
}

Result<std::string> read_source(const std::string& root, std::string_view path, int64_t max_bytes) {
  const std::string name(path);
  const Descriptor file = open_beneath(root, path);
  if (file.fd < 0) {
    const bool is_link = errno == ELOOP || errno == ENOTDIR;
    return not_found_error(name + (is_link
                                       ? " is behind a link, which is not followed"
                                       : std::string(" cannot be read: ") + std::strerror(errno)));
  }
  struct stat info;
  if (::fstat(file.fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    return invalid_argument_error(name + " is not a regular file");
  }
  if (info.st_size > max_bytes) {
    return resource_exhausted_error(name + " has " + std::to_string(info.st_size) +
                                    " bytes, more than " + std::to_string(max_bytes));
  }
  // One byte more than it had: it may grow meanwhile, but not without end.
  std::string bytes(static_cast<size_t>(info.st_size) + 1, '\0');
  size_t n = 0;
  while (n < bytes.size()) {
    const ssize_t got = ::read(file.fd, bytes.data() + n, bytes.size() - n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return not_found_error(name + " cannot be read: " + std::strerror(errno));
    if (got == 0) break;
    n += static_cast<size_t>(got);
  }
  bytes.resize(std::min(n, bytes.size() - 1));
  if (bytes.find('\0') != bytes.npos) return invalid_argument_error(name + " is binary");
  if (const std::optional<Secret> secret = find_secret(bytes)) {
    return invalid_argument_error(name + " holds " + secret->what + " and is left out");
  }
  return bytes;
}

}  // namespace rondo::workspace
