#include "lsp/file_watcher.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>

#include "tests/workspace/temporary_folder.h"

namespace rondo::lsp {
namespace {

using workspace::TemporaryFolder;

// What a watcher has told. Waiting ends when it happened: only a failure takes the whole time.
class Told {
 public:
  FileWatcher::Events events() {
    return {.changed = [this](const std::string& path) { add(path); },
            .lost = [this] { add("lost"); },
            .log = [](const std::string&) {}};
  }

  bool wait_for(const std::string& what, std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return added_.wait_for(lock, time, [&] { return all_.contains(what); });
  }

  bool has(const std::string& what) {
    const std::lock_guard lock(mutex_);
    return all_.contains(what);
  }

 private:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    all_.insert(what);
    added_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::set<std::string> all_;
};

class FileWatcherTest : public testing::Test {
 protected:
  void start() { watcher_ = *FileWatcher::start(folder_.path(), told_.events()); }

  // Writes a file until it is told: when it is the first time, its folder may not be watched yet.
  bool tells(const std::string& path) {
    for (int i = 0; i < 200; ++i) {
      folder_.write(path, std::to_string(i));
      if (told_.wait_for(path, std::chrono::milliseconds(100))) return true;
    }
    return false;
  }

  bool told(const std::string& what) { return told_.wait_for(what, std::chrono::seconds(20)); }

  TemporaryFolder folder_;
  Told told_;
  std::unique_ptr<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, TellsWhatIsWrittenMovedAndRemoved) {
  folder_.write("a.py", "1");
  folder_.write("src/b.py", "1");
  start();
  EXPECT_TRUE(tells("src/b.py"));
  std::filesystem::rename(folder_.path() / "a.py", folder_.path() / "src/c.py");
  EXPECT_TRUE(told("a.py"));
  EXPECT_TRUE(told("src/c.py"));
  folder_.write("src/b.py", "");
  std::filesystem::remove(folder_.path() / "src/c.py");
  folder_.write("d.py", "");
  EXPECT_TRUE(told("d.py"));
}

TEST_F(FileWatcherTest, TellsFilesOfFoldersThatComeLater) {
  start();
  EXPECT_TRUE(tells("first.py"));
  folder_.write("deep/er/est/a.py", "1");
  EXPECT_TRUE(told("deep/er/est/a.py"));
  std::filesystem::rename(folder_.path() / "deep", folder_.path() / "moved");
  EXPECT_TRUE(told("lost"));
  EXPECT_TRUE(told("moved/er/est/a.py"));
  folder_.write("moved/er/b.py", "1");
  EXPECT_TRUE(told("moved/er/b.py"));
}

TEST_F(FileWatcherTest, DoesNotLookIntoIgnoredFolders) {
  folder_.write(".gitignore", "out/\n");
  folder_.write("out/old.py", "1");
  start();
  EXPECT_TRUE(tells("first.py"));
  folder_.write("out/new.py", "1");
  EXPECT_TRUE(tells("later.py"));
  EXPECT_FALSE(told_.has("out/new.py"));
  folder_.write(".gitignore", "");
  EXPECT_TRUE(told(".gitignore"));
  EXPECT_TRUE(tells("out/new.py"));
}

// The watcher does not read while more happens than the system keeps for it.
TEST_F(FileWatcherTest, SaysThatEventsWereLostAndWatchesWhatCameMeanwhile) {
  int64_t max_events = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> max_events;
  if (max_events <= 0 || max_events > 100'000) GTEST_SKIP() << max_events << " are kept here";
  std::promise<void> go_on;
  FileWatcher::Events events = told_.events();
  events.changed = [told = events.changed,
                    may_go_on = go_on.get_future().share()](const std::string& path) {
    told(path);
    may_go_on.wait();
  };
  watcher_ = *FileWatcher::start(folder_.path(), std::move(events));
  ASSERT_TRUE(tells("first.py"));
  std::filesystem::path here = folder_.path() / "first.py";
  for (int64_t i = 0; i < max_events; ++i) {  // two events each
    const std::filesystem::path there = folder_.path() / (std::to_string(i % 2) + ".py");
    std::filesystem::rename(here, there);
    here = there;
  }
  std::filesystem::create_directory(folder_.path() / "late");
  go_on.set_value();
  EXPECT_TRUE(told("lost"));
  EXPECT_TRUE(tells("late/new.py"));
}

TEST(FileWatcher, NeedsAFolder) {
  Told told;
  EXPECT_EQ(FileWatcher::start("/no/such/folder", told.events()).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace rondo::lsp
