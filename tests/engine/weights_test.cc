#include "engine/weights.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "kernels/bf16.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

// Odd on purpose: no dimension is a multiple of a vector.
ModelConfig odd_config() {
  ModelConfig config;
  config.architecture = Architecture::kLoopCoder;
  config.vocab_size = 19;
  config.hidden_size = 10;
  config.n_layers = 2;
  config.n_heads = 3;
  config.n_kv_heads = 1;
  config.head_dim = 6;
  config.intermediate_size = 7;
  config.n_loops = 2;
  config.loop_window = 4;
  config.max_positions = 64;
  config.tied_embeddings = true;
  return config;
}

// The same without loops.
ModelConfig dense_config() {
  ModelConfig config = odd_config();
  config.architecture = Architecture::kLlama;
  config.n_loops = 1;
  return config;
}

std::string bf16_bytes(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) {
    const uint16_t bits = kernels::float_to_bf16(value);
    bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  return bytes;
}

std::string f32_bytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Exact for multiples of 2^-8 below 8: all that these tests store.
std::string f16_bytes(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) {
    int exponent = 0;
    const float fraction = std::frexp(std::fabs(value), &exponent);
    uint16_t bits = value < 0 ? 0x8000 : 0;
    if (value != 0) {
      bits |= static_cast<uint16_t>((exponent + 14) << 10 |
                                    (static_cast<int>(fraction * 2048) & 0x3ff));
    }
    bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  return bytes;
}

// A checkpoint in memory: tests change entries, then write it.
struct Checkpoint {
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::vector<float>> values;  // what each float tensor or int8 matrix means

  void add(const std::string& name, std::vector<int64_t> shape, std::mt19937& random) {
    int64_t n = 1;
    for (const int64_t dim : shape) n *= dim;
    std::vector<float>& numbers = values[name];
    for (int64_t i = 0; i < n; ++i) {
      numbers.push_back(static_cast<float>(static_cast<int>(random() % 255) - 127) / 64);
    }
    tensors[name] = {name, "BF16", std::move(shape), bf16_bytes(numbers)};
  }
  void write(const ScratchFolder& folder) const {
    std::vector<StoredTensor> list;
    for (const auto& [name, tensor] : tensors) list.push_back(tensor);
    folder.write("model.safetensors", safetensors_file(list));
  }
};

Checkpoint make_checkpoint(const ModelConfig& config) {
  std::mt19937 random(5);
  Checkpoint checkpoint;
  const int64_t hidden = config.hidden_size, ffn = config.intermediate_size;
  const int64_t q = config.n_heads * config.head_dim, kv = config.n_kv_heads * config.head_dim;
  checkpoint.add("model.embed_tokens.weight", {config.vocab_size, hidden}, random);
  checkpoint.add("model.norm.weight", {hidden}, random);
  if (!config.tied_embeddings) {
    checkpoint.add("lm_head.weight", {config.vocab_size, hidden}, random);
  }
  for (int layer = 0; layer < config.n_layers; ++layer) {
    const std::string name = "model.layers." + std::to_string(layer) + ".";
    checkpoint.add(name + "input_layernorm.weight", {hidden}, random);
    checkpoint.add(name + "post_attention_layernorm.weight", {hidden}, random);
    checkpoint.add(name + "self_attn.q_proj.weight", {q, hidden}, random);
    checkpoint.add(name + "self_attn.k_proj.weight", {kv, hidden}, random);
    checkpoint.add(name + "self_attn.v_proj.weight", {kv, hidden}, random);
    if (config.qkv_bias) {
      checkpoint.add(name + "self_attn.q_proj.bias", {q}, random);
      checkpoint.add(name + "self_attn.k_proj.bias", {kv}, random);
      checkpoint.add(name + "self_attn.v_proj.bias", {kv}, random);
    }
    checkpoint.add(name + "self_attn.o_proj.weight", {hidden, q}, random);
    checkpoint.add(name + "mlp.gate_proj.weight", {ffn, hidden}, random);
    checkpoint.add(name + "mlp.up_proj.weight", {ffn, hidden}, random);
    checkpoint.add(name + "mlp.down_proj.weight", {hidden, ffn}, random);
    if (config.architecture == Architecture::kLoopCoder) {
      const std::string gate = "model.gate_projections." + std::to_string(layer) + ".";
      checkpoint.add(gate + "weight", {config.n_heads, config.head_dim}, random);
      checkpoint.add(gate + "bias", {config.n_heads}, random);
    }
  }
  return checkpoint;
}

// Turns every matrix but the gates into I8 with a power of two as each row's scale.
void make_int8(Checkpoint& checkpoint) {
  for (auto& [name, numbers] : checkpoint.values) {
    StoredTensor& tensor = checkpoint.tensors[name];
    if (tensor.shape.size() != 2 || name.find("gate_projections") != name.npos) continue;
    std::vector<float> scales;
    std::string bytes;
    for (int64_t row = 0; row < tensor.shape[0]; ++row) {
      scales.push_back(row % 2 == 0 ? 1.f / 64 : 1.f / 32);
      for (int64_t i = 0; i < tensor.shape[1]; ++i) {
        float& value = numbers[static_cast<size_t>(row * tensor.shape[1] + i)];
        const auto q = static_cast<int8_t>(value * 64);
        bytes += static_cast<char>(q);
        value = q * scales.back();
      }
    }
    tensor.dtype = "I8";
    tensor.bytes = bytes;
    checkpoint.tensors[name + "_scale"] = {
        name + "_scale", "BF16", {tensor.shape[0], 1}, bf16_bytes(scales)};
  }
}

Device& reference_device() {
  static const auto device = Device::cpu(kernels::reference_kernels(), 1);
  return *device;
}

Result<Weights> load(const Checkpoint& checkpoint, const ModelConfig& config) {
  ScratchFolder folder;
  checkpoint.write(folder);
  return Weights::load(folder.path(), config, reference_device());
}

// The rows of a packed matrix, one product with a unit vector a column.
std::vector<float> unpack(const kernels::PackedMatrix& matrix) {
  std::vector<float> rows(static_cast<size_t>(matrix.n) * matrix.k);
  std::vector<float> x(static_cast<size_t>(matrix.k)), column(static_cast<size_t>(matrix.n));
  for (int32_t k = 0; k < matrix.k; ++k) {
    std::ranges::fill(x, 0.f);
    x[static_cast<size_t>(k)] = 1;
    const int code = kernels::reference_kernels().linear({.x = x.data(),
                                                          .x_stride = matrix.k,
                                                          .weight = matrix,
                                                          .out = column.data(),
                                                          .out_stride = matrix.n,
                                                          .n_rows = 1},
                                                         {});
    EXPECT_EQ(code, 0);
    for (int32_t n = 0; n < matrix.n; ++n) rows[n * matrix.k + k] = column[n];
  }
  return rows;
}

std::vector<float> joined(const Checkpoint& checkpoint, const std::vector<std::string>& names) {
  std::vector<float> rows;
  for (const std::string& name : names) {
    const auto& values = checkpoint.values.at(name);
    rows.insert(rows.end(), values.begin(), values.end());
  }
  return rows;
}

void expect_holds(const Weights& weights, const Checkpoint& checkpoint, const ModelConfig& config) {
  const auto rows = [&](const std::vector<std::string>& names) {
    return joined(checkpoint, names);
  };
  ASSERT_EQ(std::ssize(weights.layers()), config.n_layers);
  for (int i = 0; i < config.n_layers; ++i) {
    const LayerWeights& layer = weights.layers()[static_cast<size_t>(i)];
    const std::string name = "model.layers." + std::to_string(i) + ".";
    EXPECT_EQ(unpack(layer.qkv),
              rows({name + "self_attn.q_proj.weight", name + "self_attn.k_proj.weight",
                    name + "self_attn.v_proj.weight"}));
    if (config.qkv_bias) {
      EXPECT_THAT(layer.qkv_bias, ElementsAreArray(rows({name + "self_attn.q_proj.bias",
                                                         name + "self_attn.k_proj.bias",
                                                         name + "self_attn.v_proj.bias"})));
    } else {
      EXPECT_TRUE(layer.qkv_bias.empty());
    }
    EXPECT_EQ(unpack(layer.o), rows({name + "self_attn.o_proj.weight"}));
    EXPECT_EQ(unpack(layer.gate_up),
              rows({name + "mlp.gate_proj.weight", name + "mlp.up_proj.weight"}));
    EXPECT_EQ(unpack(layer.down), rows({name + "mlp.down_proj.weight"}));
    EXPECT_THAT(layer.input_norm, ElementsAreArray(rows({name + "input_layernorm.weight"})));
    EXPECT_THAT(layer.post_norm,
                ElementsAreArray(rows({name + "post_attention_layernorm.weight"})));
    const std::string gate = "model.gate_projections." + std::to_string(i) + ".";
    if (config.architecture == Architecture::kLoopCoder) {
      EXPECT_THAT(layer.loop_gate, ElementsAreArray(rows({gate + "weight"})));
      EXPECT_THAT(layer.loop_gate_bias, ElementsAreArray(rows({gate + "bias"})));
    } else {
      EXPECT_TRUE(layer.loop_gate.empty());
    }
    for (const auto* matrix : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(matrix->data) % 64, 0u);
    }
  }
  EXPECT_THAT(weights.final_norm(), ElementsAreArray(rows({"model.norm.weight"})));
  const char* head = config.tied_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  EXPECT_EQ(unpack(weights.head()), rows({head}));

  std::vector<int32_t> ids;
  for (int32_t id = 0; id < config.vocab_size; ++id) ids.push_back(id);
  std::vector<float> x(static_cast<size_t>(config.vocab_size) * config.hidden_size);
  EXPECT_EQ(kernels::reference_kernels().embed({.ids = ids.data(),
                                                .table = weights.embedding(),
                                                .x = x.data(),
                                                .n_rows = config.vocab_size},
                                               {}),
            0);
  EXPECT_EQ(x, rows({"model.embed_tokens.weight"}));
}

TEST(Weights, PacksALoopModel) {
  const ModelConfig config = odd_config();
  const Checkpoint checkpoint = make_checkpoint(config);
  const auto weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  expect_holds(*weights, checkpoint, config);
}

TEST(Weights, PacksADenseModelWithItsOwnHead) {
  ModelConfig config = dense_config();
  config.tied_embeddings = false;
  Checkpoint checkpoint = make_checkpoint(config);
  checkpoint.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {
      "model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {1}, f32_bytes({1})};
  const auto weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  expect_holds(*weights, checkpoint, config);
}

TEST(Weights, ReadsTheBiasesOfQueriesKeysAndValues) {
  ModelConfig config = dense_config();
  config.qkv_bias = true;
  Checkpoint checkpoint = make_checkpoint(config);
  auto weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  expect_holds(*weights, checkpoint, config);
  config.weight_format = WeightFormat::kInt8Channel;
  make_int8(checkpoint);
  weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  expect_holds(*weights, checkpoint, config);

  checkpoint.tensors.erase("model.layers.1.self_attn.v_proj.bias");
  EXPECT_THAT(load(checkpoint, config).status().message(),
              HasSubstr("no tensor \"model.layers.1.self_attn.v_proj.bias\""));
}

TEST(Weights, PacksInt8WithScalesOfEveryForm) {
  ModelConfig config = odd_config();
  config.weight_format = WeightFormat::kInt8Channel;
  Checkpoint checkpoint = make_checkpoint(config);
  make_int8(checkpoint);
  auto weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  EXPECT_EQ(weights->head().type, kernels::WeightType::kInt8);
  expect_holds(*weights, checkpoint, config);
  const Hash128 digest = weights->digest();

  for (auto& [name, tensor] : checkpoint.tensors) {
    if (!name.ends_with("_scale")) continue;
    std::vector<float> scales;
    for (size_t i = 0; i < tensor.bytes.size() / 2; ++i) {
      scales.push_back(kernels::load_bf16(tensor.bytes.data(), static_cast<int64_t>(i)));
    }
    tensor.dtype = "F32";
    tensor.shape = {tensor.shape[0]};
    tensor.bytes = f32_bytes(scales);
  }
  weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  expect_holds(*weights, checkpoint, config);
  EXPECT_NE(weights->digest(), digest);
}

TEST(Weights, MatricesLeftInBf16BesideInt8AreKept) {
  ModelConfig config = odd_config();
  config.weight_format = WeightFormat::kInt8Channel;
  Checkpoint checkpoint = make_checkpoint(config);
  Checkpoint int8 = checkpoint;
  make_int8(int8);
  for (const char* name :
       {"model.layers.1.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight_scale"}) {
    checkpoint.tensors[name] = int8.tensors[name];
  }
  checkpoint.values["model.layers.1.mlp.down_proj.weight"] =
      int8.values["model.layers.1.mlp.down_proj.weight"];
  const auto weights = load(checkpoint, config);
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  expect_holds(*weights, checkpoint, config);
}

TEST(Weights, ConvertsOtherFloatTypes) {
  const ModelConfig config = odd_config();
  for (const char* dtype : {"F16", "F32"}) {
    Checkpoint checkpoint = make_checkpoint(config);
    for (auto& [name, tensor] : checkpoint.tensors) {
      tensor.dtype = dtype;
      const auto& values = checkpoint.values[name];
      tensor.bytes = tensor.dtype == "F16" ? f16_bytes(values) : f32_bytes(values);
    }
    const auto weights = load(checkpoint, config);
    ASSERT_TRUE(weights.ok()) << weights.status().to_string();
    expect_holds(*weights, checkpoint, config);
  }
  Checkpoint fine = make_checkpoint(config);
  StoredTensor& head = fine.tensors["model.embed_tokens.weight"];
  head.dtype = "F32";
  head.bytes = f32_bytes(std::vector<float>(190, 1.00390625f));  // halfway: rounds to even, 1.0
  const auto weights = load(fine, config);
  ASSERT_TRUE(weights.ok());
  EXPECT_EQ(unpack(weights->head()), std::vector<float>(190, 1.f));
}

TEST(Weights, DigestFollowsNamesShapesAndBytesButNotShards) {
  const ModelConfig config = odd_config();
  Checkpoint checkpoint = make_checkpoint(config);
  const Hash128 digest = load(checkpoint, config)->digest();
  EXPECT_EQ(load(checkpoint, config)->digest(), digest);

  ScratchFolder shards;
  std::vector<StoredTensor> halves[2];
  std::string index;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    const size_t half = halves[0].size() > halves[1].size() ? 1 : 0;
    halves[half].push_back(tensor);
    index += (index.empty() ? "\"" : ",\"") + name + "\":\"" + std::to_string(half) + "\"";
  }
  for (const size_t half : {0, 1})
    shards.write(std::to_string(half), safetensors_file(halves[half]));
  shards.write("model.safetensors.index.json", "{\"weight_map\":{" + index + "}}");
  const auto sharded = Weights::load(shards.path(), config, reference_device());
  ASSERT_TRUE(sharded.ok()) << sharded.status().to_string();
  EXPECT_EQ(sharded->digest(), digest);

  checkpoint.tensors["model.norm.weight"].bytes[0] ^= 1;
  EXPECT_NE(load(checkpoint, config)->digest(), digest);
}

TEST(Weights, EveryWrongTensorIsNamedWithItsReason) {
  const ModelConfig config = odd_config();
  const Checkpoint good = make_checkpoint(config);
  for (const auto& [name, tensor] : good.tensors) {
    Checkpoint bad = good;
    bad.tensors.erase(name);
    auto weights = load(bad, config);
    ASSERT_FALSE(weights.ok()) << name;
    EXPECT_THAT(weights.status().message(), HasSubstr("no tensor \"" + name + "\""));

    bad = good;
    bad.tensors[name].shape.push_back(1);
    weights = load(bad, config);
    ASSERT_FALSE(weights.ok()) << name;
    EXPECT_THAT(weights.status().message(), HasSubstr("\"" + name + "\" has shape "));

    bad = good;
    bad.tensors[name].dtype = "I32";
    bad.tensors[name].bytes += tensor.bytes;
    weights = load(bad, config);
    ASSERT_FALSE(weights.ok()) << name;
    EXPECT_THAT(weights.status().message(), HasSubstr("\"" + name + "\" has dtype I32"));
  }
}

TEST(Weights, RefusesWhatConfigDoesNotDescribe) {
  ModelConfig config = odd_config();
  const Checkpoint loop = make_checkpoint(config);
  Checkpoint extra = loop;
  extra.tensors["model.layers.0.self_attn.q_proj.bias"] = {
      "model.layers.0.self_attn.q_proj.bias", "BF16", {1}, "xx"};
  EXPECT_THAT(load(extra, config).status().message(),
              HasSubstr("q_proj.bias\", which config.json's architecture does not have"));

  Checkpoint int8 = loop;
  make_int8(int8);
  EXPECT_THAT(load(int8, config).status().message(), HasSubstr("no quantization_config"));
  config.weight_format = WeightFormat::kInt8Channel;
  Checkpoint mixed = int8;
  const std::string k = "model.layers.0.self_attn.k_proj.weight";
  mixed.tensors[k] = loop.tensors.at(k);
  EXPECT_THAT(load(mixed, config).status().message(), HasSubstr(k));
  EXPECT_THAT(load(mixed, config).status().message(), HasSubstr("the type of the rows before it"));
  Checkpoint unscaled = int8;
  unscaled.tensors.erase(k + "_scale");
  EXPECT_THAT(load(unscaled, config).status().message(),
              HasSubstr("no tensor \"" + k + "_scale\""));

  config = dense_config();
  EXPECT_THAT(load(loop, config).status().message(), HasSubstr("the weights are of a LoopCoder"));
}

TEST(Weights, RandomOnesOfFourBitsLeaveTheHeadInBf16) {
  ModelConfig config = odd_config();
  config.weight_format = WeightFormat::kInt4Group;
  const auto weights = Weights::random(config, reference_device());
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  EXPECT_EQ(weights->layers()[0].down.type, kernels::WeightType::kInt4);
  EXPECT_EQ(weights->head().type, kernels::WeightType::kBf16);
}

TEST(Weights, RandomLayersCanBeOneOfAllLayers) {
  ModelConfig config = odd_config();
  config.n_layers = 5;
  const auto shared = Weights::random(config, reference_device(), RandomLayers::kShared);
  ASSERT_TRUE(shared.ok()) << shared.status().to_string();
  ASSERT_EQ(shared->layers().size(), 5u);
  EXPECT_EQ(shared->layers()[4].down.data, shared->layers()[0].down.data);
  EXPECT_NE(shared->layers()[0].down.data, nullptr);
  config.n_layers = 1;
  EXPECT_EQ(shared->packed_bytes(), Weights::random(config, reference_device())->packed_bytes());
}

TEST(Weights, LoadsTheEmbeddedModel) {
  const std::string folder = RONDO_SOURCE_DIR "/models/loopcoder-mini";
  const auto config = ModelConfig::load(folder);
  ASSERT_TRUE(config.ok());
  const auto weights = Weights::load(folder, *config, reference_device());
  ASSERT_TRUE(weights.ok()) << weights.status().to_string();
  EXPECT_EQ(weights->layers().size(), 10u);
  EXPECT_EQ(weights->layers()[0].qkv.n, config->qkv_dim());
  EXPECT_EQ(weights->head().n, config->vocab_size);
  EXPECT_EQ(weights->embedding().type, kernels::WeightType::kInt8);
  EXPECT_GT(weights->packed_bytes(), 54'000'000);
}

}  // namespace
}  // namespace rondo::engine
