#include "engine/quantize.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "base/json.h"
#include "engine/model_config.h"
#include "engine/safetensors.h"
#include "engine/safetensors_writer.h"
#include "engine/weights.h"
#include "kernels/bf16.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string bf16_bytes(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) {
    const uint16_t bits = kernels::float_to_bf16(value);
    bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  return bytes;
}

std::string read_tensor(const Tensor& tensor) {
  return {reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size()};
}

// The smallest dense model: hidden 2, one head, one layer, no gates.
const char kConfig[] = R"({"zebra": [], "architectures": ["LlamaForCausalLM"],
  "vocab_size": 2, "hidden_size": 2, "num_hidden_layers": 1, "num_attention_heads": 1,
  "intermediate_size": 1, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
  "max_position_embeddings": 16, "tie_word_embeddings": true})";

std::vector<StoredTensor> small_model(const std::vector<float>& embedding) {
  const auto two_rows = bf16_bytes({1, 2, 3, 4});
  const std::string layer = "model.layers.0.";
  std::vector<StoredTensor> tensors = {
      {"model.embed_tokens.weight", "BF16", {2, 2}, bf16_bytes(embedding)},
      {"model.norm.weight", "BF16", {2}, bf16_bytes({5, 6})},
      {layer + "input_layernorm.weight", "F32", {2}, std::string(8, '\0')},
      {layer + "post_attention_layernorm.weight", "BF16", {2}, bf16_bytes({7, 8})},
      {layer + "mlp.gate_proj.weight", "BF16", {1, 2}, bf16_bytes({0, 0})},
      {layer + "mlp.up_proj.weight", "F32", {1, 2}, std::string("\0\0\x80\x3f\0\0\0\x3f", 8)},
      {layer + "mlp.down_proj.weight", "BF16", {2, 1}, bf16_bytes({-1, 0.5})},
  };
  for (const char* name : {"q", "k", "v", "o"}) {
    tensors.push_back({layer + "self_attn." + name + "_proj.weight", "BF16", {2, 2}, two_rows});
  }
  return tensors;
}

void write_model(const ScratchFolder& folder, const std::vector<StoredTensor>& tensors) {
  folder.write("config.json", kConfig);
  folder.write("model.safetensors", safetensors_file(tensors));
  folder.write("tokenizer_config.json", "{}");
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

TEST(Quantize, RoundsRowsAsStated) {
  ScratchFolder folder;
  // Row 1: 127 and half steps, which round to even. Row 2: a scale that is not a power of two.
  write_model(folder, small_model({127, 2.5, -3.f, 1}));
  folder.write("tokenizer.json", "[1]");
  folder.write("chat_template.jinja", "{{ messages }}");
  const std::string out = folder.path() + "/int8";
  std::vector<double> shares;
  const Status status =
      quantize_folder(folder.path(), out, [&](double share) { shares.push_back(share); });
  ASSERT_TRUE(status.ok()) << status.to_string();
  EXPECT_TRUE(std::ranges::is_sorted(shares));
  EXPECT_EQ(shares.back(), 1.0);

  const auto tensors = TensorFolder::open(out);
  ASSERT_TRUE(tensors.ok()) << tensors.status().to_string();
  const float scale = kernels::bf16_to_float(kernels::float_to_bf16(3.f / 127));
  const auto q = [](float w, float s) { return static_cast<char>(std::nearbyint(w / s)); };
  EXPECT_EQ(read_tensor(*tensors->tensor("model.embed_tokens.weight")),
            (std::string{127, 2, q(-3, scale), q(1, scale)}));
  EXPECT_EQ(read_tensor(*tensors->tensor("model.embed_tokens.weight_scale")),
            bf16_bytes({1, scale}));
  EXPECT_THAT(tensors->tensor("model.embed_tokens.weight_scale")->shape, ElementsAre(2, 1));
  EXPECT_EQ(read_tensor(*tensors->tensor("model.layers.0.mlp.gate_proj.weight_scale")),
            bf16_bytes({1}))
      << "a row of zeros";
  EXPECT_EQ(read_tensor(*tensors->tensor("model.layers.0.mlp.up_proj.weight")),
            (std::string{127, 64}))
      << "float32, 1 and 0.5";
  EXPECT_EQ(read_tensor(*tensors->tensor("model.norm.weight")), bf16_bytes({5, 6}));
  EXPECT_EQ(tensors->tensor("model.layers.0.input_layernorm.weight")->dtype, DType::kF32);

  EXPECT_EQ(read_file(out + "/tokenizer_config.json"), "{}");
  EXPECT_EQ(read_file(out + "/tokenizer.json"), "[1]");
  EXPECT_EQ(read_file(out + "/chat_template.jinja"), "{{ messages }}");
  EXPECT_THAT(read_file(out + "/config.json"), HasSubstr("{\n  \"zebra\": [],\n"));
  const auto config = ModelConfig::load(out);
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_EQ(config->weight_format, WeightFormat::kInt8Channel);
  const auto device = Device::cpu(kernels::reference_kernels(), 1);
  EXPECT_TRUE(Weights::load(out, *config, *device).ok());
}

TEST(Quantize, SubnormalRowsAreClamped) {
  ScratchFolder folder;
  const float tiny = std::numeric_limits<float>::denorm_min() * 0x1p16f;  // the smallest bf16
  write_model(folder, small_model({tiny * 150, -tiny * 150, tiny, 0}));
  const std::string out = folder.path() + "/int8";
  ASSERT_TRUE(quantize_folder(folder.path(), out, {}).ok());
  const auto tensors = TensorFolder::open(out);
  EXPECT_EQ(read_tensor(*tensors->tensor("model.embed_tokens.weight")),
            (std::string{127, -127, 0, 0}));
}

TEST(Quantize, RefusesAndLeavesNothingBehind) {
  ScratchFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  struct Case {
    std::vector<float> embedding;
    std::string output;
    const char* reason;
  };
  const std::string in = folder.path();
  const Case cases[] = {
      {{1, 2, infinity, 4}, in + "/int8", "not finite in row 1"},
      {{1, std::nanf(""), 3, 4}, in + "/int8", "not finite in row 0"},
      {{1, 2, 3, 4}, in + "/config.json", "exists already"},
      {{1, 2, 3, 4}, in + "/none/int8", "cannot make a folder beside"},
  };
  for (const auto& [embedding, output, reason] : cases) {
    write_model(folder, small_model(embedding));
    const auto before = names_in(in);
    const Status status = quantize_folder(in, output, {});
    EXPECT_THAT(status.message(), HasSubstr(reason));
    EXPECT_EQ(names_in(in), before) << reason;
  }
  write_model(folder, small_model({1, 2, 3, 4}));
  ASSERT_TRUE(quantize_folder(in, in + "/int8", {}).ok());
  EXPECT_THAT(quantize_folder(in + "/int8", in + "/again", {}).message(),
              HasSubstr("quantised already"));
  EXPECT_THAT(quantize_folder(in + "/empty", in + "/again", {}).message(),
              HasSubstr("not a model folder"));
  fs::remove(in + "/model.safetensors");
  EXPECT_THAT(quantize_folder(in, in + "/again", {}).message(), HasSubstr("neither"));
}

// Every file that is in both folders, byte by byte.
void expect_same_folder(const std::string& actual, const std::string& expected) {
  for (const std::string& name : names_in(actual)) {
    ASSERT_TRUE(fs::exists(expected + "/" + name)) << name;
    EXPECT_TRUE(read_file(actual + "/" + name) == read_file(expected + "/" + name)) << name;
  }
}

// scripts/oracle/quantize.py made the int8 folders.
TEST(Quantize, TinyModelsAreTheOraclesByteForByte) {
  for (const char* model : {"tiny-loop", "tiny-odd", "tiny-llama"}) {
    const std::string golden = std::string(RONDO_SOURCE_DIR "/tests/golden/") + model;
    ScratchFolder folder;
    const std::string out = folder.path() + "/int8";
    const Status status = quantize_folder(golden + "/bf16", out, {});
    ASSERT_TRUE(status.ok()) << status.to_string();
    EXPECT_THAT(names_in(out), Contains("model-00002-of-00002.safetensors"));
    expect_same_folder(out, golden + "/int8");
  }
}

TEST(Quantize, TheEmbeddedModelIsWhatItMakes) {
  const char* source = std::getenv("RONDO_BF16_MODEL");
  if (source == nullptr)
    GTEST_SKIP() << "set RONDO_BF16_MODEL to the bf16 folder of loopcoder-mini";
  ScratchFolder folder;
  const std::string out = folder.path() + "/int8";
  const Status status = quantize_folder(source, out, {});
  ASSERT_TRUE(status.ok()) << status.to_string();
  expect_same_folder(out, RONDO_SOURCE_DIR "/models/loopcoder-mini");
}

TEST(WriteShards, DealsEvenlyAndReadsBack) {
  std::mt19937 random(9);
  for (int round = 0; round < 50; ++round) {
    ScratchFolder folder;
    std::vector<TensorToWrite> tensors;
    const int64_t n_tensors = random() % 12;
    for (int64_t i = 0; i < n_tensors; ++i) {
      const int64_t n = random() % 40;
      tensors.push_back({"t" + std::to_string(random() % 1000 * 20 + i),
                         i % 2 == 0 ? DType::kI8 : DType::kF32,
                         {n},
                         [i](std::span<std::byte> out) {
                           std::ranges::fill(out, static_cast<std::byte>(i));
                           return Status();
                         }});
    }
    ASSERT_TRUE(write_shards(folder.path(), tensors, {.max_shard_bytes = 200}).ok());
    for (const std::string& name : names_in(folder.path())) {
      EXPECT_LT(fs::file_size(folder.path() + "/" + name), 200 + 4 * 160 + 2000);
    }
    if (n_tensors == 0) continue;
    const auto read = TensorFolder::open(folder.path());
    ASSERT_TRUE(read.ok()) << read.status().to_string();
    ASSERT_EQ(std::ssize(read->tensors()), n_tensors);
    for (int64_t i = 0; i < n_tensors; ++i) {
      const TensorToWrite& written = tensors[static_cast<size_t>(i)];
      const auto tensor = read->tensor(written.name, written.shape);
      ASSERT_TRUE(tensor.ok()) << tensor.status().to_string();
      EXPECT_EQ(read_tensor(*tensor),
                std::string(static_cast<size_t>(written.n_bytes()), static_cast<char>(i)));
    }
  }
}

TEST(WriteShards, AFullDiskIsAnError) {
  const Status status = write_file("/dev/full", std::string(100'000, 'x'));
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("cannot write /dev/full"));
}

}  // namespace
}  // namespace rondo::engine
