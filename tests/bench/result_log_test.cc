#include "bench/result_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace rondo::bench {
namespace {

namespace fs = std::filesystem;

class ResultLogFile : public testing::Test {
 protected:
  ResultLogFile()
      : folder_(fs::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()),
        path_((folder_ / "results.jsonl").string()) {
    fs::remove_all(folder_);
  }
  ~ResultLogFile() override { fs::remove_all(folder_); }

  ResultLog open(const std::string& run) {
    auto log = ResultLog::open(path_, run);
    CHECK(log.ok(), log.status().to_string().c_str());
    return std::move(log).value();
  }
  void append(const std::string& bytes) {
    std::ofstream(path_, std::ios::app | std::ios::binary) << bytes;
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(ResultLogFile, RemembersWhatWasAdded) {
  {
    ResultLog log = open("run 1");
    EXPECT_EQ(log.find("a"), nullptr);
    ASSERT_TRUE(log.add("a", {{"loss", 1.5}}).ok());
    ASSERT_NE(log.find("a"), nullptr);
  }
  const ResultLog log = open("run 1");
  ASSERT_NE(log.find("a"), nullptr);
  EXPECT_EQ(json_get<double>(*log.find("a"), "loss"), 1.5);
  EXPECT_EQ(log.find("b"), nullptr);
}

TEST_F(ResultLogFile, KeepsRunsApart) {
  ASSERT_TRUE(open("run 1").add("a", {{"loss", 1.0}}).ok());
  ASSERT_TRUE(open("run 2").add("a", {{"loss", 2.0}}).ok());
  EXPECT_EQ(json_get<double>(*open("run 1").find("a"), "loss"), 1.0);
  EXPECT_EQ(json_get<double>(*open("run 2").find("a"), "loss"), 2.0);
}

TEST_F(ResultLogFile, DropsALineThatWasCutOff) {
  ASSERT_TRUE(open("run").add("a", {{"loss", 1.0}}).ok());
  append(R"({"run":"run","key":"b","lo)");
  {
    ResultLog log = open("run");
    EXPECT_NE(log.find("a"), nullptr);
    EXPECT_EQ(log.find("b"), nullptr);
    ASSERT_TRUE(log.add("c", {{"loss", 3.0}}).ok());
  }
  const ResultLog log = open("run");
  EXPECT_NE(log.find("a"), nullptr);
  EXPECT_NE(log.find("c"), nullptr);
}

TEST_F(ResultLogFile, RefusesAFileOfSomethingElse) {
  ASSERT_TRUE(open("run").add("a", {{"loss", 1.0}}).ok());
  append("# Notes\n");
  auto log = ResultLog::open(path_, "run");
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.status().code(), Code::kInvalidArgument);
  EXPECT_THAT(log.status().message(), testing::HasSubstr(path_ + ":2"));

  fs::remove(path_);
  append("{\"loss\": 1}\n");
  log = ResultLog::open(path_, "run");
  ASSERT_FALSE(log.ok());
  EXPECT_THAT(log.status().message(), testing::HasSubstr(path_ + ":1"));
}

TEST_F(ResultLogFile, KnowsItsLastRun) {
  EXPECT_EQ(ResultLog::last_run(path_).status().code(), Code::kNotFound);
  ASSERT_TRUE(open("first").add("a", {{"loss", 1.0}}).ok());
  EXPECT_EQ(ResultLog::last_run(path_).value(), "first");
  ASSERT_TRUE(open("second").add("a", {{"loss", 2.0}}).ok());
  EXPECT_EQ(ResultLog::last_run(path_).value(), "second");
}

TEST_F(ResultLogFile, SaysWhenItCannotBeWritten) {
  std::ofstream(testing::TempDir() + "/plain_file") << "x";
  const auto log = ResultLog::open(testing::TempDir() + "/plain_file/results.jsonl", "run");
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace rondo::bench
