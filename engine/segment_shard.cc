#include "engine/segment_shard.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "engine/page_pool.h"

namespace rondo::engine {
namespace {

constexpr int64_t kBlock = 4096;                 // of most file systems: what can be given back
constexpr uint64_t kMagic = 0x0a564b6f646e6f72;  // "rondoKV\n"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kLive = 0x5e97e41d;
constexpr uint32_t kErased = 0x5e97dead;
// More than any model has; a head that says more is wrong.
constexpr int32_t kMostTokens = 1 << 20;
constexpr int32_t kMostOriginBytes = 1 << 16;
constexpr int64_t kMostPageBytes = int64_t{1} << 30;

struct FileHead {
  uint64_t magic = kMagic;
  uint32_t version = kVersion;
  uint32_t page_tokens = kernels::kPageTokens;
  Hash128 model;
  int64_t page_bytes = 0;
  Hash128 checksum;  // of all above
};

struct RecordHead {
  uint32_t state = kLive;
  int32_t n_tokens = 0;
  int32_t n_released_head = 0;
  int32_t n_kept = 0;
  int32_t n_origin_bytes = 0;
  uint32_t unused = 0;
  Hash128 key;
  Hash128 content;   // of token ids and pages
  Hash128 checksum;  // of all above, and the origin
};
static_assert(std::has_unique_object_representations_v<FileHead>);
static_assert(std::has_unique_object_representations_v<RecordHead>);

template <typename Head>
Hash128 checksum_of(const Head& head, std::string_view more = {}) {
  const auto bytes = std::as_bytes(std::span(&head, 1));
  return hash_combine(hash_bytes(bytes.first(offsetof(Head, checksum))), hash_text(more));
}

Hash128 content_of(const SegmentCopy& segment, int64_t page_bytes) {
  Hash128 hash = hash_values(std::span<const int32_t>(*segment.tokens));
  for (const std::byte* page : segment.pages)
    hash = hash_combine(hash, hash_bytes({page, static_cast<size_t>(page_bytes)}));
  return hash;
}

int64_t to_block(int64_t n) { return (n + kBlock - 1) / kBlock * kBlock; }

int64_t text_bytes(const RecordHead& head) {
  return to_block(static_cast<int64_t>(sizeof head) + head.n_origin_bytes +
                  int64_t{head.n_tokens} * 4);
}
int64_t all_bytes(const RecordHead& head, int64_t page_bytes) {
  return text_bytes(head) + to_block(pages_for(head.n_kept) * page_bytes);
}

bool is_sane(const RecordHead& head) {
  return (head.state == kLive || head.state == kErased) && head.n_tokens > 0 &&
         head.n_tokens <= kMostTokens && head.n_kept > 0 && head.n_kept <= head.n_tokens &&
         head.n_released_head >= 0 && head.n_origin_bytes >= 0 &&
         head.n_origin_bytes <= kMostOriginBytes;
}

bool read_all(int fd, void* to, int64_t n, int64_t offset) {
  auto* bytes = static_cast<char*>(to);
  while (n > 0) {
    const ssize_t got = ::pread(fd, bytes, static_cast<size_t>(n), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got, n -= got, offset += got;
  }
  return true;
}

bool write_all(int fd, const void* from, int64_t n, int64_t offset) {
  const auto* bytes = static_cast<const char*>(from);
  while (n > 0) {
    const ssize_t done = ::pwrite(fd, bytes, static_cast<size_t>(n), offset);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes += done, n -= done, offset += done;
  }
  return true;
}

Status failed(const std::string& path) {
  const std::string what = path + ": " + std::strerror(errno);
  const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
  return full ? resource_exhausted_error(what) : unavailable_error(what);
}

// The bytes are zeros afterwards, without room on the disk where the file system can.
bool wipe(int fd, int64_t begin, int64_t n) {
  if (n <= 0) return true;
  if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, n) == 0) return true;
  const std::string zeros(kBlock, '\0');
  for (int64_t i = 0; i < n; i += kBlock) {
    if (!write_all(fd, zeros.data(), std::min(kBlock, n - i), begin + i)) return false;
  }
  return true;
}

struct Found {
  RecordHead head;
  std::string origin;
};

// The head at `begin` of a file of `size` bytes; nothing when there is none to be believed.
std::optional<Found> read_head(int fd, int64_t begin, int64_t size, int64_t page_bytes) {
  Found found;
  if (begin + kBlock > size || !read_all(fd, &found.head, sizeof found.head, begin)) return {};
  const RecordHead& head = found.head;
  if (!is_sane(head) || begin + all_bytes(head, page_bytes) > size) return {};
  found.origin.resize(static_cast<size_t>(head.n_origin_bytes));
  if (!read_all(fd, found.origin.data(), head.n_origin_bytes,
                begin + static_cast<int64_t>(sizeof head)))
    return {};
  if (head.checksum != checksum_of(head, found.origin)) return {};
  return found;
}

int64_t size_of(int fd) {
  struct stat info;
  return ::fstat(fd, &info) == 0 ? static_cast<int64_t>(info.st_size) : 0;
}

}  // namespace

Result<std::unique_ptr<SegmentShard>> SegmentShard::create(const std::string& path,
                                                           const Kind& kind) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return failed(path);
  FileHead head = {.model = kind.model, .page_bytes = kind.page_bytes};
  head.checksum = checksum_of(head);
  if (!write_all(fd.get(), &head, sizeof head, 0) || ::ftruncate(fd.get(), kBlock) != 0) {
    const Status status = failed(path);
    ::unlink(path.c_str());
    return status;
  }
  return std::unique_ptr<SegmentShard>(new SegmentShard(path, std::move(fd), kind, kBlock));
}

Result<std::unique_ptr<SegmentShard>> SegmentShard::open(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) return failed(path);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return failed(path);
  FileHead head;
  const bool right = S_ISREG(info.st_mode) && info.st_size >= kBlock &&
                     read_all(fd.get(), &head, sizeof head, 0) && head.magic == kMagic &&
                     head.version == kVersion && head.page_tokens == kernels::kPageTokens &&
                     head.checksum == checksum_of(head) && head.page_bytes > 0 &&
                     head.page_bytes <= kMostPageBytes;
  if (!right) return corruption_error(path + " is no file of Segments of this version");
  return std::unique_ptr<SegmentShard>(new SegmentShard(
      path, std::move(fd), {.model = head.model, .page_bytes = head.page_bytes}, kBlock));
}

int64_t SegmentShard::n_bytes() const {
  struct stat info;
  return ::fstat(fd_.get(), &info) == 0 ? static_cast<int64_t>(info.st_blocks) * 512 : 0;
}

bool SegmentShard::is_whole() const {
  struct stat info;
  return ::fstat(fd_.get(), &info) == 0 && info.st_nlink > 0 && info.st_size == end_;
}

std::vector<SegmentShard::Record> SegmentShard::find_records(bool* is_torn) {
  std::vector<Record> records;
  const int64_t size = size_of(fd_.get());
  end_ = kBlock;
  while (auto found = read_head(fd_.get(), end_, size, kind_.page_bytes)) {
    const RecordHead& head = found->head;
    if (head.state == kLive) {
      records.push_back({.begin = end_,
                         .key = head.key,
                         .n_tokens = head.n_tokens,
                         .n_released_head = head.n_released_head,
                         .n_kept = head.n_kept,
                         .origin = std::move(found->origin)});
    }
    end_ += all_bytes(head, kind_.page_bytes);
  }
  *is_torn = end_ < size;
  return records;
}

Status SegmentShard::cut() { return ::ftruncate(fd_.get(), end_) == 0 ? Status() : failed(path_); }

int64_t SegmentShard::record_bytes(const SegmentCopy& segment, int64_t page_bytes) {
  return all_bytes({.n_tokens = static_cast<int32_t>(segment.tokens->size()),
                    .n_kept = segment.n_kept,
                    .n_origin_bytes = static_cast<int32_t>(segment.origin.size())},
                   page_bytes);
}

Result<SegmentShard::Record> SegmentShard::append(const SegmentCopy& segment) {
  RecordHead head = {.n_tokens = static_cast<int32_t>(segment.tokens->size()),
                     .n_released_head = segment.n_released_head,
                     .n_kept = segment.n_kept,
                     .n_origin_bytes = static_cast<int32_t>(segment.origin.size()),
                     .key = segment.key,
                     .content = content_of(segment, kind_.page_bytes)};
  if (!is_sane(head)) return invalid_argument_error("a Segment is too large for the disk");
  head.checksum = checksum_of(head, segment.origin);
  std::string text(reinterpret_cast<const char*>(&head), sizeof head);
  text += segment.origin;
  text.append(reinterpret_cast<const char*>(segment.tokens->data()), segment.tokens->size() * 4);
  text.resize(static_cast<size_t>(text_bytes(head)));
  int64_t at = end_;
  bool ok = write_all(fd_.get(), text.data(), text_bytes(head), at);
  at += text_bytes(head);
  for (const std::byte* page : segment.pages) {
    ok = ok && write_all(fd_.get(), page, kind_.page_bytes, at);
    at += kind_.page_bytes;
  }
  // The last of it: a file that ends earlier has a torn record.
  const int64_t end = end_ + all_bytes(head, kind_.page_bytes);
  if (!ok || ::ftruncate(fd_.get(), end) != 0) {
    Status status = failed(path_);
    (void)cut();
    return status;
  }
  return Record{.begin = std::exchange(end_, end),
                .key = head.key,
                .n_tokens = head.n_tokens,
                .n_released_head = head.n_released_head,
                .n_kept = head.n_kept,
                .origin = segment.origin};
}

Status SegmentShard::read(const Record& record, SegmentCopy& copy) const {
  const Status wrong = corruption_error(path_ + " does not hold what was written at " +
                                        std::to_string(record.begin));
  const auto found = read_head(fd_.get(), record.begin, size_of(fd_.get()), kind_.page_bytes);
  if (!found || found->head.state != kLive || found->head.key != record.key) return wrong;
  const RecordHead& head = found->head;
  if (std::ssize(copy.pages) != pages_for(head.n_kept)) return wrong;
  TokenIds tokens(static_cast<size_t>(head.n_tokens));
  int64_t at = record.begin + static_cast<int64_t>(sizeof head) + head.n_origin_bytes;
  if (!read_all(fd_.get(), tokens.data(), int64_t{head.n_tokens} * 4, at)) return wrong;
  at = record.begin + text_bytes(head);
  for (std::byte* page : copy.pages) {
    if (!read_all(fd_.get(), page, kind_.page_bytes, at)) return wrong;
    at += kind_.page_bytes;
  }
  copy.key = head.key;
  copy.tokens = std::make_shared<const TokenIds>(std::move(tokens));
  copy.n_released_head = head.n_released_head;
  copy.n_kept = head.n_kept;
  copy.origin = found->origin;
  return content_of(copy, kind_.page_bytes) == head.content ? Status() : wrong;
}

// First the bytes, then the head, which would otherwise say that there is nothing to erase.
Status SegmentShard::erase(const Record& record) {
  RecordHead head = {.state = kErased,
                     .n_tokens = record.n_tokens,
                     .n_released_head = record.n_released_head,
                     .n_kept = record.n_kept,
                     .n_origin_bytes = static_cast<int32_t>(record.origin.size())};
  head.checksum = checksum_of(head, std::string(record.origin.size(), '\0'));
  const int64_t text = text_bytes(head);
  const auto n_head = static_cast<int64_t>(sizeof head);
  const bool ok = wipe(fd_.get(), record.begin + n_head, text - n_head) &&
                  wipe(fd_.get(), record.begin + text, all_bytes(head, kind_.page_bytes) - text) &&
                  write_all(fd_.get(), &head, n_head, record.begin) && ::fdatasync(fd_.get()) == 0;
  return ok ? Status() : failed(path_);
}

}  // namespace rondo::engine
