// The files of Segments: killed writers, full disks, limits, two processes, foreign files.
#include "engine/segment_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <random>

#include "engine/page_pool.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

constexpr int64_t kPageBytes = 5000;  // no multiple of what disks count in

// A Segment whose bytes all follow from its number.
struct Sample {
  explicit Sample(uint32_t number, const std::string& origin = "/ws/a") {
    std::mt19937 random(number);
    TokenIds ids(20 + random() % 300);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % 50'000);
    copy.n_kept = static_cast<int32_t>(ids.size());
    bytes.resize(static_cast<size_t>(pages_for(copy.n_kept) * kPageBytes));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    copy.key = {number, 7};
    copy.tokens = std::make_shared<const TokenIds>(std::move(ids));
    copy.origin = origin;
    point_to(bytes);
  }
  void point_to(std::vector<std::byte>& to) {
    copy.pages.clear();
    for (int32_t i = 0; i < pages_for(copy.n_kept); ++i)
      copy.pages.push_back(to.data() + i * kPageBytes);
  }
  // Whether `log` has it; what it has must be this.
  bool is_in(SegmentLog& log) const {
    Sample read(*this);
    std::vector<std::byte> to(bytes.size());
    read.point_to(to);
    if (!log.has(copy.key) || !log.read(copy.key, read.copy).ok()) return false;
    EXPECT_EQ(to, bytes);
    EXPECT_EQ(*read.copy.tokens, *copy.tokens);
    EXPECT_EQ(read.copy.origin, copy.origin);
    EXPECT_EQ(read.copy.n_kept, copy.n_kept);
    return true;
  }

  std::vector<std::byte> bytes;
  SegmentCopy copy;
};

class SegmentLogTest : public testing::Test {
 protected:
  std::unique_ptr<SegmentLog> open(int64_t max_bytes = int64_t{1} << 30, uint64_t model = 1) {
    return SegmentLog::open({.folder = path(),
                             .max_bytes = max_bytes,
                             .kind = {.model = {model, 1}, .page_bytes = kPageBytes},
                             .note = [this](const std::string& line) { notes_.push_back(line); }})
        .value();
  }
  std::string path() const { return folder_.path() + "/kv"; }
  int count_in(SegmentLog& log, uint32_t from, uint32_t to) const {
    int n = 0;
    for (uint32_t i = from; i < to; ++i) n += Sample(i).is_in(log) ? 1 : 0;
    return n;
  }

  const ScratchFolder folder_;
  std::vector<std::string> notes_;
};

TEST_F(SegmentLogTest, HasWhatWasWrittenBefore) {
  {
    const auto log = open();
    for (uint32_t i = 0; i < 20; ++i) ASSERT_TRUE(log->append(Sample(i).copy).ok());
    ASSERT_TRUE(log->append(Sample(3).copy).ok());  // once is enough
  }
  const auto log = open();
  EXPECT_EQ(log->n_segments(), 20);
  EXPECT_EQ(count_in(*log, 0, 20), 20);
  EXPECT_TRUE(notes_.empty());
}

TEST_F(SegmentLogTest, AnotherModelFindsNothing) {
  { ASSERT_TRUE(open()->append(Sample(1).copy).ok()); }
  const auto other = open(int64_t{1} << 30, 2);
  EXPECT_EQ(other->n_segments(), 0);
  EXPECT_FALSE(Sample(1).is_in(*other));
  EXPECT_EQ(other->origins("/ws").size(), 1u);
  EXPECT_EQ(other->erase([](std::string_view) { return true; }), 1);
}

// A writer that is killed at any moment: what is found afterwards is what was written.
TEST_F(SegmentLogTest, KilledWritersLeaveNothingWrong) {
  std::mt19937 random(5);
  int n_torn = 0;
  int n_found = 0;
  for (uint32_t round = 0; round < 200; ++round) {
    const uint32_t first = round * 1000;
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto log = SegmentLog::open({.folder = path(),
                                   .max_bytes = 4 << 20,
                                   .kind = {.model = {1, 1}, .page_bytes = kPageBytes}});
      if (!log.ok()) ::_exit(1);
      for (uint32_t i = first; i < first + 1000; ++i) {
        const Sample sample(i, i % 3 == 0 ? "/ws/gone" : "/ws/a");
        (void)(*log)->append(sample.copy);
        if (::write(ready[1], "x", 1) != 1) ::_exit(1);
        if (i % 5 == 4) (*log)->erase([](std::string_view origin) { return origin == "/ws/gone"; });
      }
      ::_exit(0);
    }
    ::close(ready[1]);
    char byte = 0;
    const auto n_before = 1 + random() % 12;  // appends, and then a little
    for (uint32_t i = 0; i < n_before && ::read(ready[0], &byte, 1) == 1; ++i) {
    }
    volatile uint32_t spun = 0;
    for (uint32_t n = random() % 400'000; n > 0; --n) spun = n;
    static_cast<void>(spun);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    notes_.clear();
    const auto log = open(4 << 20);
    ASSERT_TRUE(log->writes());
    n_torn += notes_.empty() ? 0 : 1;
    notes_.clear();
    for (uint32_t i = first; i < first + 40; ++i) {
      const Sample sample(i, i % 3 == 0 ? "/ws/gone" : "/ws/a");
      n_found += sample.is_in(*log) ? 1 : 0;
    }
    ASSERT_TRUE(log->append(Sample(first + 999).copy).ok());
    EXPECT_TRUE(Sample(first + 999).is_in(*log));
  }
  EXPECT_GT(n_found, 200);
  EXPECT_GT(n_torn, 0);  // else nobody was killed while it wrote
}

TEST_F(SegmentLogTest, ForgetsTheBytesOfAnOrigin) {
  const Sample secret(1, "/ws/secret");
  const Sample other(2);
  {
    const auto log = open();
    ASSERT_TRUE(log->append(secret.copy).ok());
    ASSERT_TRUE(log->append(other.copy).ok());
    EXPECT_EQ(log->erase([](std::string_view origin) { return origin == "/ws/secret"; }), 1);
  }
  const std::string file = read_file(path() + "/00000001.kv");
  for (size_t at = 0; at + 64 < secret.bytes.size(); at += 64) {
    const std::string_view piece(reinterpret_cast<const char*>(&secret.bytes[at]), 64);
    ASSERT_EQ(file.find(piece), std::string::npos) << at;
  }
  const std::string_view ids(reinterpret_cast<const char*>(secret.copy.tokens->data()), 32);
  EXPECT_EQ(file.find(ids), std::string::npos);
  EXPECT_EQ(file.find("secret"), std::string::npos);
  const auto log = open();
  EXPECT_TRUE(notes_.empty());
  EXPECT_FALSE(secret.is_in(*log));
  EXPECT_TRUE(other.is_in(*log));
}

// Also what the other process has written since.
TEST_F(SegmentLogTest, AReaderErasesWhatMustGo) {
  const auto writer = open();
  const auto reader = open();
  ASSERT_TRUE(writer->append(Sample(1, "/ws/secret").copy).ok());
  ASSERT_TRUE(writer->append(Sample(2).copy).ok());
  EXPECT_FALSE(reader->writes());
  EXPECT_EQ(reader->erase([](std::string_view origin) { return origin == "/ws/secret"; }), 1);
  EXPECT_FALSE(Sample(1, "/ws/secret").is_in(*writer));
  EXPECT_TRUE(Sample(2).is_in(*writer));
  EXPECT_TRUE(Sample(2).is_in(*reader));
  ASSERT_TRUE(writer->append(Sample(3).copy).ok());
  EXPECT_TRUE(Sample(3).is_in(*writer));
}

TEST_F(SegmentLogTest, StaysBelowItsLimitAndKeepsTheNewest) {
  constexpr int64_t kLimit = 4 << 20;
  const auto log = open(kLimit);
  for (uint32_t i = 0; i < 300; ++i) {
    ASSERT_TRUE(log->append(Sample(i).copy).ok());
    ASSERT_LE(log->n_bytes(), kLimit);
  }
  EXPECT_EQ(count_in(*log, 280, 300), 20);
  EXPECT_EQ(count_in(*log, 0, 20), 0);
  EXPECT_GT(log->n_bytes(), kLimit / 2);
  EXPECT_EQ(measure_segment_files(path()).n_bytes, log->n_bytes());
}

TEST_F(SegmentLogTest, SurvivesThatItsFilesAreRemoved) {
  const auto log = open();
  const auto reader = open();
  ASSERT_TRUE(log->append(Sample(1).copy).ok());
  ASSERT_TRUE(clear_segment_files(path()).ok());
  EXPECT_EQ(measure_segment_files(path()).n_files, 0);
  EXPECT_FALSE(Sample(1).is_in(*log));
  ASSERT_TRUE(log->append(Sample(2).copy).ok());
  EXPECT_TRUE(Sample(2).is_in(*log));
  EXPECT_FALSE(Sample(1).is_in(*log));
}

TEST_F(SegmentLogTest, DiscardsForeignFilesWithALineEach) {
  std::filesystem::create_directory(path());
  std::ofstream(path() + "/00000001.kv") << "this is no file of Segments\n";
  std::ofstream(path() + "/00000002.kv") << "";
  std::ofstream(path() + "/notes.txt") << "not ours";
  const auto log = open();
  EXPECT_EQ(notes_.size(), 2u);
  EXPECT_EQ(log->n_segments(), 0);
  EXPECT_FALSE(std::filesystem::exists(path() + "/00000001.kv"));
  EXPECT_TRUE(std::filesystem::exists(path() + "/notes.txt"));
}

TEST_F(SegmentLogTest, RefusesAFolderThatIsALink) {
  std::filesystem::create_directory(folder_.path() + "/elsewhere");
  std::filesystem::create_symlink(folder_.path() + "/elsewhere", path());
  const auto log = SegmentLog::open({.folder = path(), .max_bytes = 1 << 20});
  EXPECT_EQ(log.status().code(), Code::kUnavailable);
}

// The system lets a file grow so far and no further, which fails in the middle of a record, as a
// full disk does.
TEST_F(SegmentLogTest, AFullDiskLosesOnlyWhatDoesNotFit) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto log = open();
  ASSERT_TRUE(log->append(Sample(1).copy).ok());
  for (const rlim_t room : {100, 4096, 6000, 20'000}) {
    const auto size = std::filesystem::file_size(path() + "/00000001.kv");
    const rlimit tight = {.rlim_cur = size + room, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    Sample large(2);
    while (large.bytes.size() < 40'000) large = Sample(large.copy.key.high + 1);
    const Status status = log->append(large.copy);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(status.code(), Code::kResourceExhausted) << status.to_string();
    EXPECT_EQ(std::filesystem::file_size(path() + "/00000001.kv"), size);
    EXPECT_TRUE(Sample(1).is_in(*log));
  }
  ASSERT_TRUE(log->append(Sample(9).copy).ok());
  EXPECT_TRUE(Sample(9).is_in(*log));
}

// Whatever bit is wrong, a Segment that is found is right, and a damaged one is not found.
TEST_F(SegmentLogTest, AFlippedBitIsSeen) {
  {
    const auto log = open();
    for (uint32_t i = 0; i < 3; ++i) ASSERT_TRUE(log->append(Sample(i).copy).ok());
  }
  const std::string file = path() + "/00000001.kv";
  const std::string whole = read_file(file);
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    // Half of them where heads are.
    const size_t at = round % 2 == 0 ? random() % whole.size()
                                     : random() % (whole.size() / 4096) * 4096 + random() % 200;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    std::ofstream(file, std::ios::binary | std::ios::trunc) << damaged;
    const auto log = open();
    count_in(*log, 0, 3);  // compares
  }
}

}  // namespace
}  // namespace rondo::engine
