#include "engine/quantization_config.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/kernels.h"

namespace rondo::engine {
namespace {

constexpr const char* kInt8Needs =
    "supported is compressed-tensors int-quantized: 8-bit symmetric integer weights with one scale "
    "a channel, activations not quantised";
constexpr const char* kPackedNeeds =
    "supported is compressed-tensors pack-quantized: 4-bit integer weights in groups of 128 inputs "
    "or with one scale a channel, activations not quantised";
constexpr const char* kAwqNeeds =
    "supported is awq version gemm: 4-bit weights in groups of 128 inputs";
constexpr const char* kGptqNeeds =
    "supported is gptq with checkpoint_format gptq or gptq_v2: 4-bit weights in groups of 128 "
    "inputs or with one scale a channel";
constexpr const char* kMethods =
    "supported are compressed-tensors (int-quantized and pack-quantized), awq (version gemm) and "
    "gptq";

// Reads one quantization_config. A method's function is false when it refused.
class QuantizationReader {
 public:
  QuantizationReader(KeyReader& reader, const char* name)
      : reader_(reader), name_(name), json_(reader.at(name)) {}

  void read(ModelConfig& config) {
    if (!json_.is_object()) return fail("no object", kMethods);
    const std::string method = text("quant_method");
    if (method == "compressed-tensors") return read_compressed_tensors(config);
    if (method == "awq") return read_awq(config);
    if (method == "gptq") return read_gptq(config);
    fail("quant_method " + dump_json(at("quant_method")), kMethods);
  }

 private:
  void read_compressed_tensors(ModelConfig& config) {
    const std::string format = text("format");
    needs_ = format == "pack-quantized" ? kPackedNeeds : kInt8Needs;
    if (format != "int-quantized" && format != "pack-quantized")
      return fail("format " + dump_json(at("format")), kMethods);
    if (KeyReader(json_, "").has("kv_cache_scheme")) return fail("a kv_cache_scheme");
    const Json& groups = at("config_groups");
    if (!groups.is_object() || groups.empty()) return fail("no config_groups");
    for (const auto& [name, group] : groups.items()) {
      if (!read_group(name, group, config)) return;
    }
  }

  // Modules that share a form; every such group must have the same.
  bool read_group(const std::string& name, const Json& group, ModelConfig& config) {
    if (!group.is_object()) return refuse(name + " that is no object");
    for (const char* key : {"input_activations", "output_activations"}) {
      if (KeyReader(group, "").has(key)) return refuse(key + (" in " + name));
    }
    const Json weights = group.value("weights", Json::object());
    if (!weights.is_object()) return refuse(name + " without weights");
    const std::string prefix = name + ".weights.";
    if (!needed(weights, prefix, "type", {"int"})) return false;
    if (text("format") == "int-quantized") {
      config.weight_format = WeightFormat::kInt8Channel;
      return needed(weights, prefix, "num_bits", {8}) &&
             needed(weights, prefix, "symmetric", {true}) &&
             needed(weights, prefix, "strategy", {"channel"});
    }
    if (!needed(weights, prefix, "num_bits", {4}) ||
        !needed(weights, prefix, "symmetric", {true, false}) ||
        !needed(weights, prefix, "strategy", {"group", "channel"}) ||
        !needed(weights, prefix, "actorder", {nullptr, "weight", "static"}))
      return false;
    Int4Config int4 = {.layout = Int4Layout::kCompressedTensors,
                       .has_zeros = weights["symmetric"] == false};
    if (weights["strategy"] == "group" && !read_group_size(weights, prefix, "group_size", int4))
      return false;
    if (config.int4 && *config.int4 != int4) return refuse(name + " of another form than the rest");
    set(int4, config);
    return true;
  }

  void read_awq(ModelConfig& config) {
    needs_ = kAwqNeeds;
    const KeyReader reader(json_, "");
    const char* bits = reader.has("w_bit") ? "w_bit" : "bits";
    const char* group_size = reader.has("q_group_size") ? "q_group_size" : "group_size";
    std::string version = text("version");
    std::ranges::transform(version, version.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    if (version != "gemm") return fail("version " + dump_json(at("version")));
    Int4Config int4 = {.layout = Int4Layout::kAwq, .has_zeros = true};
    if (needed(json_, "", bits, {4}) && read_group_size(json_, "", group_size, int4))
      set(int4, config);
  }

  void read_gptq(ModelConfig& config) {
    needs_ = kGptqNeeds;
    if (!needed(json_, "", "bits", {4}) ||
        !needed(json_, "", "checkpoint_format", {nullptr, "gptq", "gptq_v2"}) ||
        !needed(json_, "", "pack_dtype", {nullptr, "int32"}) ||
        !needed(json_, "", "is_marlin_format", {nullptr, false}))
      return;
    for (const auto& [module, overrides] : at("dynamic").items()) {
      if (!module.starts_with("-:")) return fail("dynamic overrides for " + module);
    }
    const bool is_v2 = at("checkpoint_format") == "gptq_v2";
    Int4Config int4 = {
        .layout = Int4Layout::kGptq, .has_zeros = at("sym") != true, .zero_shift = is_v2 ? 0 : 1};
    if (read_group_size(json_, "", "group_size", int4)) set(int4, config);
  }

  bool read_group_size(const Json& object, const std::string& prefix, const char* key,
                       Int4Config& int4) {
    const Json& size = KeyReader(object, "").at(key);
    constexpr int64_t kMost = 1 << 20;
    const int64_t inputs = size.is_number_integer() ? size.get<int64_t>() : 0;
    if (inputs != -1 && (inputs <= 0 || inputs > kMost || inputs % kernels::kInt4Group != 0))
      return refuse(prefix + key + " " + dump_json(size));
    int4.group_size = inputs == -1 ? 0 : static_cast<int32_t>(inputs);
    return true;
  }

  static void set(const Int4Config& int4, ModelConfig& config) {
    config.weight_format = WeightFormat::kInt4Group;
    config.int4 = int4;
  }

  // Whether `key` of `object` has one of `values`, null being absent; else refuses it.
  bool needed(const Json& object, const std::string& prefix, const char* key,
              std::initializer_list<Json> values) {
    const Json& found = KeyReader(object, "").at(key);
    if (std::ranges::find(values, found) != values.end()) return true;
    return refuse(prefix + key + " " + dump_json(found));
  }

  const Json& at(const char* key) const { return KeyReader(json_, "").at(key); }
  std::string text(const char* key) const {
    return at(key).is_string() ? at(key).get<std::string>() : std::string();
  }
  void fail(const std::string& what) { fail(what, needs_); }
  void fail(const std::string& what, const char* needs) {
    reader_.fail(name_, "has " + what + "; " + needs);
  }
  bool refuse(const std::string& what) {
    fail(what);
    return false;
  }

  KeyReader& reader_;
  const char* const name_;
  const Json& json_;
  const char* needs_ = kMethods;  // what is said when something is refused
};

}  // namespace

void read_quantization(KeyReader& reader, ModelConfig& config) {
  const char* name =
      reader.has("compression_config") ? "compression_config" : "quantization_config";
  if (reader.has(name)) QuantizationReader(reader, name).read(config);
}

}  // namespace rondo::engine
