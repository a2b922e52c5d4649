#include "workspace/indexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "tests/workspace/temporary_folder.h"

namespace rondo::workspace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::seconds kLong{60};

class IndexerTest : public testing::Test {
 protected:
  void start(IndexerOptions options = {}) {
    Result<std::unique_ptr<Indexer>> indexer =
        Indexer::start(folder_.path().string(), index_, std::move(options));
    ASSERT_TRUE(indexer.ok()) << indexer.status().to_string();
    indexer_ = std::move(*indexer);
  }

  void settle() { ASSERT_TRUE(indexer_->wait_until_idle(kLong)); }

  DocumentSnapshot document(const std::string& path, std::string bytes, int64_t version = 1) {
    auto document = std::make_shared<Document>();
    document->path = path;
    document->language = &language_of_file(path, bytes);
    document->version = version;
    document->text = std::make_shared<const Text>(std::move(bytes));
    return document;
  }

  // The first names that the Blocks of a file define.
  std::string names_in(const std::string& path) {
    std::string names;
    const FileBlocksSnapshot file = index_.file(path);
    if (file == nullptr) return "none";
    for (const Block& block : file->blocks) names += block.name + ' ';
    return names;
  }

  TemporaryFolder folder_;
  BlockIndex index_;
  std::unique_ptr<Indexer> indexer_;  // last: it uses the others
};

TEST_F(IndexerTest, IndexesAFolder) {
  folder_.write("a.py", "def one():\n    pass\n");
  folder_.write("src/b.go", "package b\n\nfunc Two() {\n\treturn\n}\n");
  folder_.write("src/binary.py", std::string_view("x\0", 2));
  folder_.write("src/key.py",
                std::string("TOKEN = 'ghp_") + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'\n");
  folder_.write("empty.py", "");
  start();
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre("a.py", "src/b.go"));
  EXPECT_EQ(names_in("src/b.go"), "Two ");
  const IndexProgress progress = indexer_->progress();
  EXPECT_TRUE(progress.finished);
  EXPECT_EQ(progress.n_done, 5);
  EXPECT_EQ(progress.n_total, 5);
  EXPECT_EQ(progress.n_skipped, 2);
}

TEST_F(IndexerTest, ReportsTheEndOfEachScanOnce) {
  for (int i = 0; i < 200; ++i) folder_.write("f" + std::to_string(i) + ".py", "X = 1\n");
  std::atomic<int> n_finished = 0;
  std::atomic<int> n_reports = 0;
  start({.on_progress = [&](const IndexProgress& progress) {
    ++n_reports;
    n_finished += progress.finished ? 1 : 0;
  }});
  settle();
  indexer_->rescan();
  settle();
  indexer_.reset();
  EXPECT_EQ(n_finished, 2);
  EXPECT_GE(n_reports, 6);
}

TEST_F(IndexerTest, OpenDocumentsCountAsTheClientHasThem) {
  folder_.write("a.py", "def on_disk():\n    pass\n");
  start();
  settle();
  indexer_->document_changed(document("a.py", "def typed():\n    pass\n"));
  settle();
  EXPECT_EQ(names_in("a.py"), "typed ");
  folder_.write("a.py", "def saved_elsewhere():\n    pass\n");
  indexer_->file_changed("a.py");
  indexer_->rescan();
  settle();
  EXPECT_EQ(names_in("a.py"), "typed ");
  indexer_->document_closed("a.py");
  settle();
  EXPECT_EQ(names_in("a.py"), "saved_elsewhere ");
}

TEST_F(IndexerTest, NewDocumentsNeedNoFile) {
  start();
  indexer_->document_changed(document("new.py", "def typed():\n    pass\n"));
  indexer_->document_changed(document("new.py", "def typed_more():\n    pass\n", 2));
  settle();
  EXPECT_EQ(names_in("new.py"), "typed_more ");
  indexer_->document_closed("new.py");
  settle();
  EXPECT_THAT(index_.paths(), IsEmpty());
}

TEST_F(IndexerTest, FollowsFilesOnDisk) {
  folder_.write("a.py", "def one():\n    pass\n");
  start();
  settle();
  folder_.write("a.py", "def two():\n    pass\n");
  folder_.write("sub/b.py", "def three():\n    pass\n");
  indexer_->file_changed("a.py");
  indexer_->file_changed("sub/b.py");
  settle();
  EXPECT_EQ(names_in("a.py"), "two ");
  EXPECT_EQ(names_in("sub/b.py"), "three ");
  std::filesystem::remove(folder_.path() / "a.py");
  indexer_->file_changed("a.py");
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre("sub/b.py"));
}

TEST_F(IndexerTest, CutsNoTextAgainThatItHas) {
  folder_.write("a.py", "def one():\n    pass\n");
  folder_.write("b.py", "def two():\n    pass\n");
  start();
  settle();
  const FileBlocksSnapshot a = index_.file("a.py"), b = index_.file("b.py");
  folder_.write("moved/a.py", a->text->bytes());
  folder_.write("b.py", "def three():\n    pass\n");
  indexer_->rescan();
  settle();
  EXPECT_EQ(index_.file("a.py"), a);
  EXPECT_EQ(index_.file("moved/a.py")->text, a->text);
  EXPECT_EQ(index_.file("moved/a.py")->blocks, a->blocks);
  EXPECT_EQ(names_in("b.py"), "three ");
  folder_.write("b.py", b->text->bytes());  // the branch of before
  indexer_->file_changed("b.py");
  settle();
  EXPECT_EQ(names_in("b.py"), "two ");
}

TEST_F(IndexerTest, SaysWhenThereIsNoRoomOrTooMuch) {
  BlockIndex small(60);
  for (const char* path : {"a.py", "b.py", "c.py"}) {
    folder_.write(path, "def " + std::string(1, path[0]) + "_long_name():\n    return 1\n");
  }
  auto indexer = Indexer::start(folder_.path().string(), small);
  ASSERT_TRUE(indexer.ok());
  ASSERT_TRUE((*indexer)->wait_until_idle(kLong));
  EXPECT_NE((*indexer)->progress().note.find("2 files found no room"), std::string::npos)
      << (*indexer)->progress().note;
  start({.scan = {.max_files = 2}});
  settle();
  EXPECT_NE(indexer_->progress().note.find("more than 2 files"), std::string::npos)
      << indexer_->progress().note;
}

TEST_F(IndexerTest, ChangedIgnoreFilesTakeEffect) {
  folder_.write("a.py", "def one():\n    pass\n");
  folder_.write("private/b.py", "def two():\n    pass\n");
  start();
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre("a.py", "private/b.py"));
  folder_.write(".rondoignore", "private/\n");
  indexer_->file_changed(".rondoignore");
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre(".rondoignore", "a.py"));
  EXPECT_EQ(index_.n_forgotten(), 1);
  indexer_->file_changed("private/b.py");
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre(".rondoignore", "a.py"));
}

TEST_F(IndexerTest, ExcludedDocumentsStayOut) {
  folder_.write(".gitignore", "generated.py\n");
  start();
  settle();
  indexer_->document_changed(document("generated.py", "def one():\n    pass\n"));
  indexer_->document_changed(document(".env", "KEY=1\n"));
  const std::string key = std::string("ghp_") + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
  indexer_->document_changed(document("a.py", "def one():\n    pass\n"));
  settle();
  EXPECT_EQ(names_in("a.py"), "one ");
  indexer_->document_changed(document("a.py", "def one():\n    return '" + key + "'\n", 2));
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre(".gitignore"));
}

TEST_F(IndexerTest, ChangedIgnoreFilesTakeEffectOnOpenDocuments) {
  start();
  indexer_->document_changed(document("private/b.py", "def one():\n    pass\n"));
  indexer_->document_changed(document("c.py", "def two():\n    pass\n"));
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre("c.py", "private/b.py"));
  folder_.write(".rondoignore", "private/\n");
  // The document waits; that its file changed, too, must not get lost behind it.
  indexer_->document_changed(document(".rondoignore", "private/\n"));
  indexer_->file_changed(".rondoignore");
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre(".rondoignore", "c.py"));
  folder_.write(".rondoignore", "c.py\n");
  indexer_->file_changed(".rondoignore");
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre(".rondoignore", "private/b.py"));
}

TEST_F(IndexerTest, AWorkerKeepsNothingThatBecameExcludedMeanwhile) {
  for (int i = 0; i < 200; ++i) {
    folder_.write("private/f" + std::to_string(i) + ".py", "def one():\n    pass\n");
  }
  start();
  folder_.write(".rondoignore", "private/\n");
  indexer_->file_changed(".rondoignore");
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre(".rondoignore"));
}

TEST_F(IndexerTest, SaysWhyTheModelMustNotReadADocument) {
  folder_.write(".gitignore", "generated.py\n");
  folder_.write(".rondoignore", "private.py\n");
  start();
  const auto exclusion = [&](const std::string& path) {
    return indexer_->exclusion(*document(path, "x = 1\n"));
  };
  EXPECT_EQ(exclusion("a.py"), std::nullopt);
  EXPECT_FALSE(exclusion("generated.py")->at_all);
  EXPECT_TRUE(exclusion("private.py")->at_all);
  folder_.write(".rondoignore", "a.py\n");
  indexer_->file_changed(".rondoignore");
  settle();
  EXPECT_TRUE(exclusion("a.py")->at_all);
  EXPECT_EQ(exclusion("private.py"), std::nullopt);
}

TEST_F(IndexerTest, TakesManyEvents) {
  start();
  settle();
  folder_.write("f7.py", "def seven():\n    pass\n");
  for (int i = 0; i < 20'000; ++i) indexer_->file_changed("f" + std::to_string(i) + ".py");
  for (int i = 0; i < 1'000; ++i) {
    indexer_->document_changed(
        document("typed.py", "def f" + std::to_string(i) + "():\n    pass\n", i));
  }
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre("f7.py", "typed.py"));
  EXPECT_EQ(names_in("typed.py"), "f999 ");
}

TEST_F(IndexerTest, PausesBetweenFiles) {
  folder_.write("a.py", "def one():\n    pass\n");
  start();
  settle();
  indexer_->pause(true);
  folder_.write("b.py", "def two():\n    pass\n");
  indexer_->file_changed("b.py");
  indexer_->document_changed(document("c.py", "def three():\n    pass\n"));
  EXPECT_FALSE(indexer_->wait_until_idle(std::chrono::milliseconds(1)));
  indexer_->pause(false);
  settle();
  EXPECT_THAT(index_.paths(), ElementsAre("a.py", "b.py", "c.py"));
}

TEST_F(IndexerTest, EndsInTheMiddleOfItsWork) {
  for (int i = 0; i < 300; ++i) {
    std::string bytes;
    for (int j = 0; j < 50; ++j)
      bytes += "def f" + std::to_string(j) + "():\n    return [1, 2, 3]\n\n\n";
    folder_.write("d" + std::to_string(i % 10) + "/f" + std::to_string(i) + ".py", bytes);
  }
  for (int round = 0; round < 5; ++round) {
    start();
    indexer_->document_changed(document("x.py", "def one():\n    pass\n"));
    indexer_.reset();
  }
  EXPECT_EQ(Indexer::start("/nonexistent", index_).status().code(), Code::kNotFound);
}

TEST(IndexQueue, HandsOutUrgentFilesFirstAndEachToOne) {
  IndexQueue queue;
  std::stop_source stop;
  for (const char* path : {"a", "b", "c", "d"}) EXPECT_TRUE(queue.add(path));
  EXPECT_FALSE(queue.add("a"));
  EXPECT_FALSE(queue.add_urgent("c"));
  queue.prefer([](const std::string& path) { return path == "d"; });
  const auto take = [&] { return queue.take(stop.get_token()).value_or("nothing"); };
  EXPECT_EQ(take(), "c");
  EXPECT_EQ(take(), "d");
  EXPECT_TRUE(queue.add_urgent("c")) << "it changed while a worker has it";
  EXPECT_EQ(take(), "a");
  queue.done("c");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "c");
  for (const char* path : {"a", "b", "c"}) queue.done(path);
  EXPECT_FALSE(queue.is_idle());
  queue.done("d");
  EXPECT_TRUE(queue.is_idle());
  stop.request_stop();
  EXPECT_EQ(take(), "nothing");
}

}  // namespace
}  // namespace rondo::workspace
