#include "engine/model_config.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/key_reader.h"
#include "engine/quantization_config.h"
#include "engine/tokenizer.h"

namespace rondo::engine {
namespace {

// Bounds beyond any model of these families: with them no product of two dimensions overflows.
constexpr int64_t kMaxVocab = 1 << 22;
constexpr int64_t kMaxDim = 1 << 20;
constexpr int64_t kMaxHeads = 1 << 10;
constexpr int64_t kMaxLayers = 1 << 10;
constexpr int64_t kMaxPositions = 1 << 26;

// The object that `text` holds.
Result<Json> parse_object(std::string_view text, const std::string& path) {
  ASSIGN_OR_RETURN(Json json, parse_json(text, path));
  if (!json.is_object()) return invalid_argument_error(path + " is not a JSON object");
  return json;
}

void read_architecture(KeyReader& reader, ModelConfig& config) {
  struct Known {
    std::string_view name;
    Architecture architecture = Architecture::kLlama;
    bool qkv_bias = false;
  };
  static constexpr Known kKnown[] = {
      {"LlamaForCausalLM"},
      {"MistralForCausalLM"},
      {.name = "Qwen2ForCausalLM", .qkv_bias = true},
      {"IQuestCoderForCausalLM"},
      {"IQuestLoopCoderForCausalLM", Architecture::kLoopCoder},
  };
  const Json& names = reader.at("architectures");
  for (const Known& known : kKnown) {
    if (names.is_array() && !names.empty() && names[0] == known.name) {
      config.architecture = known.architecture;
      config.qkv_bias = known.qkv_bias;
      return;
    }
  }
  reader.fail("architectures", "is " + dump_json(names) +
                                   "; supported are LlamaForCausalLM, MistralForCausalLM, "
                                   "Qwen2ForCausalLM, IQuestCoderForCausalLM and "
                                   "IQuestLoopCoderForCausalLM");
}

// Options that change the maths and that no kernel here computes.
void refuse_other_maths(KeyReader& reader) {
  const std::initializer_list<std::pair<const char*, Json>> only = {
      {"hidden_act", "silu"},        {"attention_bias", false}, {"mlp_bias", false},
      {"use_sliding_window", false}, {"clip_qkv", nullptr},     {"partial_rotary_factor", 1.0},
  };
  for (const auto& [key, value] : only) {
    if (reader.has(key) && reader.at(key) != value) {
      reader.fail(
          key, "is " + dump_json(reader.at(key)) + "; only " + dump_json(value) + " is supported");
    }
  }
  if (reader.has("sliding_window") && !reader.has("use_sliding_window")) {
    reader.fail("sliding_window", "is set; sliding windows are not supported");
  }
}

// What the places that speak of RoPE say; they have to agree.
struct RopeValues {
  std::vector<float> thetas;
  std::vector<float> factors;  // 1: default
};

// rope_scaling or rope_parameters, an object that is there. Names and meaning of "linear" are those
// of transformers (modeling_rope_utils.py: frequencies are divided by the factor).
void read_rope_object(KeyReader& reader, const char* key, RopeValues& values) {
  const Json& json = reader.at(key);
  const auto old_type = json_get<std::string>(json, "type").value_or("default");
  const auto type = json_get<std::string>(json, "rope_type").value_or(old_type);
  if (!json.is_object() || (type != "default" && type != "linear")) {
    reader.fail(key, "is " + dump_json(json) + "; only default and linear RoPE are supported");
    return;
  }
  KeyReader rope(json, key);
  if (rope.has("rope_theta")) values.thetas.push_back(rope.positive_number("rope_theta"));
  const float factor = type == "linear" ? rope.positive_number("factor") : 1.0f;
  if (factor < 1) rope.fail("factor", "must be 1 or more");
  values.factors.push_back(factor);
  refuse_other_maths(rope);
  if (!rope.status().ok()) reader.fail(key, "is refused: " + rope.status().message());
}

bool all_equal(const std::vector<float>& values) {
  return std::ranges::count(values, values[0]) == std::ssize(values);
}

void read_rope(KeyReader& reader, ModelConfig& config) {
  RopeValues values;
  if (reader.has("rope_theta")) values.thetas.push_back(reader.positive_number("rope_theta"));
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (reader.has(key)) read_rope_object(reader, key, values);
  }
  if (values.thetas.empty()) return reader.fail("rope_theta", "is missing");
  if (!all_equal(values.thetas))
    return reader.fail("rope_theta", "and rope_parameters.rope_theta differ");
  config.rope_theta = values.thetas[0];
  if (values.factors.empty()) return;
  if (!all_equal(values.factors)) return reader.fail("rope_scaling", "and rope_parameters differ");
  config.rope_factor = values.factors[0];
}

void read_loop(KeyReader& reader, ModelConfig& config) {
  config.n_loops = reader.integer_or("loop_num", {1, 2}, 1);
  if (config.architecture == Architecture::kLlama && config.n_loops != 1) {
    reader.fail("loop_num", "is 2, but the architecture runs its layers once");
  }
  if (config.architecture == Architecture::kLoopCoder) {
    config.n_loops = reader.integer("loop_num", {1, 2});
    config.loop_window = reader.integer("loop_window_size", {1, kMaxPositions});
  }
}

void read_shape(KeyReader& reader, ModelConfig& config) {
  config.vocab_size = reader.integer("vocab_size", {1, kMaxVocab});
  config.hidden_size = reader.integer("hidden_size", {1, kMaxDim});
  config.n_layers = reader.integer("num_hidden_layers", {1, kMaxLayers});
  config.n_heads = reader.integer("num_attention_heads", {1, kMaxHeads});
  config.n_kv_heads = reader.integer_or("num_key_value_heads", {1, kMaxHeads}, config.n_heads);
  config.intermediate_size = reader.integer("intermediate_size", {1, kMaxDim});
  config.max_positions = reader.integer("max_position_embeddings", {1, kMaxPositions});
  config.rms_norm_eps = reader.positive_number("rms_norm_eps");
  config.tied_embeddings = reader.boolean_or("tie_word_embeddings", false);
  if (config.n_heads % config.n_kv_heads != 0) {
    reader.fail("num_attention_heads", "must be a multiple of num_key_value_heads");
  }
  if (!reader.has("head_dim") && config.hidden_size % config.n_heads != 0) {
    reader.fail("hidden_size", "must be a multiple of num_attention_heads, or head_dim be given");
  }
  config.head_dim =
      reader.integer_or("head_dim", {2, kMaxHeads}, config.hidden_size / config.n_heads);
  if (config.head_dim < 2 || config.head_dim % 2 != 0) reader.fail("head_dim", "must be even");
}

Status read_segment(const KeyReader& parent, const std::string& path, ModelConfig& config) {
  const Json& json = parent.at("segment");
  if (json.is_null()) return {};
  if (!json.is_object()) return invalid_argument_error(path + ": \"segment\" is not an object");
  KeyReader reader(json, path + ": segment");
  const Range tokens = {0, config.vocab_size - 1};
  SegmentConfig segment;
  segment.active_position_offset =
      reader.integer("active_position_offset", {0, config.max_positions - 1});
  segment.block_token = reader.integer("block_token_id", tokens);
  segment.anchor_token = reader.integer("anchor_token_id", tokens);
  segment.anchors_per_segment = reader.integer("anchors_per_block", {0, 64});
  segment.max_segment_tokens =
      reader.integer("max_block_tokens", {segment.anchors_per_segment + 2, config.max_positions});
  config.segment = segment;
  return reader.status();
}

// FIM ids and order may stand in either file; generation_config.json wins.
void read_fim(KeyReader& reader, ModelConfig& config) {
  const Range tokens = {0, config.vocab_size - 1};
  const bool has_all = reader.has("fim_prefix_token_id") && reader.has("fim_middle_token_id") &&
                       reader.has("fim_suffix_token_id");
  if (has_all) {
    if (!config.fim) config.fim.emplace();
    config.fim->prefix_token = reader.integer("fim_prefix_token_id", tokens);
    config.fim->middle_token = reader.integer("fim_middle_token_id", tokens);
    config.fim->suffix_token = reader.integer("fim_suffix_token_id", tokens);
  }
  if (!config.fim) return;
  if (reader.has("file_sep_token_id")) {
    config.fim->file_sep_token = reader.integer("file_sep_token_id", tokens);
  }
  if (reader.has("fim_order")) {
    const Json& order = reader.at("fim_order");
    if (order != "spm" && order != "psm") {
      reader.fail("fim_order", "must be \"spm\" or \"psm\", not " + dump_json(order));
    }
    config.fim->order = order == "spm" ? FimOrder::kSuffixFirst : FimOrder::kPrefixFirst;
  }
}

void sort_unique(std::vector<int32_t>& ids) {
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

Status read_config(const std::string& path, std::string_view text, ModelConfig& config) {
  ASSIGN_OR_RETURN(const Json json, parse_object(text, path));
  KeyReader reader(json, path);
  read_architecture(reader, config);
  refuse_other_maths(reader);
  read_rope(reader, config);
  read_loop(reader, config);
  read_shape(reader, config);
  read_quantization(reader, config);
  config.stop_tokens = reader.integers("eos_token_id", {0, config.vocab_size - 1});
  read_fim(reader, config);
  RETURN_IF_ERROR(reader.status());
  RETURN_IF_ERROR(read_segment(reader, path, config));
  if (config.segment) {
    KeyReader segment(json["segment"], path + ": segment");
    read_fim(segment, config);
    RETURN_IF_ERROR(segment.status());
  }
  config.digest = hash_text(text);
  return {};
}

Status read_generation_config(const std::string& path, std::string_view text, ModelConfig& config) {
  ASSIGN_OR_RETURN(const Json json, parse_object(text, path));
  KeyReader reader(json, path);
  const Range tokens = {0, config.vocab_size - 1};
  for (const char* key : {"eos_token_id", "stop_token_ids"}) {
    if (reader.has(key)) config.stop_tokens = reader.integers(key, tokens);
  }
  config.max_new_tokens =
      reader.integer_or("max_new_tokens", {1, kMaxPositions}, config.max_new_tokens);
  read_fim(reader, config);
  return reader.status();
}

// FIM by token names, for families whose configuration files carry no ids. (Of tokenizers that this
// engine reads, the names decide; a family may be here whose usual one it does not read.)
struct FimFamily {
  std::string_view prefix;
  std::string_view middle;  // may be empty
  std::string_view suffix;
  std::string_view file_sep = {};
  std::string_view repo_name = {};
  std::string_view bos = {};
  FileMarks files = FileMarks::kComment;
  FimOrder order = FimOrder::kPrefixFirst;
  bool needs_file_sep = false;            // what tells it from a later family of the same marks
  std::array<std::string_view, 8> stops;  // beside eos; those that the tokenizer has
};
constexpr FimFamily kFimFamilies[] = {
    // IQuest-Coder-V1 (technical report, arXiv 2603.16733, section 3.1) and Qwen2.5-Coder (report,
    // arXiv 2409.12186, section 3; "repository level code completion" of QwenLM/Qwen2.5-Coder).
    {.prefix = "<|fim_prefix|>",
     .middle = "<|fim_middle|>",
     .suffix = "<|fim_suffix|>",
     .file_sep = "<|file_sep|>",
     .repo_name = "<|repo_name|>",
     .files = FileMarks::kBeforePrefix,
     .stops = {"<|im_end|>", "<|endoftext|>", "<|file_sep|>", "<|repo_name|>", "<|fim_prefix|>",
               "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"}},
    // Mellum (model card of JetBrains/Mellum-4b-base, "Fill in the middle with additional files as
    // context"; arXiv 2510.05788: suffix first). Its other names are those of StarCoder.
    {.prefix = "<fim_prefix>",
     .middle = "<fim_middle>",
     .suffix = "<fim_suffix>",
     .file_sep = "<filename>",
     .files = FileMarks::kBeforePrefix,
     .order = FimOrder::kSuffixFirst,
     .needs_file_sep = true,
     .stops = {"<|endoftext|>", "<filename>", "<reponame>", "<fim_prefix>", "<fim_middle>",
               "<fim_suffix>", "<fim_pad>"}},
    // StarCoder2 (arXiv 2402.19173, section 5.1: the mark of the prefix stands before the path).
    {.prefix = "<fim_prefix>",
     .middle = "<fim_middle>",
     .suffix = "<fim_suffix>",
     .file_sep = "<file_sep>",
     .repo_name = "<repo_name>",
     .files = FileMarks::kPathInPrefix,
     .stops = {"<|endoftext|>", "<file_sep>", "<repo_name>", "<fim_prefix>", "<fim_middle>",
               "<fim_suffix>", "<fim_pad>"}},
    // DeepSeek-Coder (arXiv 2401.14196, section 2: a comment with its path begins each file; README
    // of deepseek-ai/DeepSeek-Coder: the order, with full-width bars and U+2581).
    {.prefix = "<\uFF5Cfim\u2581begin\uFF5C>",
     .middle = "<\uFF5Cfim\u2581end\uFF5C>",
     .suffix = "<\uFF5Cfim\u2581hole\uFF5C>",
     .bos = "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>",
     .stops = {"<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "<|EOT|>", "<\uFF5Cfim\u2581begin\uFF5C>",
               "<\uFF5Cfim\u2581hole\uFF5C>", "<\uFF5Cfim\u2581end\uFF5C>"}},
    // Codestral 22B (encode_fim of mistralai/mistral-common, InstructTokenizerV2: no mark of the
    // middle).
    {.prefix = "[PREFIX]",
     .suffix = "[SUFFIX]",
     .bos = "<s>",
     .order = FimOrder::kSuffixFirst,
     .stops = {"</s>", "[PREFIX]", "[MIDDLE]", "[SUFFIX]"}},
    // Seed-Coder (arXiv 2506.03524, section 2.2.6: suffix first, cut from single files).
    {.prefix = "<[fim-prefix]>",
     .middle = "<[fim-middle]>",
     .suffix = "<[fim-suffix]>",
     .order = FimOrder::kSuffixFirst,
     .stops = {"<[end\u2581of\u2581sentence]>", "<[fim-prefix]>", "<[fim-middle]>",
               "<[fim-suffix]>"}},
    // Code Llama (arXiv 2308.12950, section 2.3: half of the holes were suffix-first; the layout of
    // infilling_prompt_tokens in facebookresearch/codellama). It was not trained across files.
    {.prefix = "\u2581<PRE>",
     .middle = "\u2581<MID>",
     .suffix = "\u2581<SUF>",
     .bos = "<s>",
     .order = FimOrder::kSuffixFirstJoined,
     .stops = {"\u2581<EOT>", "\u2581<PRE>", "\u2581<SUF>", "\u2581<MID>"}},
};

void find_fim_by_name(ModelConfig& config, const Tokenizer& tokenizer) {
  for (const FimFamily& family : kFimFamilies) {
    const auto prefix = tokenizer.special(family.prefix);
    const auto middle = tokenizer.special(family.middle);
    const auto suffix = tokenizer.special(family.suffix);
    const auto file_sep = tokenizer.special(family.file_sep);
    if (!prefix || !suffix || (!middle && !family.middle.empty())) continue;
    if (family.needs_file_sep && !file_sep) continue;
    config.fim = FimConfig{.prefix_token = *prefix,
                           .middle_token = middle,
                           .suffix_token = *suffix,
                           .file_sep_token = file_sep,
                           .repo_name_token = tokenizer.special(family.repo_name),
                           .bos_token = tokenizer.special(family.bos),
                           .files = family.files,
                           .order = family.order};
    for (const std::string_view name : family.stops) {
      if (const auto id = tokenizer.special(name)) config.stop_tokens.push_back(*id);
    }
    sort_unique(config.stop_tokens);
    return;
  }
}

}  // namespace

const char* weight_format_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::kInt8Channel:
      return "int8";
    case WeightFormat::kInt4Group:
      return "int4";
    case WeightFormat::kBf16:
      break;
  }
  return "bf16";
}

Result<ModelConfig> ModelConfig::load(const std::string& folder) {
  ModelConfig config;
  const std::string path = folder + "/config.json";
  auto file = MappedFile::open(path);
  if (!file.ok()) {
    return not_found_error(folder + " is not a model folder: " + file.status().message());
  }
  RETURN_IF_ERROR(read_config(path, file->text(), config));

  const std::string generation_path = folder + "/generation_config.json";
  const auto generation_file = MappedFile::open(generation_path);
  if (generation_file.ok()) {
    RETURN_IF_ERROR(read_generation_config(generation_path, generation_file->text(), config));
  } else if (generation_file.status().code() != Code::kNotFound) {
    return generation_file.status();
  }
  sort_unique(config.stop_tokens);
  config.chat = read_chat_template(folder);
  return config;
}

Status resolve_special_tokens(ModelConfig& config, const Tokenizer& tokenizer) {
  if (tokenizer.vocab_size() > config.vocab_size) {
    return invalid_argument_error("the tokenizer has " + std::to_string(tokenizer.vocab_size()) +
                                  " ids but config.json says vocab_size " +
                                  std::to_string(config.vocab_size) +
                                  ": they are not of the same model");
  }
  if (!config.fim) find_fim_by_name(config, tokenizer);
  if (config.chat.format && !tokenizer.special(config.chat.format->end)) {
    config.chat = {.why_not = "has a chat template whose answers end with " +
                              std::string(config.chat.format->end) +
                              ", which is no special token of its tokenizer"};
  }
  std::vector<std::pair<const char*, int32_t>> markers;
  if (config.fim) {
    markers.insert(markers.end(), {{"fim_prefix", config.fim->prefix_token},
                                   {"fim_suffix", config.fim->suffix_token}});
    for (const auto& [name, id] : {std::pair("fim_middle", config.fim->middle_token),
                                   {"file_sep", config.fim->file_sep_token},
                                   {"repo_name", config.fim->repo_name_token},
                                   {"bos", config.fim->bos_token}}) {
      if (id) markers.emplace_back(name, *id);
    }
  }
  if (config.segment) {
    markers.insert(markers.end(), {{"block", config.segment->block_token},
                                   {"anchor", config.segment->anchor_token}});
  }
  for (const auto& [name, id] : markers) {
    if (!tokenizer.is_special(id)) {
      return invalid_argument_error("the configuration says that token " + std::to_string(id) +
                                    " is " + name +
                                    ", but it is no special token of the tokenizer: they are not "
                                    "of the same model");
    }
  }
  return {};
}

}  // namespace rondo::engine
