// Which tests are kept that a model with known answers writes; pytest runs in the sandbox.
#include "assist/write_tests.h"

#include <gtest/gtest.h>

#include "assist/kept_tests.h"
#include "assist/sandbox.h"
#include "tests/assist/chat_model.h"
#include "tests/assist/index_file.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::assist {
namespace {

constexpr const char* kWritten =
    "import pytest\n\n\n@pytest.mark.x\ndef test_a():\n    assert f(1) == 1\n\n\n"
    "def test_b():\n    f(2)\n\n\ndef helper():\n    return 3\n\n\n"
    "class TestC:\n    def test_d(self):\n        with pytest.raises(ValueError):\n            "
    "f(3)";

TEST(KeptTests, CheckSomethingAndPass) {
  std::vector<std::string> asked;
  const KeptTests kept = keep_tests(kWritten, "f", "", [&](const std::string& name) {
    asked.push_back(name);
    return name != "test_a";
  });
  EXPECT_EQ(asked, (std::vector<std::string>{"TestC", "test_a"}));  // b asserts nothing
  EXPECT_EQ(kept.n_written, 3);
  EXPECT_EQ(kept.names, std::vector<std::string>{"TestC"});
  EXPECT_EQ(kept.code,
            "import pytest\n\n\ndef helper():\n    return 3\n\n\n"
            "class TestC:\n    def test_d(self):\n        with pytest.raises(ValueError):\n"
            "            f(3)");
}

TEST(KeptTests, DoNotHideThoseThatAreThere) {
  const auto all = [](const std::string&) { return true; };
  const std::string before = "def test_a():\n    assert True\n\n\nclass TestC:\n    pass\n";
  EXPECT_TRUE(keep_tests(kWritten, "f", before, all).names.empty());
}

class WriteTests : public testing::Test {
 protected:
  void SetUp() override {
    const Status ready = sandbox_ready();
    if (!ready.ok()) GTEST_SKIP() << ready.message();
    const auto pytest = run_in_sandbox({.words = {"python3", "-m", "pytest", "--version"}});
    if (!pytest.ok() || !pytest->passed()) GTEST_SKIP() << "no python3-pytest";
  }

  Result<ActionOutcome> write(const std::string& answers) {
    const std::string text = "def double(n):\n    return 2 * n\n";
    auto document = std::make_shared<workspace::Document>();
    document->path = "shop/maths.py";
    document->language = workspace::language_by_id("python");
    document->text = std::make_shared<const workspace::Text>(text);
    add("shop/maths.py", text);
    add("tests/test_maths.py", kThere);
    const auto engine = model_.engine(answers);
    SceneQueries queries;
    workspace::Parser parser;
    const ActionScene scene = make_scene({.document = document, .selection = {4, 10}},
                                         {.fills_in = true, .chats = true, .runs_code = true},
                                         index_, queries, parser, {});
    return write_tests(
        {.scene = scene, .engine = *engine, .folder = folder_.path(), .report = report_},
        {.bytes = {4, 10}});
  }
  void add(const std::string& path, const std::string& text) {
    folder_.write(path, text);
    index_file(index_, path, text);
  }

  static constexpr const char* kThere = "def test_one():\n    assert True\n";
  const ChatModelFolder model_;
  const workspace::TemporaryFolder folder_;
  workspace::BlockIndex index_;
  std::function<void(std::string)> report_ = [](const std::string&) {};
};

TEST_F(WriteTests, KeepsThoseOfAChatModelThatPass) {
  const auto outcome = write(
      R"_({"when": ["Write tests of `double`", "from shop.maths import double", "return 2 * n"],
           "text": "```python\ndef test_two():\n    assert double(2) == 4\n\n\ndef test_three():\n    assert double(3) == 5\n```"})_");
  ASSERT_TRUE(outcome.ok()) << outcome.status().message();
  EXPECT_TRUE(outcome->edits.empty());
  ASSERT_EQ(outcome->others.size(), 1u);
  const OtherFile& file = outcome->others[0];
  EXPECT_EQ(file.path, "tests/test_maths.py");
  EXPECT_EQ(file.before, kThere);
  ASSERT_EQ(file.edits.size(), 1u);
  EXPECT_EQ(file.edits[0].with,
            "\nfrom shop.maths import double\n\n\ndef test_two():\n    assert double(2) == 4\n");
  EXPECT_EQ(outcome->steps.back().focus, "checks: 1 of 2 tests pass");
}

TEST_F(WriteTests, AreStaleWhenTheTestFileChangesMeanwhile) {
  report_ = [&](const std::string&) { folder_.write("tests/test_maths.py", "# mine\n"); };
  const auto outcome =
      write(R"_({"text": "```python\ndef test_two():\n    assert double(2) == 4\n```"})_");
  EXPECT_EQ(outcome.status().code(), Code::kStale) << outcome.status().message();
}

TEST_F(WriteTests, KeepsNothingThatFailsOrHasNoCode) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"text": "```python\ndef test_two():\n    assert double(2) == 5\n```"})",
       "0 of 1 tests pass"},
      {R"({"text": "```python\ndef test_two():\n    assert double(2\n```"})", "parses"},
      {R"({"text": "```python\ndef test_two():\n    assert do", "ends": "limit"})", "cut off"},
      {R"({"text": ""})", "is empty"},
  };
  for (const auto& [answer, reason] : cases) {
    const Status status = write(answer).status();
    EXPECT_EQ(status.code(), Code::kNotFound);
    EXPECT_NE(status.message().find(reason), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace rondo::assist
