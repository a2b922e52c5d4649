// What a model folder says of itself: config.json and generation_config.json, checked. Everything
// family-specific (token ids, FIM order, budgets) is data here and never a constant in code.
//
// Thread: a plain value, immutable once loaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "engine/chat_format.h"

namespace rondo::engine {

enum class Architecture {
  kLlama,     // LlamaForCausalLM, MistralForCausalLM, IQuestCoderForCausalLM; with qkv_bias
              // Qwen2ForCausalLM
  kLoopCoder  // IQuestLoopCoderForCausalLM: the stack runs loop_num times
};

enum class WeightFormat {
  kBf16,
  kInt8Channel,  // compressed-tensors "int-quantized": int8 [N, K] with one bf16 scale a row
  kInt4Group     // 4 bits, a bf16 scale for 128 inputs; the embedding, mostly the head too, in bf16
};

const char* weight_format_name(WeightFormat format);  // "bf16", "int8", "int4"

// Whose tensors a checkpoint of 4-bit weights has (int4_tensors.h).
enum class Int4Layout { kCompressedTensors, kAwq, kGptq };

struct Int4Config {
  Int4Layout layout = Int4Layout::kCompressedTensors;
  int32_t group_size = 0;  // inputs that share a scale, a multiple of kInt4Group; 0: all of a row
  bool has_zeros = false;  // a zero point with each scale, which is not the same for all
  int32_t zero_shift = 0;  // what stored zero points are too small by (gptq: 1)
  bool operator==(const Int4Config&) const = default;
};

// How a model that was trained on independent Segments reads them (config.json "segment").
struct SegmentConfig {
  int32_t active_position_offset =
      0;                     // the position of the first active token, with or without Segments
  int32_t block_token = 0;   // begins every Segment
  int32_t anchor_token = 0;  // ends it, anchors_per_segment times
  int32_t anchors_per_segment = 0;
  int32_t max_segment_tokens = 0;  // anchors included
};

enum class FimOrder {
  kSuffixFirst,        // SPM: suffix, prefix, middle
  kPrefixFirst,        // PSM: prefix, suffix, middle
  kSuffixFirstJoined,  // SPM, the marks of prefix and suffix together: prefix mark, suffix mark, S,
                       // middle mark, P (Bavarian et al. 2022, arXiv 2207.14255, appendix D)
};

// How a family's prompts say which file a text is of; R: the repository's name, S and P: the text
// after and before the hole, in PSM. fim_prompt.h has the tokens.
enum class FileMarks {
  kInPrefix,  // file_sep path \n text ...             fim_prefix file_sep path \n P fim_suffix S
  kBeforePrefix,  // repo_name R \n file_sep path \n text \n ... file_sep path \n fim_prefix P ...
  kPathInPrefix,  // repo_name R file_sep path \n text ... file_sep fim_prefix path \n P ...
  kComment        // no tokens for it: fim_prefix "#path" \n text \n ... "#path" \n P ...
};

struct FimConfig {
  int32_t prefix_token = 0;
  std::optional<int32_t> middle_token;  // ends a prompt; some families have none
  int32_t suffix_token = 0;
  std::optional<int32_t> file_sep_token;
  std::optional<int32_t> repo_name_token;
  std::optional<int32_t> bos_token;  // begins every prompt of the family
  FileMarks files = FileMarks::kInPrefix;
  FimOrder order = FimOrder::kPrefixFirst;
};

struct ModelConfig {
  Architecture architecture = Architecture::kLlama;
  WeightFormat weight_format = WeightFormat::kBf16;
  std::optional<Int4Config> int4;  // of a checkpoint with kInt4Group
  int32_t vocab_size = 0;
  int32_t hidden_size = 0;        // C
  int32_t n_layers = 0;           // L
  int32_t n_heads = 0;            // H
  int32_t n_kv_heads = 0;         // Hk
  int32_t head_dim = 0;           // D
  int32_t intermediate_size = 0;  // F
  int32_t n_loops = 1;            // 2 for LoopCoder
  int32_t loop_window = 0;        // keys a row of loop 1's local branch sees, its own included
  int32_t max_positions = 0;
  float rms_norm_eps = 0;
  float rope_theta = 0;
  float rope_factor = 1;  // of linear scaling: positions are divided by it
  bool qkv_bias = false;  // q, k and v are products plus a bias
  bool tied_embeddings = false;

  std::optional<SegmentConfig> segment;
  std::optional<FimConfig> fim;
  ChatTemplate chat;                 // checked by resolve_special_tokens
  std::vector<int32_t> stop_tokens;  // any of them ends a generation; ascending
  int32_t max_new_tokens = 128;      // of an answer, unless generation_config.json says another
  Hash128 digest;                    // of config.json's bytes

  int32_t qkv_dim() const { return (n_heads + 2 * n_kv_heads) * head_dim; }
  // Weights of a layer's products.
  int64_t layer_parameters() const {
    return int64_t{hidden_size} * (qkv_dim() + n_heads * head_dim + 3 * intermediate_size);
  }

  // Reads `folder`/config.json and, when present, generation_config.json.
  // Errors: NotFound (not a model folder), InvalidArgument naming the file, the key and what is
  // supported: an option that would change the maths (rope scaling but linear, other biases,
  // clip_qkv, sliding window, another quantisation) is refused.
  static Result<ModelConfig> load(const std::string& folder);
};

class Tokenizer;

// Completes `config` with what only the tokenizer knows: FIM and stop tokens by name, for families
// whose configuration files carry no ids. A model without FIM tokens keeps fim empty.
// Errors: InvalidArgument when the two are not of the same model: more ids than vocab_size, or a
// marker (FIM, file separator, Segment) that text could spell.
Status resolve_special_tokens(ModelConfig& config, const Tokenizer& tokenizer);

}  // namespace rondo::engine
