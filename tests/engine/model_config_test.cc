#include "engine/model_config.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "engine/tokenizer.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kMini = RONDO_SOURCE_DIR "/models/loopcoder-mini";

// The dense 7B shape of the family, as published.
Json iquest_7b() {
  return *parse_json(R"({
    "architectures": ["IQuestCoderForCausalLM"], "model_type": "iquestcoder",
    "num_hidden_layers": 14, "hidden_size": 5120, "intermediate_size": 27648,
    "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 76800,
    "rope_theta": 500000.0, "rope_scaling": null, "rms_norm_eps": 1e-5,
    "max_position_embeddings": 131072, "hidden_act": "silu", "tie_word_embeddings": false,
    "attention_bias": false, "mlp_bias": false, "clip_qkv": null, "use_sliding_window": false,
    "sliding_window": null, "max_window_layers": 0, "pretraining_tp": 1, "bos_token_id": 1,
    "eos_token_id": [2, 75864, 75869], "torch_dtype": "bfloat16"})",
                     "test");
}

// As published.
Json qwen_coder_half_b() {
  return *parse_json(R"({
    "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
    "eos_token_id": 151643, "hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02,
    "intermediate_size": 4864, "max_position_embeddings": 32768, "max_window_layers": 24,
    "model_type": "qwen2", "num_attention_heads": 14, "num_hidden_layers": 24,
    "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_scaling": null,
    "rope_theta": 1000000.0, "sliding_window": null, "tie_word_embeddings": true,
    "torch_dtype": "bfloat16", "use_cache": true, "use_sliding_window": false,
    "vocab_size": 151936})",
                     "test");
}

Json loop_40b() {
  Json json = iquest_7b();
  json["architectures"] = {"IQuestLoopCoderForCausalLM"};
  json["num_hidden_layers"] = 80;
  json["loop_num"] = 2;
  json["loop_window_size"] = 64;
  json.erase("rope_scaling");
  return json;
}

Result<ModelConfig> load(const Json& config, const std::string& generation_config = "") {
  ScratchFolder folder;
  folder.write("config.json", dump_json(config));
  if (!generation_config.empty()) folder.write("generation_config.json", generation_config);
  return ModelConfig::load(folder.path());
}

TEST(ModelConfig, ReadsTheEmbeddedModel) {
  const auto config = ModelConfig::load(kMini);
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_EQ(config->architecture, Architecture::kLoopCoder);
  EXPECT_EQ(config->weight_format, WeightFormat::kInt8Channel);
  EXPECT_EQ(config->vocab_size, 16384);
  EXPECT_EQ(config->hidden_size, 640);
  EXPECT_EQ(config->n_layers, 10);
  EXPECT_EQ(config->n_heads, 10);
  EXPECT_EQ(config->n_kv_heads, 2);
  EXPECT_EQ(config->head_dim, 64);
  EXPECT_EQ(config->qkv_dim(), 896);
  EXPECT_EQ(config->intermediate_size, 1792);
  EXPECT_EQ(config->n_loops, 2);
  EXPECT_EQ(config->loop_window, 64);
  EXPECT_EQ(config->max_positions, 8192);
  EXPECT_EQ(config->rms_norm_eps, 1e-5f);
  EXPECT_EQ(config->rope_theta, 500'000.f);
  EXPECT_TRUE(config->tied_embeddings);
  EXPECT_THAT(config->stop_tokens, ElementsAre(1, 2, 4, 5, 7, 8, 9));
  EXPECT_EQ(config->max_new_tokens, 64);
  ASSERT_TRUE(config->segment);
  EXPECT_EQ(config->segment->active_position_offset, 1024);
  EXPECT_EQ(config->segment->block_token, 8);
  EXPECT_EQ(config->segment->anchor_token, 9);
  EXPECT_EQ(config->segment->anchors_per_segment, 4);
  EXPECT_EQ(config->segment->max_segment_tokens, 772);
  ASSERT_TRUE(config->fim);
  EXPECT_EQ(config->fim->prefix_token, 2);
  EXPECT_EQ(config->fim->middle_token, 3);
  EXPECT_EQ(config->fim->suffix_token, 4);
  EXPECT_EQ(config->fim->file_sep_token, 7);
  EXPECT_EQ(config->fim->order, FimOrder::kSuffixFirst);

  auto tokenizer = Tokenizer::load(kMini);
  ASSERT_TRUE(tokenizer.ok());
  ModelConfig resolved = *config;
  EXPECT_TRUE(resolve_special_tokens(resolved, *tokenizer).ok());
  EXPECT_EQ(resolved.stop_tokens, config->stop_tokens);
}

TEST(ModelConfig, ReadsTheDenseFamilyAndItsDefaults) {
  const auto config = load(iquest_7b(), R"({"eos_token_id": [75869, 2, 75864, 2]})");
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_EQ(config->architecture, Architecture::kLlama);
  EXPECT_EQ(config->weight_format, WeightFormat::kBf16);
  EXPECT_EQ(config->n_loops, 1);
  EXPECT_FALSE(config->segment);
  EXPECT_FALSE(config->fim);
  EXPECT_THAT(config->stop_tokens, ElementsAre(2, 75864, 75869));

  Json llama = iquest_7b();
  llama["architectures"] = {"LlamaForCausalLM"};
  for (const char* key : {"head_dim", "num_key_value_heads", "tie_word_embeddings", "eos_token_id",
                          "rope_scaling", "hidden_act", "attention_bias"}) {
    llama.erase(key);
  }
  const auto plain = load(llama);
  ASSERT_TRUE(plain.ok()) << plain.status().to_string();
  EXPECT_EQ(plain->head_dim, 128);
  EXPECT_EQ(plain->n_kv_heads, 40);
  EXPECT_TRUE(plain->stop_tokens.empty());
  EXPECT_NE(plain->digest, config->digest);
}

TEST(ModelConfig, ReadsTheLoopFamily) {
  const auto config = load(loop_40b());
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_EQ(config->architecture, Architecture::kLoopCoder);
  EXPECT_EQ(config->n_loops, 2);
  EXPECT_EQ(config->loop_window, 64);
}

TEST(ModelConfig, ReadsMistralWithoutAWindow) {
  Json json = iquest_7b();
  json["architectures"] = {"MistralForCausalLM"};
  json.erase("use_sliding_window");
  const auto config = load(json);
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_EQ(config->architecture, Architecture::kLlama);
  json["sliding_window"] = 4096;
  EXPECT_THAT(load(json).status().message(), HasSubstr("sliding windows are not supported"));
}

TEST(ModelConfig, ReadsQwen2WhoseWindowIsOff) {
  Json json = qwen_coder_half_b();
  const auto config = load(json);
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_EQ(config->architecture, Architecture::kLlama);
  EXPECT_TRUE(config->qkv_bias);
  EXPECT_TRUE(config->tied_embeddings);
  EXPECT_EQ(config->n_heads, 14);
  EXPECT_EQ(config->n_kv_heads, 2);
  EXPECT_EQ(config->head_dim, 64);
  EXPECT_EQ(config->rms_norm_eps, 1e-6f);
  EXPECT_EQ(config->rope_theta, 1e6f);
  EXPECT_EQ(config->rope_factor, 1.f);
  EXPECT_EQ(config->max_new_tokens, 128);  // no generation_config.json says
  EXPECT_FALSE(load(iquest_7b())->qkv_bias);

  json["sliding_window"] = 131072;
  EXPECT_TRUE(load(json).ok()) << "what the larger ones have";
  json["use_sliding_window"] = true;
  EXPECT_THAT(load(json).status().message(), HasSubstr("use_sliding_window\" is true"));
}

TEST(ModelConfig, TakesLinearRopeScaling) {
  Json json = iquest_7b();
  json["rope_scaling"] = {{"type", "linear"}, {"factor", 4.0}};  // as DeepSeek-Coder has it
  EXPECT_EQ(load(json)->rope_factor, 4.f);
  json["rope_scaling"]["rope_type"] = "linear";
  EXPECT_EQ(load(json)->rope_factor, 4.f);
  json["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 8}, {"rope_theta", 500000.0}};
  EXPECT_THAT(load(json).status().message(), HasSubstr("and rope_parameters differ"));
  json.erase("rope_scaling");
  json.erase("rope_theta");
  EXPECT_EQ(load(json)->rope_factor, 8.f);
  EXPECT_EQ(load(json)->rope_theta, 500000.f);
}

TEST(ModelConfig, TakesBothSpellingsOfRope) {
  Json json = iquest_7b();
  json.erase("rope_theta");
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 10000}};
  EXPECT_EQ(load(json)->rope_theta, 10000.f);
  json["rope_theta"] = 10000.0;
  json["rope_scaling"] = {{"type", "default"}};
  EXPECT_EQ(load(json)->rope_theta, 10000.f);
}

TEST(ModelConfig, GenerationConfigWins) {
  const auto config = load(iquest_7b(), R"({"eos_token_id": 2, "stop_token_ids": [9, 7],
    "max_new_tokens": 128, "fim_prefix_token_id": 11, "fim_middle_token_id": 12,
    "fim_suffix_token_id": 13, "fim_order": "spm"})");
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_THAT(config->stop_tokens, ElementsAre(7, 9));
  EXPECT_EQ(config->max_new_tokens, 128);
  ASSERT_TRUE(config->fim);
  EXPECT_EQ(config->fim->suffix_token, 13);
  EXPECT_EQ(config->fim->file_sep_token, std::nullopt);
  EXPECT_EQ(config->fim->order, FimOrder::kSuffixFirst);
}

struct BadValue {
  const char* key;
  const char* value;
  const char* reason;
};

TEST(ModelConfig, RefusesWhatWouldChangeTheMathsOrCannotBe) {
  const BadValue cases[] = {
      {"architectures", R"(["Starcoder2ForCausalLM"])", "supported are LlamaForCausalLM"},
      {"architectures", R"("LlamaForCausalLM")", "supported are LlamaForCausalLM"},
      {"architectures", "[]", "supported are LlamaForCausalLM"},
      {"hidden_act", R"("gelu")", "only \"silu\" is supported"},
      {"attention_bias", "true", "only false is supported"},
      {"mlp_bias", "true", "only false is supported"},
      {"clip_qkv", "8", "only null is supported"},
      {"use_sliding_window", "true", "only false is supported"},
      {"partial_rotary_factor", "0.25", "only 1.0 is supported"},
      {"rope_scaling", R"({"rope_type": "yarn", "factor": 4})", "only default and linear RoPE"},
      {"rope_scaling", R"({"type": "dynamic", "factor": 4})", "only default and linear RoPE"},
      {"rope_scaling", R"({"type": "linear"})", "\"factor\" must be a positive number"},
      {"rope_scaling", R"({"type": "linear", "factor": 0.5})", "\"factor\" must be 1 or more"},
      {"rope_scaling", "4", "only default and linear RoPE"},
      {"rope_parameters", R"({"rope_type": "llama3"})", "only default and linear RoPE"},
      {"rope_parameters", R"({"rope_theta": 7})", "differ"},
      {"rope_parameters", R"({"partial_rotary_factor": 0.5})", "only 1.0 is supported"},
      {"rope_theta", "null", "is missing"},
      {"rope_theta", "\"5e5\"", "must be a positive number"},
      {"rope_theta", "0", "must be a positive number"},
      {"loop_num", "2", "runs its layers once"},
      {"loop_num", "3", "must be an integer from 1 to 2"},
      {"vocab_size", "null", "must be an integer from 1"},
      {"vocab_size", "0", "must be an integer from 1"},
      {"vocab_size", "18446744073709551615", "must be an integer from 1"},
      {"vocab_size", "76800.0", "must be an integer from 1"},
      {"hidden_size", "-1", "must be an integer from 1"},
      {"num_hidden_layers", "1000000", "must be an integer from 1 to 1024"},
      {"num_attention_heads", "true", "must be an integer from 1"},
      {"num_key_value_heads", "7", "multiple of num_key_value_heads"},
      {"head_dim", "63", "must be even"},
      {"rms_norm_eps", "null", "must be a positive number"},
      {"tie_word_embeddings", "1", "must be true or false"},
      {"max_position_embeddings", "[]", "must be an integer from 1"},
      {"eos_token_id", "76800", "must be an integer from 0 to 76799"},
      {"eos_token_id", "[2, \"x\"]", "must be an integer from 0 to 76799"},
      {"segment", "3", "is not an object"},
      {"segment", "{}", "active_position_offset"},
      {"quantization_config", "3", "has no object"},
      {"quantization_config", R"({"quant_method": "fp8"})", "has quant_method \"fp8\""},
      {"quantization_config", R"({"quant_method": "compressed-tensors", "format": "dense"})",
       "has format \"dense\""},
  };
  for (const BadValue& bad : cases) {
    Json json = iquest_7b();
    json[bad.key] = *parse_json(bad.value, bad.key);
    const auto config = load(json);
    ASSERT_FALSE(config.ok()) << bad.key << " " << bad.value;
    EXPECT_EQ(config.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(config.status().message(), HasSubstr("/config.json"));
    EXPECT_THAT(config.status().message(), HasSubstr(bad.key));
    EXPECT_THAT(config.status().message(), HasSubstr(bad.reason));
  }
  Json window = iquest_7b();
  window.erase("use_sliding_window");
  window["sliding_window"] = 4096;
  EXPECT_THAT(load(window).status().message(), HasSubstr("sliding windows are not supported"));
  Json loop = loop_40b();
  loop.erase("loop_window_size");
  EXPECT_THAT(load(loop).status().message(), HasSubstr("loop_window_size"));
  loop.erase("loop_num");
  EXPECT_THAT(load(loop).status().message(), HasSubstr("loop_num"));
  Json heads = iquest_7b();
  heads.erase("head_dim");
  heads["hidden_size"] = 5121;
  EXPECT_THAT(load(heads).status().message(), HasSubstr("head_dim be given"));
}

TEST(ModelConfig, RefusesEveryOtherQuantisation) {
  const Json good = (*parse_json(read_file(kMini + "/config.json"), "mini"))["quantization_config"];
  Json json = iquest_7b();
  json["quantization_config"] = good;
  EXPECT_EQ(load(json)->weight_format, WeightFormat::kInt8Channel);
  json.erase("quantization_config");
  json["compression_config"] = good;
  EXPECT_EQ(load(json)->weight_format, WeightFormat::kInt8Channel) << "the older name";

  const std::pair<const char*, const char*> cases[] = {
      {"/kv_cache_scheme", "{}"},
      {"/config_groups", "{}"},
      {"/config_groups", "null"},
      {"/config_groups/group_0", "3"},
      {"/config_groups/group_0/weights", "null"},
      {"/config_groups/group_0/weights", "3"},
      {"/config_groups/group_0/weights/num_bits", "4"},
      {"/config_groups/group_0/weights/type", "\"float\""},
      {"/config_groups/group_0/weights/symmetric", "false"},
      {"/config_groups/group_0/weights/strategy", "\"group\""},
      {"/config_groups/group_0/input_activations", R"({"num_bits": 8})"},
  };
  for (const auto& [where, value] : cases) {
    Json bad = good;
    bad[Json::json_pointer(where)] = *parse_json(value, where);
    json = iquest_7b();
    json["quantization_config"] = bad;
    const auto config = load(json);
    ASSERT_FALSE(config.ok()) << where;
    EXPECT_THAT(config.status().message(), HasSubstr("supported is compressed-tensors"));
  }
}

Json with_quantization(const char* text) {
  Json json = iquest_7b();
  json["quantization_config"] = *parse_json(text, "quantization_config");
  return json;
}

constexpr const char* kPacked = R"({
  "quant_method": "compressed-tensors", "format": "pack-quantized",
  "config_groups": {"group_0": {"targets": ["Linear"], "weights": {
    "num_bits": 4, "type": "int", "symmetric": true, "strategy": "group", "group_size": 128}}},
  "ignore": ["lm_head"]})";
constexpr const char* kAwq = R"({
  "quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": true, "version": "GEMM"})";
constexpr const char* kGptq = R"({
  "quant_method": "gptq", "bits": 4, "group_size": 128, "desc_act": false, "sym": true})";

TEST(ModelConfig, ReadsEveryFormOfFourBits) {
  const auto int4 = [](const Json& json) {
    const auto config = load(json);
    EXPECT_TRUE(config.ok()) << config.status().message();
    EXPECT_EQ(config->weight_format, WeightFormat::kInt4Group);
    return *config->int4;
  };
  Json json = with_quantization(kPacked);
  EXPECT_EQ(int4(json), (Int4Config{.group_size = 128}));
  Json& weights = json["quantization_config"]["config_groups"]["group_0"]["weights"];
  weights["symmetric"] = false;
  weights["actorder"] = "weight";
  EXPECT_EQ(int4(json), (Int4Config{.group_size = 128, .has_zeros = true}));
  weights["strategy"] = "channel";
  weights["group_size"] = nullptr;
  EXPECT_EQ(int4(json), (Int4Config{.has_zeros = true}));

  json = with_quantization(kAwq);
  const Int4Config awq = {.layout = Int4Layout::kAwq, .group_size = 128, .has_zeros = true};
  EXPECT_EQ(int4(json), awq);
  json["quantization_config"] = {
      {"quant_method", "awq"}, {"w_bit", 4}, {"q_group_size", 128}, {"version", "gemm"}};
  EXPECT_EQ(int4(json), awq) << "older names";

  json = with_quantization(kGptq);
  EXPECT_EQ(int4(json),
            (Int4Config{.layout = Int4Layout::kGptq, .group_size = 128, .zero_shift = 1}));
  json["quantization_config"]["checkpoint_format"] = "gptq_v2";
  json["quantization_config"]["sym"] = false;
  json["quantization_config"]["group_size"] = -1;
  json["quantization_config"]["dynamic"] = {{"-:lm_head", Json::object()}};
  EXPECT_EQ(int4(json), (Int4Config{.layout = Int4Layout::kGptq, .has_zeros = true}));
}

TEST(ModelConfig, RefusesFourBitsOfOtherFormsByKeyAndValue) {
  struct Case {
    const char* form;
    const char* where;
    const char* value;
    const char* reason;
  };
  const char* weights = "/config_groups/group_0/weights";
  const Case cases[] = {
      {kPacked, "/config_groups/group_0/weights/num_bits", "8", "weights.num_bits 8"},
      {kPacked, "/config_groups/group_0/weights/group_size", "32", "weights.group_size 32"},
      {kPacked, "/config_groups/group_0/weights/group_size", "null", "weights.group_size null"},
      {kPacked, "/config_groups/group_0/weights/actorder", "\"group\"", "actorder \"group\""},
      {kPacked, "/config_groups/group_0/weights/strategy", "\"tensor\"", "strategy \"tensor\""},
      {kPacked, "/config_groups/group_0/weights/type", "\"float\"", "type \"float\""},
      {kPacked, weights, "3", "group_0 without weights"},
      {kPacked, "/config_groups/group_1", "{}", "group_1.weights.type null"},
      {kAwq, "/bits", "8", "has bits 8"},
      {kAwq, "/group_size", "64", "has group_size 64"},
      {kAwq, "/group_size", "9223372036854775807", "has group_size 9223372036854775807"},
      {kAwq, "/group_size", "\"128\"", "has group_size \"128\""},
      {kAwq, "/version", "\"gemv\"", "has version \"gemv\""},
      {kAwq, "/version", "3", "has version 3"},
      {kGptq, "/bits", "3", "has bits 3"},
      {kGptq, "/group_size", "0", "has group_size 0"},
      {kGptq, "/group_size", "-2", "has group_size -2"},
      {kGptq, "/checkpoint_format", "\"marlin\"", "has checkpoint_format \"marlin\""},
      {kGptq, "/pack_dtype", "\"int16\"", "has pack_dtype \"int16\""},
      {kGptq, "/dynamic", R"({"+:down_proj": {"bits": 8}})",
       "has dynamic overrides for +:down_proj"},
      {kGptq, "/dynamic", "[3]", "has dynamic overrides"},
  };
  for (const Case& bad : cases) {
    Json json = with_quantization(bad.form);
    json["quantization_config"][Json::json_pointer(bad.where)] = *parse_json(bad.value, bad.where);
    const auto config = load(json);
    ASSERT_FALSE(config.ok()) << bad.where << " " << bad.value;
    EXPECT_EQ(config.status().code(), Code::kInvalidArgument);
    EXPECT_THAT(config.status().message(), HasSubstr(bad.reason));
    EXPECT_THAT(config.status().message(), HasSubstr("; supported is "));
  }
}

TEST(ModelConfig, RefusesSegmentsThatCannotBe) {
  const Json good = (*parse_json(read_file(kMini + "/config.json"), "mini"));
  const std::pair<const char*, int64_t> cases[] = {
      {"active_position_offset", -1}, {"active_position_offset", 8192}, {"block_token_id", 16384},
      {"anchor_token_id", -1},        {"anchors_per_block", 65},        {"max_block_tokens", 5},
      {"max_block_tokens", 8193},     {"file_sep_token_id", 16384},     {"fim_order", 1}};
  for (const auto& [key, value] : cases) {
    Json bad = good;
    bad["segment"][key] = value;
    const auto config = load(bad);
    ASSERT_FALSE(config.ok()) << key;
    EXPECT_THAT(config.status().message(), HasSubstr(std::string("segment: \"") + key));
  }
}

TEST(ModelConfig, BadFilesNameTheFileAndTheReason) {
  ScratchFolder folder;
  const auto absent = ModelConfig::load(folder.path());
  EXPECT_EQ(absent.status().code(), Code::kNotFound);
  EXPECT_THAT(absent.status().message(), HasSubstr(folder.path() + " is not a model folder"));
  for (const char* content : {"", "[]", "{\"a\": 1e999}", "{\"a\": \"\xff\"}", "not json"}) {
    folder.write("config.json", content);
    const auto config = ModelConfig::load(folder.path());
    ASSERT_FALSE(config.ok()) << content;
    EXPECT_THAT(config.status().message(), HasSubstr(folder.path() + "/config.json"));
  }
  folder.write("config.json", dump_json(iquest_7b()));
  for (const char* content : {"", "[]", R"({"max_new_tokens": 0})", R"({"stop_token_ids": [-1]})",
                              R"({"eos_token_id": "x"})"}) {
    folder.write("generation_config.json", content);
    const auto config = ModelConfig::load(folder.path());
    ASSERT_FALSE(config.ok()) << content;
    EXPECT_THAT(config.status().message(), HasSubstr("generation_config.json"));
  }
}

// A folder whose tokenizer names its tokens, as IQuest's does, and whose configs carry no ids.
Tokenizer named_tokenizer() {
  ScratchFolder folder;
  std::filesystem::copy_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/prefix_space.model",
                             folder.path() + "/tokenizer.model");
  folder.write("tokenizer_config.json", R"({"added_tokens_decoder": {
    "400": {"content": "<|im_end|>", "special": true},
    "401": {"content": "<|endoftext|>", "special": true}}})");
  return *Tokenizer::load(folder.path());
}

TEST(ModelConfig, FindsFimTokensByName) {
  const Tokenizer tokenizer = named_tokenizer();
  auto config = load(iquest_7b(), R"({"eos_token_id": 2})");
  ASSERT_TRUE(config.ok());
  ASSERT_TRUE(resolve_special_tokens(*config, tokenizer).ok());
  ASSERT_TRUE(config->fim);
  EXPECT_EQ(config->fim->prefix_token, tokenizer.special("<|fim_prefix|>"));
  EXPECT_EQ(config->fim->middle_token, tokenizer.special("<|fim_middle|>"));
  EXPECT_EQ(config->fim->suffix_token, tokenizer.special("<|fim_suffix|>"));
  EXPECT_EQ(config->fim->file_sep_token, tokenizer.special("<|file_sep|>"));
  EXPECT_EQ(config->fim->order, FimOrder::kPrefixFirst);
  for (const char* name : {"<|im_end|>", "<|endoftext|>", "<|file_sep|>", "<|fim_prefix|>"}) {
    EXPECT_THAT(config->stop_tokens, testing::Contains(*tokenizer.special(name))) << name;
  }
  EXPECT_TRUE(std::ranges::is_sorted(config->stop_tokens));
}

TEST(ModelConfig, RefusesATokenizerOfAnotherModel) {
  const Tokenizer tokenizer = named_tokenizer();
  Json small = iquest_7b();
  small["vocab_size"] = 100;
  small.erase("eos_token_id");
  auto config = load(small);
  ASSERT_TRUE(config.ok()) << config.status().to_string();
  EXPECT_THAT(resolve_special_tokens(*config, tokenizer).message(), HasSubstr("402 ids"));
  config = load(iquest_7b(), R"({"fim_prefix_token_id": 350, "fim_middle_token_id": 351,
    "fim_suffix_token_id": 352})");
  EXPECT_THAT(resolve_special_tokens(*config, tokenizer).message(),
              HasSubstr("token 350 is fim_prefix, but it is no special token"));
}

}  // namespace
}  // namespace rondo::engine
