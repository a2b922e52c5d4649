#include "engine/segment_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

namespace rondo::engine {
namespace {

constexpr std::string_view kExtension = ".kv";
// A file takes at most one part in so many of the limit: what goes when it is exceeded.
constexpr int64_t kLeastFiles = 8;

// The number in a file's name; nothing when it is none of ours.
std::optional<int64_t> number_of(const std::string& name) {
  if (name.size() != 8 + kExtension.size() || !name.ends_with(kExtension)) return std::nullopt;
  int64_t number = 0;
  for (const char c : name.substr(0, 8)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = 10 * number + (c - '0');
  }
  return number;
}

std::string name_of(int64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%08lld.kv", static_cast<long long>(number));
  return name;
}

// In order of their numbers.
std::map<int64_t, std::string> files_in(const std::string& folder) {
  std::map<int64_t, std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (const auto number = number_of(name)) files[*number] = name;
  }
  return files;
}

// A folder of this user's alone; what stands at the end of its path is no link.
Status make_folder(const std::string& folder) {
  const auto failed = [&](const std::string& why) {
    return unavailable_error("no Segments are kept on disk: " + folder + ": " + why);
  };
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(std::strerror(errno));
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0) return failed(std::strerror(errno));
  if (info.st_uid != ::geteuid()) return failed("it belongs to another user");
  return ::fchmod(fd.get(), 0700) == 0 ? Status() : failed(std::strerror(errno));
}

FileDescriptor take_lock(const std::string& folder) {
  const std::string path = folder + "/lock";
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

// The bytes go even where another process has the file open.
bool remove_file(const std::string& path) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  const bool is_cut = fd && ::ftruncate(fd.get(), 0) == 0;
  return ::unlink(path.c_str()) == 0 && is_cut;
}

}  // namespace

Result<std::unique_ptr<SegmentLog>> SegmentLog::open(SegmentLogOptions options) {
  RETURN_IF_ERROR(make_folder(options.folder));
  std::unique_ptr<SegmentLog> log(new SegmentLog(std::move(options)));
  const SegmentLogOptions& o = log->options_;
  log->lock_ = take_lock(o.folder);
  if (!log->writes()) log->note("another process writes " + o.folder + ": it is only read here");
  log->open_all();
  if (log->writes()) log->keep_to_limit();
  return log;
}

void SegmentLog::note(const std::string& line) const {
  if (options_.note) options_.note(line);
}

void SegmentLog::open_all() {
  for (const auto& [number, name] : files_in(options_.folder)) open_shard(name, number);
}

void SegmentLog::open_shard(const std::string& name, int64_t number) {
  const std::string path = options_.folder + "/" + name;
  auto opened = SegmentShard::open(path);
  if (!opened.ok()) {
    if (writes()) remove_file(path);
    return note(opened.status().message() + (writes() ? ": it is discarded" : ""));
  }
  const std::shared_ptr<SegmentShard> shard = std::move(*opened);
  bool is_torn = false;
  std::vector<SegmentShard::Record> records = shard->find_records(&is_torn);
  if (is_torn && writes()) {
    note(path + " ends in a torn record: it is cut there");
    (void)shard->cut();
  }
  const bool ours = shard->kind() == options_.kind;
  const std::lock_guard lock(mutex_);
  shards_[number] = shard;
  if (ours) current_ = shard;
  for (SegmentShard::Record& record : records) {
    const Hash128 key = record.key;
    Place place = {.shard = shard, .record = std::move(record)};
    if (!ours) {
      others_.push_back(std::move(place));
    } else if (const auto [older, is_new] = places_.try_emplace(key, place); !is_new) {
      others_.push_back(std::exchange(older->second, std::move(place)));
    }
  }
}

bool SegmentLog::has(Hash128 key) const {
  const std::lock_guard lock(mutex_);
  return places_.contains(key);
}

Status SegmentLog::read(Hash128 key, SegmentCopy& copy) {
  Place place;
  {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end()) return not_found_error("it is not on disk");
    place = found->second;
  }
  Status status = place.shard->read(place.record, copy);
  if (status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(key);
    if (found == places_.end() || found->second.shard != place.shard)
      return not_found_error("it was removed meanwhile");
    others_.push_back(std::move(found->second));
    places_.erase(found);
  }
  note(status.message() + ": it is not used");
  return status;
}

Status SegmentLog::append(const SegmentCopy& segment) {
  if (has(segment.key)) return {};
  const int64_t n_bytes = SegmentShard::record_bytes(segment, options_.kind.page_bytes);
  ASSIGN_OR_RETURN(const std::shared_ptr<SegmentShard> shard, shard_to_append(n_bytes));
  Result<SegmentShard::Record> record = shard->append(segment);
  RETURN_IF_ERROR(record.status());
  {
    const std::lock_guard lock(mutex_);
    places_[segment.key] = {.shard = shard, .record = std::move(*record)};
  }
  keep_to_limit();
  return {};
}

// The current file, unless it is full or somebody removed it; else a new one.
Result<std::shared_ptr<SegmentShard>> SegmentLog::shard_to_append(int64_t n_bytes) {
  const int64_t most = options_.max_bytes / kLeastFiles;
  if (n_bytes > most) return resource_exhausted_error("a Segment is larger than the disk's share");
  if (current_ != nullptr && !current_->is_whole()) {
    forget_shard(current_);
    current_ = nullptr;
  }
  if (current_ != nullptr && current_->end() + n_bytes <= most) return current_;
  const auto files = files_in(options_.folder);
  const int64_t number = files.empty() ? 1 : files.rbegin()->first + 1;
  ASSIGN_OR_RETURN(std::shared_ptr<SegmentShard> shard,
                   SegmentShard::create(options_.folder + "/" + name_of(number), options_.kind));
  const std::lock_guard lock(mutex_);
  shards_[number] = shard;
  return current_ = shard;
}

void SegmentLog::forget_shard(const std::shared_ptr<SegmentShard>& shard) {
  const std::lock_guard lock(mutex_);
  std::erase_if(shards_, [&](const auto& entry) { return entry.second == shard; });
  std::erase_if(places_, [&](const auto& entry) { return entry.second.shard == shard; });
  std::erase_if(others_, [&](const Place& place) { return place.shard == shard; });
}

void SegmentLog::remove_shard(const std::shared_ptr<SegmentShard>& shard) {
  forget_shard(shard);
  if (shard == current_) current_ = nullptr;
  if (!remove_file(shard->path())) note(shard->path() + " cannot be removed");
}

void SegmentLog::keep_to_limit() {
  while (n_bytes() > options_.max_bytes) {
    std::shared_ptr<SegmentShard> oldest;
    {
      const std::lock_guard lock(mutex_);
      if (shards_.empty()) return;
      oldest = shards_.begin()->second;
    }
    remove_shard(oldest);
  }
}

int64_t SegmentLog::erase(const std::function<bool(std::string_view origin)>& is_gone) {
  if (!writes()) {  // there may be more by now
    {
      const std::lock_guard lock(mutex_);
      shards_.clear(), places_.clear(), others_.clear();
    }
    open_all();
  }
  std::vector<Place> gone;
  {
    const std::lock_guard lock(mutex_);
    const auto goes = [&](const Place& place) {
      if (!is_gone(place.record.origin)) return false;
      gone.push_back(place);
      return true;
    };
    std::erase_if(places_, [&](const auto& entry) { return goes(entry.second); });
    std::erase_if(others_, goes);
  }
  for (const Place& place : gone) {
    if (place.shard->erase(place.record).ok()) continue;
    if (writes()) remove_shard(place.shard);  // its bytes must go, whatever else goes with them
  }
  return std::ssize(gone);
}

void SegmentLog::clear() {
  while (true) {
    std::shared_ptr<SegmentShard> shard;
    {
      const std::lock_guard lock(mutex_);
      if (shards_.empty()) return;
      shard = shards_.begin()->second;
    }
    remove_shard(shard);
  }
}

std::vector<std::string> SegmentLog::origins(std::string_view prefix) const {
  std::set<std::string> distinct;
  const std::lock_guard lock(mutex_);
  const auto add = [&](const Place& place) {
    if (place.record.origin.starts_with(prefix)) distinct.insert(place.record.origin);
  };
  for (const auto& [key, place] : places_) add(place);
  for (const Place& place : others_) add(place);
  return {distinct.begin(), distinct.end()};
}

int64_t SegmentLog::n_segments() const {
  const std::lock_guard lock(mutex_);
  return std::ssize(places_);
}

int64_t SegmentLog::n_bytes() const {
  const std::lock_guard lock(mutex_);
  int64_t n = 0;
  for (const auto& [number, shard] : shards_) n += shard->n_bytes();
  return n;
}

Status clear_segment_files(const std::string& folder) {
  Status status;
  for (const auto& [number, name] : files_in(folder)) {
    const std::string path = folder + "/" + name;
    if (!remove_file(path)) status = unavailable_error(path + " cannot be removed");
  }
  return status;
}

SegmentFiles measure_segment_files(const std::string& folder) {
  SegmentFiles files;
  for (const auto& [number, name] : files_in(folder)) {
    struct stat info;
    if (::lstat((folder + "/" + name).c_str(), &info) != 0) continue;
    ++files.n_files;
    files.n_bytes += static_cast<int64_t>(info.st_blocks) * 512;
  }
  return files;
}

}  // namespace rondo::engine
