#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/cli/run.h"

namespace rondo::cli {
namespace {

using ::testing::HasSubstr;

TEST(PlanCommand, SaysWhatFitsAndHowFast) {
  const Outcome outcome = run_rondo(
      "plan --config iquest-40b-loop --weights bf16,int4 --context 32K --batch 1 --gpu "
      "h100,24:1000:100,h100+h100 --json");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.output;
  const auto json = parse_json(outcome.output, "the output");
  ASSERT_TRUE(json.ok()) << json.status().to_string();
  const Json& bf16 = (*json)["plans"][0]["rows"][0];
  EXPECT_EQ(bf16["context"], 32768);
  EXPECT_EQ(bf16["memory"]["active"], int64_t{32768} * 320 * 1024);
  EXPECT_EQ(bf16["kv_of_all_loops"], 2 * bf16["memory"]["active"].get<int64_t>());
  EXPECT_EQ(bf16["gpus"][0]["fits"], false);
  EXPECT_GT(bf16["gpus"][0]["missing_bytes"], 5e9);
  EXPECT_EQ(bf16["gpus"][2]["fits"], true);  // two of them
  EXPECT_EQ(bf16["gpus"][2]["layers"][0].get<int>() + bf16["gpus"][2]["layers"][1].get<int>(), 80);
  const Json& int4 = (*json)["plans"][1]["rows"][0]["gpus"];
  EXPECT_EQ(int4[0]["fits"], true);
  EXPECT_GT(int4[0]["step_shares"]["weights"], int4[0]["step_shares"]["kv"]);
  EXPECT_EQ(int4[1]["fits"], false);
}

TEST(PlanCommand, DescribesTheModelThatIsUsed) {
  const Outcome outcome =
      run_rondo("plan --model " RONDO_SOURCE_DIR "/models/loopcoder-mini --context 8K --batch 8");
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("as Segments that all sequences share"));
  EXPECT_THAT(outcome.output, HasSubstr("rtx-4090"));
}

TEST(PlanCommand, RefusalsSayWhatThereIs) {
  const auto refused = [](const std::string& arguments) {
    const Outcome outcome = run_rondo("plan " + arguments);
    EXPECT_NE(outcome.exit_code, 0) << arguments;
    return outcome.output;
  };
  EXPECT_THAT(refused("--config iquest-7b --gpu voodoo"), HasSubstr("known are b200"));
  EXPECT_THAT(refused("--config iquest-7b --gpu 24:fast:1"), HasSubstr("'fast' is no positive"));
  EXPECT_THAT(refused("--config iquest-7b --weights int3"), HasSubstr("bf16, int8 or int4"));
  EXPECT_THAT(refused("--config big"), HasSubstr("iquest-40b-loop"));
  EXPECT_THAT(refused("--config iquest-7b --batch 0"), HasSubstr("--batch"));
  EXPECT_THAT(refused("--config iquest-7b --gpu +"), HasSubstr("known as ''"));
}

}  // namespace
}  // namespace rondo::cli
