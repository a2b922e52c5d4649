#include "cli/model_command.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include "cli/model_path.h"
#include "engine/memory_plan.h"
#include "engine/model_config.h"
#include "engine/quantize.h"
#include "engine/safetensors.h"
#include "engine/tokenizer.h"
#include "engine/weights.h"

namespace rondo::cli {
namespace {

using engine::Architecture;
using engine::ModelConfig;
using engine::TensorFolder;
using engine::Tokenizer;

struct WeightFacts {
  int64_t n_parameters = 0;
  int64_t n_bytes = 0;
  int64_t n_files = 0;
};

// Parameters that an element of a tensor stands for: 8 in a word of 4-bit weights, none in what
// only says how others were quantised.
int64_t parameters_of(std::string_view name) {
  for (const char* words : {".qweight", ".weight_packed"}) {
    if (name.ends_with(words)) return 8;
  }
  for (const char* of_others :
       {"_scale", ".scales", ".qzeros", ".weight_zero_point", ".weight_shape", ".g_idx"}) {
    if (name.ends_with(of_others)) return 0;
  }
  return 1;
}

WeightFacts count_weights(const TensorFolder& tensors) {
  WeightFacts facts;
  std::set<std::string_view> files;
  for (const auto& [name, tensor] : tensors.tensors()) {
    const int64_t n_bytes = std::ssize(tensor.bytes);
    facts.n_bytes += n_bytes;
    facts.n_parameters += n_bytes / engine::dtype_bytes(tensor.dtype) * parameters_of(name);
    files.insert(tensor.file);
  }
  facts.n_files = std::ssize(files);
  return facts;
}

Json describe(const std::string& folder, const ModelConfig& config, const Tokenizer& tokenizer,
              const WeightFacts& weights) {
  const bool is_loop = config.architecture == Architecture::kLoopCoder;
  const char* dense = config.qkv_bias ? "Qwen2" : "Llama";
  Json json = {
      {"folder", folder},
      {"architecture", is_loop ? "LoopCoder" : dense},
      {"layers", config.n_layers},
      {"loops", config.n_loops},
      {"hidden_size", config.hidden_size},
      {"heads", config.n_heads},
      {"kv_heads", config.n_kv_heads},
      {"head_dim", config.head_dim},
      {"intermediate_size", config.intermediate_size},
      {"vocab_size", config.vocab_size},
      {"max_positions", config.max_positions},
      {"weights", engine::weight_format_name(config.weight_format)},
      {"parameters", weights.n_parameters},
      {"weight_bytes", weights.n_bytes},
      {"weight_files", weights.n_files},
      {"kv_bytes_per_token", engine::token_kv_bytes(config)},
      {"tokenizer_ids", tokenizer.vocab_size()},
      {"stop_tokens", config.stop_tokens},
      {"fim", nullptr},
      {"segments", nullptr},
  };
  if (is_loop) json["loop_window"] = config.loop_window;
  if (config.fim) {
    const engine::FimConfig& fim = *config.fim;
    const bool suffix_first = fim.order != engine::FimOrder::kPrefixFirst;
    json["fim"] = {{"order", suffix_first ? "suffix-first" : "prefix-first"},
                   {"prefix_token", fim.prefix_token},
                   {"middle_token", nullptr},
                   {"suffix_token", fim.suffix_token}};
    if (fim.middle_token) json["fim"]["middle_token"] = *fim.middle_token;
    if (fim.file_sep_token) json["fim"]["file_sep_token"] = *fim.file_sep_token;
  }
  if (config.segment) {
    json["segments"] = {{"max_tokens", config.segment->max_segment_tokens},
                        {"anchors", config.segment->anchors_per_segment},
                        {"block_token", config.segment->block_token},
                        {"anchor_token", config.segment->anchor_token},
                        {"active_position_offset", config.segment->active_position_offset}};
  }
  return json;
}

void print_description(const Json& model) {
  const auto number = [&](const char* key) { return model[key].get<long long>(); };
  const auto text = [&](const char* key) { return model[key].get<std::string>(); };
  const auto row = [](const char* name, const std::string& value) {
    std::printf("%-14s%s\n", name, value.c_str());
  };
  char line[256];
  row("model", text("folder"));
  std::snprintf(line, sizeof line, "%s, %lld layers run %lld time%s", text("architecture").c_str(),
                number("layers"), number("loops"), number("loops") == 1 ? "" : "s");
  row("architecture", line);
  std::snprintf(line, sizeof line, "hidden %lld, heads %lld / %lld of %lld, feed-forward %lld",
                number("hidden_size"), number("heads"), number("kv_heads"), number("head_dim"),
                number("intermediate_size"));
  row("shape", line);
  std::snprintf(line, sizeof line, "%.1f M parameters, %s, %.1f MB in %lld file%s",
                1e-6 * static_cast<double>(number("parameters")), text("weights").c_str(),
                1e-6 * static_cast<double>(number("weight_bytes")), number("weight_files"),
                number("weight_files") == 1 ? "" : "s");
  row("weights", line);
  std::snprintf(line, sizeof line, "%lld tokens, %.1f KiB of bf16 keys and values each",
                number("max_positions"), static_cast<double>(number("kv_bytes_per_token")) / 1024);
  row("context", line);
  row("vocabulary", std::to_string(number("vocab_size")) + ", the tokenizer has " +
                        std::to_string(number("tokenizer_ids")) + " ids");
  row("completes", model["fim"].is_null() ? "no: it has no fill-in-the-middle tokens"
                                          : "yes, " + model["fim"]["order"].get<std::string>());
  row("Segments", model["segments"].is_null()
                      ? "no: context is encoded with every prompt"
                      : "yes, of up to " + model["segments"]["max_tokens"].dump() + " tokens");
  row("stop tokens", dump_json(model["stop_tokens"]));
}

struct InspectArguments {
  std::string folder;
  bool json = false;
};

void add_inspect(CLI::App& model, CommandContext context) {
  CLI::App* command =
      model.add_subcommand("inspect", "Check a model folder and say what it is and can do");
  const auto arguments = std::make_shared<InspectArguments>();
  command->add_option("DIR", arguments->folder, "Model folder (default: the one that is used)");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    ASSIGN_OR_RETURN(const std::string folder, find_model(environment, arguments->folder));
    ASSIGN_OR_RETURN(ModelConfig config, ModelConfig::load(folder));
    ASSIGN_OR_RETURN(const Tokenizer tokenizer, Tokenizer::load(folder));
    RETURN_IF_ERROR(resolve_special_tokens(config, tokenizer));
    RETURN_IF_ERROR(engine::Weights::check(folder, config));
    ASSIGN_OR_RETURN(const TensorFolder tensors, TensorFolder::open(folder));
    const Json description = describe(folder, config, tokenizer, count_weights(tensors));
    arguments->json ? print_json(description) : print_description(description);
    return {};
  });
}

struct QuantizeArguments {
  std::string input;
  std::string output;
  bool json = false;
};

void add_quantize(CLI::App& model, CommandContext context) {
  CLI::App* command = model.add_subcommand(
      "quantize", "Make an int8 model folder (one scale a row) from a bf16 one");
  const auto arguments = std::make_shared<QuantizeArguments>();
  command->add_option("IN", arguments->input, "bf16 model folder")->required();
  command->add_option("OUT", arguments->output, "Folder to make; must not exist")->required();
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context, [arguments]() -> Status {
    const auto start = std::chrono::steady_clock::now();
    const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
    const auto progress = [&](double share) {
      if (shows_progress) std::fprintf(stderr, "\r%3.0f %%%s", 100 * share, share < 1 ? "" : "\n");
    };
    RETURN_IF_ERROR(engine::quantize_folder(arguments->input, arguments->output, progress));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    ASSIGN_OR_RETURN(const TensorFolder before, TensorFolder::open(arguments->input));
    ASSIGN_OR_RETURN(const TensorFolder after, TensorFolder::open(arguments->output));
    const int64_t bytes_before = count_weights(before).n_bytes;
    const int64_t bytes_after = count_weights(after).n_bytes;
    if (arguments->json) {
      print_json({{"output", arguments->output},
                  {"bytes_before", bytes_before},
                  {"bytes_after", bytes_after},
                  {"seconds", taken.count()}});
    } else {
      std::printf("%s: %.1f MB, was %.1f MB, in %.1f s\n", arguments->output.c_str(),
                  1e-6 * static_cast<double>(bytes_after), 1e-6 * static_cast<double>(bytes_before),
                  taken.count());
    }
    return {};
  });
}

}  // namespace

void add_model_command(CLI::App& app, CommandContext context) {
  CLI::App* model = app.add_subcommand("model", "Inspect and convert model folders");
  model->require_subcommand(1);
  add_inspect(*model, context);
  add_quantize(*model, context);
}

}  // namespace rondo::cli
