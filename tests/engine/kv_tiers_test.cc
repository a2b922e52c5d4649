// Segments leave the page pool, come back from every tier and from before a restart, and nobody can
// tell: log-probabilities are compared as bits.
#include "engine/kv_tiers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <random>
#include <thread>

#include "engine/engine.h"
#include "tests/engine/test_devices.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

class KvTiersTest : public testing::Test {
 protected:
  KvTiersTest() { write_tiny_model(model_, 2); }

  std::unique_ptr<Engine> load(int64_t kv_bytes, int64_t host_bytes = 0, bool disk = true) const {
    EngineOptions options = usual_device();
    options.model = model_.path();
    options.kv_bytes = kv_bytes;
    options.tiers = {.disk_folder = disk ? cache_.path() + "/rondo/kv" : "",
                     .host_bytes = host_bytes,
                     .always_restore = true};
    return Engine::load(options).value();
  }

  static SegmentInput segment(uint32_t seed, const std::string& origin = "/ws/a.py") {
    std::mt19937 random(seed);
    TokenIds ids(40 + seed % 30);
    for (int32_t& id : ids) id = 3 + static_cast<int32_t>(random() % 390);
    return {.tokens = std::make_shared<const TokenIds>(std::move(ids)),
            .n_released_head = seed % 7 == 3 ? 6 : 0,
            .origin = std::make_shared<const std::string>(origin)};
  }
  static std::vector<SegmentInput> segments(int n, uint32_t first_seed) {
    std::vector<SegmentInput> all;
    for (int i = 0; i < n; ++i) all.push_back(segment(first_seed + static_cast<uint32_t>(i)));
    return all;
  }
  static Completion ask(Engine& engine, std::vector<SegmentInput> segments) {
    Request request = {.segments = std::move(segments), .prompt = TokenIds(30, 77)};
    request.segment_deadline = std::chrono::minutes(5);
    request.score = {5, 300, 21, 8, 111};
    std::promise<Result<Completion>> promise;
    request.on_done = [&](Result<Completion> done) { promise.set_value(std::move(done)); };
    engine.submit(std::move(request));
    return promise.get_future().get().value();
  }
  // Until all that was in the pool has been evicted.
  static void flush(Engine& engine, int n) {
    const EngineStats before = engine.stats();
    for (uint32_t round = 1;; ++round) {
      ask(engine, segments(n, 100'000 + round * 1000));
      const EngineStats now = engine.stats();
      if (now.n_evicted_segments - before.n_evicted_segments >= before.n_segments) return;
      ASSERT_LT(round, 200u);
    }
  }
  // Until as many are on disk as were encoded.
  static void wait_for_disk(const Engine& engine) {
    while (engine.stats().disk.n_segments < engine.stats().n_encoded_segments)
      std::this_thread::yield();
  }

  const ScratchFolder model_;
  const ScratchFolder cache_;
};

constexpr int64_t kPoolOf10 = 1 << 20;
constexpr int64_t kPoolOf200 = 20 << 20;
int64_t pool_for(int n) { return n > 10 ? kPoolOf200 : kPoolOf10; }

TEST_F(KvTiersTest, ComesBackFromDiskBitEqual) {
  for (const int n : {1, 10, 200}) {
    SCOPED_TRACE(n);
    std::filesystem::remove_all(cache_.path() + "/rondo");
    const auto wanted = segments(n, 1);
    const auto engine = load(pool_for(n));
    const Completion expected = ask(*engine, wanted);
    EXPECT_EQ(std::ssize(expected.segments_used), n);
    flush(*engine, n);
    wait_for_disk(*engine);
    const EngineStats before = engine->stats();
    const Completion again = ask(*engine, wanted);
    EXPECT_EQ(again.scores, expected.scores);
    EXPECT_EQ(again.n_encoded_tokens, 0);
    EXPECT_EQ(engine->stats().n_encoded_segments, before.n_encoded_segments);
    EXPECT_EQ(engine->stats().disk.n_restored - before.disk.n_restored, n);
    EXPECT_GE(engine->stats().disk.n_written, n);
  }
}

TEST_F(KvTiersTest, ComesBackFromTheHostBitEqual) {
  for (const int n : {1, 10, 200}) {
    SCOPED_TRACE(n);
    const auto wanted = segments(n, 1);
    const auto engine = load(pool_for(n), int64_t{256} << 20, /*disk=*/false);
    if (!on_gpu(*engine)) GTEST_SKIP() << "beside the CPU there is no such tier";
    const Completion expected = ask(*engine, wanted);
    flush(*engine, n);
    const EngineStats before = engine->stats();
    EXPECT_EQ(ask(*engine, wanted).scores, expected.scores);
    EXPECT_EQ(engine->stats().n_encoded_segments, before.n_encoded_segments);
    EXPECT_EQ(engine->stats().host.n_restored - before.host.n_restored, n);
  }
}

// A host tier that is too small, and a disk: what the one has lost the other has.
TEST_F(KvTiersTest, ComesBackFromBothTiersBitEqual) {
  const auto wanted = segments(10, 1);
  const auto engine = load(kPoolOf10, 64 << 10);
  const Completion expected = ask(*engine, wanted);
  flush(*engine, 10);
  wait_for_disk(*engine);
  const EngineStats before = engine->stats();
  EXPECT_EQ(ask(*engine, wanted).scores, expected.scores);
  EXPECT_EQ(engine->stats().n_encoded_segments, before.n_encoded_segments);
  EXPECT_EQ(engine->stats().disk.n_restored - before.disk.n_restored +
                engine->stats().host.n_restored - before.host.n_restored,
            10);
}

TEST_F(KvTiersTest, ARestartEncodesNothingThatIsUnchanged) {
  auto wanted = segments(12, 1);
  std::vector<float> expected;
  {
    const auto engine = load(kPoolOf10);
    expected = ask(*engine, wanted).scores;
  }  // what is not on disk yet is written now
  const auto engine = load(kPoolOf10);
  EXPECT_EQ(ask(*engine, wanted).scores, expected);
  EXPECT_EQ(engine->stats().n_encoded_segments, 0);
  EXPECT_EQ(engine->stats().disk.n_restored, 12);
  wanted.push_back(segment(999));  // a new one alone is encoded
  ask(*engine, wanted);
  EXPECT_EQ(engine->stats().n_encoded_segments, 1);
}

TEST_F(KvTiersTest, ASegmentOfNobodyDoesNotGoToDisk) {
  SegmentInput input = segment(1);
  input.origin = nullptr;
  { ask(*load(kPoolOf10), {input}); }
  const auto engine = load(kPoolOf10);
  ask(*engine, {input});
  EXPECT_EQ(engine->stats().n_encoded_segments, 1);
}

std::string all_bytes_in(const std::string& folder) {
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += read_file(entry.path());
  }
  return bytes;
}

// The ids of its text, as they lie in a file.
std::string canary_of(const SegmentInput& input) {
  return {reinterpret_cast<const char*>(input.tokens->data()), input.tokens->size() * 4};
}

TEST_F(KvTiersTest, WhatIsForgottenIsNowhere) {
  const SegmentInput secret = segment(1, "/ws/secret.py");
  const SegmentInput open = segment(2, "/ws/open.py");
  const auto engine = load(kPoolOf10, 1 << 20);
  ask(*engine, {secret, open});
  wait_for_disk(*engine);
  EXPECT_NE(all_bytes_in(cache_.path()).find(canary_of(secret)), std::string::npos);
  engine->forget_segments({"/ws/secret.py"});
  std::promise<std::vector<std::string>> listed;  // behind it
  engine->list_origins("/ws/", [&](auto origins) { listed.set_value(std::move(origins)); });
  EXPECT_EQ(listed.get_future().get(), std::vector<std::string>{"/ws/open.py"});
  for (const std::string& canary : {canary_of(secret), std::string("secret.py")})
    EXPECT_EQ(all_bytes_in(cache_.path()).find(canary), std::string::npos);
  EXPECT_NE(all_bytes_in(cache_.path()).find(canary_of(open)), std::string::npos);

  const int64_t n_encoded = engine->stats().n_encoded_segments;
  ask(*engine, {secret, open});  // who has not noticed yet
  EXPECT_EQ(engine->stats().n_encoded_segments, n_encoded + 1);
  flush(*engine, 10);
  wait_for_disk(*load(kPoolOf10));
  EXPECT_EQ(all_bytes_in(cache_.path()).find(canary_of(secret)), std::string::npos);
}

TEST_F(KvTiersTest, ClearEmptiesAllTiers) {
  const auto engine = load(kPoolOf10, 1 << 20);
  ask(*engine, segments(5, 1));
  wait_for_disk(*engine);
  std::promise<void> cleared;
  engine->clear_segments([&] { cleared.set_value(); });
  cleared.get_future().get();
  EXPECT_EQ(measure_segment_files(cache_.path() + "/rondo/kv").n_files, 0);
  ask(*engine, segments(5, 1));
  EXPECT_EQ(engine->stats().n_encoded_segments, 10);
}

// One process writes; the other reads what was there when it came, and computes the rest.
TEST_F(KvTiersTest, TwoEnginesShareAFolder) {
  const auto wanted = segments(6, 1);
  const auto writer = load(kPoolOf10);
  const std::vector<float> expected = ask(*writer, wanted).scores;
  wait_for_disk(*writer);
  const auto reader = load(kPoolOf10);
  EXPECT_EQ(ask(*reader, wanted).scores, expected);
  EXPECT_EQ(reader->stats().n_encoded_segments, 0);
  ask(*reader, {segment(50)});
  ask(*writer, {segment(51)});
  wait_for_disk(*writer);
  EXPECT_EQ(writer->stats().disk.n_segments, 7);
  EXPECT_EQ(reader->stats().disk.n_segments, 6);
}

TEST_F(KvTiersTest, FilesAreTheUsersAlone) {
  const auto engine = load(kPoolOf10);
  ask(*engine, segments(1, 1));
  wait_for_disk(*engine);
  const std::string folder = cache_.path() + "/rondo/kv";
  struct stat info;
  ASSERT_EQ(::stat(folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
}

// What was read of a disk that lies is not used: every byte of the file is changed in turn, in
// steps.
TEST_F(KvTiersTest, DamageCostsTimeButNoAnswer) {
  const auto wanted = segments(2, 1);
  std::vector<float> expected;
  { expected = ask(*load(kPoolOf10), wanted).scores; }
  const std::string path = cache_.path() + "/rondo/kv/00000001.kv";
  const std::string whole = read_file(path);
  std::mt19937 random(1);
  for (size_t at = 0; at < whole.size(); at += 1 + random() % 1500) {
    std::string damaged = whole;
    if (random() % 4 == 0) {
      damaged.resize(at);
    } else {
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    std::filesystem::remove_all(cache_.path() + "/rondo/kv");
    std::filesystem::create_directory(cache_.path() + "/rondo/kv");
    std::ofstream(path, std::ios::binary) << damaged;
    const auto engine = load(kPoolOf10);
    EXPECT_EQ(ask(*engine, wanted).scores, expected) << at;
  }
}

// Engines that are killed while their writer writes: whoever comes next, and finds some of it,
// answers as if it had encoded all of it itself.
TEST_F(KvTiersTest, KilledEnginesChangeNoAnswer) {
  constexpr int kKills = 200;
  const auto wanted = segments(12, 1);
  std::vector<float> expected;
  {
    const auto engine = load(kPoolOf10);
    if (on_gpu(*engine)) GTEST_SKIP() << "a process that was forked has no GPU";
    expected = ask(*engine, wanted).scores;
  }
  std::filesystem::remove_all(cache_.path() + "/rondo");
  std::mt19937 random(7);
  int64_t n_restored = 0;
  int64_t n_encoded = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    if (kill % 4 == 0) std::filesystem::remove_all(cache_.path() + "/rondo");
    int answered[2];
    ASSERT_EQ(::pipe(answered), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto engine = load(kPoolOf10);
      for (uint32_t first = 1;; first += 12) {
        ask(*engine, segments(12, first));
        if (::write(answered[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(answered[1]);
    char byte = 0;
    ASSERT_EQ(::read(answered[0], &byte, 1), 1);
    ::usleep(random() % 3000);
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    ::waitpid(child, nullptr, 0);
    ::close(answered[0]);
    const auto engine = load(kPoolOf10);
    ASSERT_EQ(ask(*engine, wanted).scores, expected) << "after kill " << kill;
    n_restored += engine->stats().disk.n_restored;
    n_encoded += engine->stats().n_encoded_segments;
  }
  EXPECT_GT(n_restored, 0);
  EXPECT_GT(n_encoded, 0);  // else nobody was killed before all was written
}

}  // namespace
}  // namespace rondo::engine
