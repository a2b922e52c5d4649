#include <gmock/gmock.h>

#include "base/json.h"
#include "tests/cli/run.h"
#include "tests/engine/model_folder.h"

namespace rondo::cli {
namespace {

using ::testing::HasSubstr;

const std::string kMini = RONDO_SOURCE_DIR "/models/loopcoder-mini";

TEST(ModelCommand, InspectSaysWhatAModelIs) {
  const Outcome text = run_rondo("model inspect " + kMini);
  EXPECT_EQ(text.exit_code, 0) << text.output;
  EXPECT_THAT(text.output, HasSubstr("LoopCoder, 10 layers run 2 times"));
  EXPECT_THAT(text.output, HasSubstr("yes, suffix-first"));

  const Outcome json = run_rondo("model inspect --json " + kMini);
  EXPECT_EQ(json.exit_code, 0) << json.output;
  const auto model = parse_json(json.output, "the output");
  ASSERT_TRUE(model.ok()) << model.status().to_string();
  EXPECT_EQ((*model)["weights"], "int8");
  EXPECT_EQ((*model)["parameters"], 54'742'500);
  EXPECT_EQ((*model)["kv_bytes_per_token"], 5120);
  EXPECT_EQ((*model)["fim"]["order"], "suffix-first");
  EXPECT_EQ((*model)["segments"]["max_tokens"], 772);
}

TEST(ModelCommand, RefusalsSayWhyAndSetTheExitCode) {
  engine::ScratchFolder folder;
  const Outcome none = run_rondo("model inspect " + folder.path());
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.output, HasSubstr(folder.path() + " is not a model folder"));

  const Outcome twice = run_rondo("model quantize " + kMini + " " + folder.path() + "/out");
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_THAT(twice.output, HasSubstr("is quantised already"));
  EXPECT_EQ(run_rondo("model").exit_code, 2);
  EXPECT_EQ(run_rondo("model quantize " + kMini).exit_code, 2);

  // Weights that are not config.json's are found without loading the model.
  for (const auto& entry : std::filesystem::directory_iterator(kMini)) {
    std::filesystem::copy(entry.path(), folder.path() + "/" + entry.path().filename().string());
  }
  Json config = *parse_json(engine::read_file(kMini + "/config.json"), "config.json");
  config["num_hidden_layers"] = 11;
  folder.write("config.json", dump_json(config));
  const Outcome other = run_rondo("model inspect " + folder.path());
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.output, HasSubstr("no tensor \"model.layers.10.input_layernorm.weight\""));
}

}  // namespace
}  // namespace rondo::cli
