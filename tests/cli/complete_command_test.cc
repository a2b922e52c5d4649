#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/json.h"
#include "tests/cli/run.h"
#include "tests/engine/tiny_model.h"
#include "tests/workspace/temporary_folder.h"

namespace rondo::cli {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kMini = RONDO_SOURCE_DIR "/models/loopcoder-mini";

TEST(CompleteCommand, ReadsNoFileThatTheModelMustNotSee) {
  const workspace::TemporaryFolder folder;
  folder.write(".rondoignore", "private/\n");
  for (const char* path : {"private/a.py", ".env"}) {
    folder.write(path, "x = 1\n");
    const std::string file = (folder.path() / path).string();
    const Outcome outcome =
        run_rondo("complete " + file + ":1:5 --workspace " + folder.path().string());
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.output, HasSubstr(file));
    EXPECT_THAT(outcome.output, HasSubstr("it is not read"));
  }
}

TEST(CompleteCommand, AnswersFromAScript) {
  const workspace::TemporaryFolder folder;
  folder.write("a.py", "def area(w, h):\n    return \n");
  folder.write("answers.json", R"({"answers": [{"when": "def area", "text": "h * w"}]})");
  folder.write("broken.json", "{}");
  const std::string path = folder.path().string();
  const std::string place = "complete " + path + "/a.py:2:12 --script " + path;
  EXPECT_EQ(run_rondo(place + "/answers.json").output, "h * w\n");
  const Outcome broken = run_rondo(place + "/broken.json");
  EXPECT_THAT(broken.output, HasSubstr("broken.json: a script is an object"));
  EXPECT_THAT(broken.output, Not(HasSubstr("model")));
}

// Random weights, and the marks that Qwen2.5-Coder has.
TEST(CompleteCommand, RunsAModelWithATokenizerJson) {
  const engine::ScratchFolder model;
  engine::write_tiny_model(model, 1);
  std::filesystem::remove(model.path() + "/tokenizer.model");
  std::filesystem::copy_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/byte_level.json",
                             model.path() + "/tokenizer.json");
  const workspace::TemporaryFolder folder;
  folder.write("a.py", "def return_value(x):\n    retu\n    print(\"\u6570\")\n");
  const std::string path = folder.path().string();
  const Outcome outcome = run_rondo("complete " + path + "/a.py:2:9 --json --workspace " + path +
                                    " --model " + model.path());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  const Json json = parse_json(outcome.output, "the answer").value();
  EXPECT_GT(json["prompt_tokens"], 20) << json;
  EXPECT_FALSE(json["tokens"].empty()) << json;
}

// One sentence about `named` with `reason` and what to do.
void expect_refusal(const Outcome& outcome, const std::string& named, const std::string& reason) {
  EXPECT_THAT(outcome.exit_code, AnyOf(1, 2)) << outcome.output;
  EXPECT_THAT(outcome.output, StartsWith("rondo: "));
  EXPECT_EQ(std::ranges::count(outcome.output, '\n'), 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr(named));
  EXPECT_THAT(outcome.output, HasSubstr(reason));
}

struct BadPlace {
  const char* place;
  const char* named;
  const char* reason;
};

const BadPlace kBadPlaces[] = {
    {"none.py:1:1", "none.py", "No such file or directory; name a file"},
    {"folder:1:1", "folder", "not a regular file; name a text file"},
    {"binary.py:1:1", "binary.py", "binary; name a text file"},
    {"huge.py:1:1", "huge.py", "more than 4194304; name a text file of at most 4 MiB"},
    {"good.py:4:1", "good.py", "no line 4; choose one from 1 to 3"},
    {"good.py:99999999999:1", "good.py", "no line 99999999999; choose"},
    {"good.py:1:7", "line 1 of good.py", "no column 7; choose one from 1 to 6"},
    {"good.py:2:7", "line 2 of good.py", "inside a character, which begins at column 6"},
    {"good.py:0:1", "good.py:0:1", "is not FILE:LINE:COLUMN, for example"},
    {"good.py:1:-1", "good.py:1:-1", "is not FILE:LINE:COLUMN, for example"},
    {"good.py:99999999999999999999:1", "good.py", "is not FILE:LINE:COLUMN, for example"},
    {"good.py", "good.py", "is not FILE:LINE:COLUMN, for example"},
    {"good.py:1:1 --workspace none", "none",
     "No such file or directory; name one with --workspace"},
    {"good.py:1:1 --workspace good.py", "good.py", "is no folder"},
    {"good.py:1:1 --workspace folder", "good.py", "is not inside the workspace"},
};

TEST(CompleteCommand, RefusesAPlaceThatIsNoneInOneSentence) {
  const workspace::TemporaryFolder folder;
  folder.write("good.py", "x = 1\ny = '\u00e9'\n");
  folder.write("binary.py", std::string("x = 1\0\n", 7));
  std::filesystem::create_directory(folder.path() / "folder");
  // One line, sparse: no machine has the memory to read it.
  folder.write("huge.py", "x");
  std::filesystem::resize_file(folder.path() / "huge.py", int64_t{200} << 30);
  for (const BadPlace& bad : kBadPlaces) {
    SCOPED_TRACE(bad.place);
    expect_refusal(run_rondo(std::string("complete ") + bad.place, folder.path().string()),
                   bad.named, bad.reason);
  }
  // Beside such files a good one is completed.
  const Outcome good = run_rondo("complete good.py:2:6 --max-tokens 1", folder.path().string());
  EXPECT_EQ(good.exit_code, 0) << good.output;
}

// The embedded model with one file in place of its own, or without it.
struct BadModel {
  const char* name;
  const char* file;
  std::optional<std::string> bytes;
  const char* reason;
};

std::string with(const std::string& file, const std::string& key, const Json& value) {
  Json config = *parse_json(engine::read_file(kMini + "/" + file), file);
  EXPECT_TRUE(config.contains(key)) << key;
  config[key] = value;
  return dump_json(config);
}

TEST(CompleteCommand, RefusesAModelThatIsNoneInOneSentence) {
  const std::string shard = "model-00001-of-00002.safetensors";
  const BadModel models[] = {
      {"no configuration", "config.json", {}, "is not a model folder"},
      {"broken configuration", "config.json", "{", "config.json is not valid JSON"},
      {"lying configuration", "config.json", with("config.json", "intermediate_size", 64), "mlp"},
      {"endless vocabulary", "config.json", with("config.json", "vocab_size", 1 << 30),
       "\"vocab_size\""},
      {"a marker that is none", "generation_config.json",
       with("generation_config.json", "fim_prefix_token_id", 500),
       "500 is fim_prefix, but it is no special token"},
      {"no tokenizer", "tokenizer.model", {}, "tokenizer.model"},
      {"broken tokenizer", "tokenizer.model", "x", "is not a SentencePiece model"},
      {"missing weights", shard.c_str(), {}, "a shard that is not there"},
      {"empty weights", shard.c_str(), "", "empty or truncated"},
      {"truncated weights", shard.c_str(),
       engine::read_file(kMini + "/" + shard).substr(0, 1'000'000), "truncated"},
      {"lying weights", shard.c_str(), engine::safetensors_file("{}", ""), "but it does not"},
  };
  for (const BadModel& bad : models) {
    SCOPED_TRACE(bad.name);
    const workspace::TemporaryFolder folder;
    folder.write("good.py", "x = 1\n");
    std::filesystem::create_directory(folder.path() / "model");
    for (const auto& entry : std::filesystem::directory_iterator(kMini)) {
      const std::filesystem::path name = entry.path().filename();
      if (name != bad.file) create_symlink(entry.path(), folder.path() / "model" / name);
    }
    if (bad.bytes) folder.write(std::filesystem::path("model") / bad.file, *bad.bytes);
    const Outcome outcome = run_rondo("complete good.py:1:5 --model model", folder.path().string());
    expect_refusal(outcome, "model", bad.reason);
    EXPECT_THAT(outcome.output, HasSubstr("; get the model again, or name another with --model"));
  }
}

TEST(CompleteCommand, RefusesAMachineThatIsNotThere) {
  const workspace::TemporaryFolder folder;
  folder.write("good.py", "x = 1\n");
  for (const char* option : {"--kernels abacus", "--threads 0.5", "--threads 1000000"}) {
    const Outcome outcome =
        run_rondo("complete good.py:1:5 " + std::string(option), folder.path().string());
    EXPECT_THAT(outcome.exit_code, AnyOf(1, 2)) << option;
    EXPECT_THAT(outcome.output, AnyOf(HasSubstr("abacus"), HasSubstr("--threads"))) << option;
  }
}

}  // namespace
}  // namespace rondo::cli
