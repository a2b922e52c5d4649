#include "cli/plan_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/model_path.h"
#include "engine/memory_plan.h"
#include "engine/named_configs.h"
#include "engine/speed_forecast.h"

namespace rondo::cli {
namespace {

using engine::DecodeTime;
using engine::GpuSpec;
using engine::MemoryPlan;
using engine::ModelConfig;
using engine::WeightFormat;
using engine::Workload;

constexpr int64_t kSegmentModelActive = 1024;  // own tokens of a sequence, where context is shared
constexpr int32_t kSuggestionTokens = 24;
constexpr double kTypingSeconds = 0.5;
constexpr double kTeamTokensPerSecond = 20;
constexpr int32_t kTeam = 8;

struct PlanArguments {
  std::string model;
  std::string config;
  std::vector<std::string> weights;
  std::vector<int64_t> contexts = {8192, 32768, 131072};
  std::vector<int32_t> batches = {1, 8};
  std::vector<std::string> gpus = {"h100", "l40s", "rtx-4090"};
  bool json = false;
};

Result<WeightFormat> find_format(const std::string& name) {
  for (const WeightFormat format :
       {WeightFormat::kBf16, WeightFormat::kInt8Channel, WeightFormat::kInt4Group}) {
    if (name == engine::weight_format_name(format)) return format;
  }
  return invalid_argument_error("weights are bf16, int8 or int4, not '" + name + "'");
}

// One GPU, or several that share a model's layers.
struct Machine {
  std::string name;
  std::vector<GpuSpec> gpus;
};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

// A name of the table, or GIB:GB_PER_S:TFLOPS.
Result<GpuSpec> parse_gpu(const std::string& text) {
  const std::vector<std::string> numbers = split(text, ':');
  if (numbers.size() != 3) return engine::find_gpu(text);
  GpuSpec gpu{.name = "custom", .title = "as given"};
  double* const fields[] = {&gpu.memory_gib, &gpu.gb_per_s, &gpu.tflops};
  for (size_t i = 0; i < numbers.size(); ++i) {
    char* end = nullptr;
    *fields[i] = std::strtod(numbers[i].c_str(), &end);
    if (*end != '\0' || !(*fields[i] > 0 && *fields[i] < 1e6))
      return invalid_argument_error("'" + text + "': '" + numbers[i] +
                                    "' is no positive number; a GPU is GIB:GB_PER_S:TFLOPS");
  }
  return gpu;
}

Result<Machine> parse_machine(const std::string& text) {
  Machine machine = {.name = text};
  for (const std::string& part : split(text, '+')) {
    ASSIGN_OR_RETURN(const GpuSpec gpu, parse_gpu(part));
    machine.gpus.push_back(gpu);
  }
  if (machine.gpus.empty()) return invalid_argument_error("a GPU has no name");
  return machine;
}

// A model trained on Segments shares its context among all sequences, any other has it once for
// each.
Workload workload_of(const ModelConfig& config, int64_t context, int32_t n_sequences) {
  if (!config.segment) return {.n_sequences = n_sequences, .n_active_tokens = context};
  const int64_t n_active = std::min(context, kSegmentModelActive);
  return {.n_sequences = n_sequences,
          .n_segment_tokens = context - n_active,
          .n_active_tokens = n_active};
}

Json memory_json(const MemoryPlan& plan) {
  return {{"weights", plan.weights()},     {"segments", plan.segments}, {"active", plan.active},
          {"loop_state", plan.loop_state}, {"step", plan.step},         {"library", plan.library},
          {"total", plan.total()}};
}

// What a machine does with a workload; "fits" alone where it does not.
Json machine_json(const ModelConfig& config, const Workload& workload, const MemoryPlan& plan,
                  const Machine& machine) {
  Json json = {{"gpu", machine.name}};
  const auto forecast = [&](double step_seconds) {
    json["fits"] = true;
    json["tokens_per_s"] = workload.n_sequences / step_seconds;
    json["step_ms"] = 1e3 * step_seconds;
    json["suggestion_ms"] = 1e3 * kSuggestionTokens * step_seconds;
  };
  if (machine.gpus.size() > 1) {
    const auto layers = engine::split_layers(config, workload, machine.gpus);
    json["fits"] = layers.has_value();
    if (!layers) return json;
    forecast(layers->total());
    json["layers"] = layers->n_layers;
    for (const double part : layers->decode) json["step_shares"].push_back(part / layers->total());
    return json;
  }
  const GpuSpec& gpu = machine.gpus.front();
  json["fits"] = plan.total() <= gpu.memory_bytes();
  json["missing_bytes"] = std::max<int64_t>(0, plan.total() - gpu.memory_bytes());
  if (!json["fits"]) return json;
  const DecodeTime time = forecast_decode(config, workload, gpu);
  forecast(time.total());
  json["step_shares"] = {{"weights", time.weights / time.total()},
                         {"kv", time.kv / time.total()},
                         {"launches", time.launches / time.total()}};
  json["prefill_s"] = forecast_prefill(config, workload.n_active_tokens, gpu);
  if (config.segment) {
    json["segments_s"] = forecast_segments(config, workload.n_segment_tokens,
                                           config.segment->max_segment_tokens, gpu);
  }
  return json;
}

// Who would be well served: somebody who types, a team that does, a script over night.
Json roles_of(const Json& machine, int32_t n_sequences) {
  Json roles = Json::array();
  if (!machine["fits"]) return roles;
  if (n_sequences == 1 && machine["suggestion_ms"] <= 1e3 * kTypingSeconds)
    roles.push_back("typing");
  if (n_sequences >= kTeam && machine["tokens_per_s"] >= n_sequences * kTeamTokensPerSecond)
    roles.push_back("team");
  roles.push_back("overnight");
  return roles;
}

Json plan_json(ModelConfig config, const PlanArguments& arguments,
               const std::vector<Machine>& machines) {
  Json rows = Json::array();
  for (const int64_t context : arguments.contexts) {
    for (const int32_t batch : arguments.batches) {
      const Workload workload = workload_of(config, context, batch);
      const MemoryPlan plan = plan_memory(config, workload);
      Json row = {{"context", context}, {"sequences", batch}, {"memory", memory_json(plan)}};
      if (config.n_loops > 1) {
        // Keys and values of every loop for every token, as engines without a window keep them.
        row["kv_of_all_loops"] = config.n_loops * (plan.segments + plan.active);
      }
      for (const Machine& machine : machines) {
        Json part = machine_json(config, workload, plan, machine);
        part["suits"] = roles_of(part, batch);
        row["gpus"].push_back(std::move(part));
      }
      rows.push_back(std::move(row));
    }
  }
  return {{"weights", engine::weight_format_name(config.weight_format)},
          {"kv_bytes_per_token", engine::token_kv_bytes(config)},
          {"context_is_shared", config.segment.has_value()},
          {"rows", std::move(rows)}};
}

double gib(const Json& bytes) { return bytes.get<double>() / (1 << 30); }

std::string cell(const Json& machine) {
  char text[64];
  if (!machine["fits"]) {
    if (!machine.contains("missing_bytes")) return "too small";
    std::snprintf(text, sizeof text, "%.1f GiB short", gib(machine["missing_bytes"]));
    return text;
  }
  std::snprintf(text, sizeof text, "%.0f", machine["tokens_per_s"].get<double>());
  return text;
}

// What a step waits for, of the first machine that holds it.
std::string bottleneck(const Json& row) {
  for (const Json& machine : row["gpus"]) {
    if (!machine["fits"] || !machine["step_shares"].is_object()) continue;
    const Json& shares = machine["step_shares"];
    char text[64];
    std::snprintf(text, sizeof text, "%3.0f%% %3.0f%% %3.0f%%",
                  100 * shares["weights"].get<double>(), 100 * shares["kv"].get<double>(),
                  100 * shares["launches"].get<double>());
    return text;
  }
  return "";
}

void print_table(const Json& plan, const std::vector<Machine>& machines) {
  std::printf("\n%s weights, %.1f KiB of keys and values a token, context %s\n",
              plan["weights"].get<std::string>().c_str(),
              plan["kv_bytes_per_token"].get<double>() / 1024,
              plan["context_is_shared"] ? "as Segments that all sequences share"
                                        : "once for each sequence");
  std::printf("%8s %5s |%8s %8s %8s %8s %8s |%15s |", "", "", "weights", "KV", "loop", "other",
              "total", "step waits for");
  for (const Machine& machine : machines) std::printf(" %15s", machine.name.c_str());
  std::printf("\n%8s %5s |%44s |%15s |", "context", "batch", "GiB", "wght   KV  lnch");
  for (const Machine& machine : machines) {
    double memory = 0;
    for (const GpuSpec& gpu : machine.gpus) memory += gpu.memory_gib;
    std::printf(" %6.0f GiB, t/s", memory);
  }
  std::puts("");
  for (const Json& row : plan["rows"]) {
    const Json& memory = row["memory"];
    std::printf("%8lld %5d |%8.2f %8.2f %8.2f %8.2f %8.2f |%15s |", row["context"].get<long long>(),
                row["sequences"].get<int>(), gib(memory["weights"]),
                gib(memory["segments"]) + gib(memory["active"]), gib(memory["loop_state"]),
                gib(memory["step"]) + gib(memory["library"]), gib(memory["total"]),
                bottleneck(row).c_str());
    for (const Json& machine : row["gpus"]) std::printf(" %15s", cell(machine).c_str());
    std::puts("");
  }
}

void print_roles(const Json& plans, const std::vector<Machine>& machines) {
  const auto suits = [&](const std::string& name, const std::string& role) {
    std::string found;
    for (const Json& plan : plans) {
      for (const Json& row : plan["rows"]) {
        for (const Json& machine : row["gpus"]) {
          if (machine["gpu"] != name) continue;
          const Json& roles = machine["suits"];
          if (std::find(roles.begin(), roles.end(), role) == roles.end()) continue;
          found = plan["weights"].get<std::string>() + " up to " +
                  std::to_string(row["context"].get<int64_t>() / 1024) + "K";
        }
      }
    }
    return found;
  };
  std::puts("What suits which role, with the lightest weights of the above:");
  std::printf("%-16s %-22s %-22s %-22s\n", "", "typing (24 tokens in", "team (8 x 20 tokens/s)",
              "overnight (it fits)");
  std::printf("%-16s %-22s\n", "", "  half a second)");
  for (const Machine& machine : machines) {
    std::printf("%-16s", machine.name.c_str());
    for (const char* role : {"typing", "team", "overnight"}) {
      const std::string found = suits(machine.name, role);
      std::printf(" %-22s", found.empty() ? "-" : found.c_str());
    }
    std::puts("");
  }
}

// How joined GPUs share the layers, and which of them a step waits for.
void print_splits(const Json& plans) {
  for (const Json& plan : plans) {
    for (const Json& row : plan["rows"]) {
      for (const Json& machine : row["gpus"]) {
        if (!machine.contains("layers")) continue;
        std::printf("%s, %s, %lldK x %d: layers", machine["gpu"].get<std::string>().c_str(),
                    plan["weights"].get<std::string>().c_str(),
                    row["context"].get<long long>() / 1024, row["sequences"].get<int>());
        for (const Json& n : machine["layers"]) std::printf(" %d", n.get<int>());
        std::fputs(", of a step's time", stdout);
        for (const Json& share : machine["step_shares"])
          std::printf(" %.0f%%", 100 * share.get<double>());
        std::puts("");
      }
    }
  }
}

Status run_plan(const PlanArguments& arguments, const Environment& environment) {
  ModelConfig config;
  std::string name = arguments.config;
  if (name.empty()) {
    ASSIGN_OR_RETURN(name, find_model(environment, arguments.model));
    ASSIGN_OR_RETURN(config, ModelConfig::load(name));
  } else {
    ASSIGN_OR_RETURN(config, engine::named_config(name, 0));
  }
  std::vector<WeightFormat> formats;
  for (const std::string& weights : arguments.weights) {
    ASSIGN_OR_RETURN(const WeightFormat format, find_format(weights));
    formats.push_back(format);
  }
  if (formats.empty()) formats.push_back(config.weight_format);
  std::vector<Machine> machines;
  for (const std::string& gpu : arguments.gpus) {
    ASSIGN_OR_RETURN(Machine machine, parse_machine(gpu));
    machines.push_back(std::move(machine));
  }
  Json plans = Json::array();
  for (const WeightFormat format : formats) {
    config.weight_format = format;
    plans.push_back(plan_json(config, arguments, machines));
  }
  if (arguments.json) {
    print_json({{"model", name}, {"plans", plans}});
    return {};
  }
  std::printf("%s: %d layers%s\n", name.c_str(), config.n_layers,
              config.n_loops > 1 ? ", run twice for each token" : "");
  for (const Json& plan : plans) print_table(plan, machines);
  std::puts("");
  print_splits(plans);
  print_roles(plans, machines);
  std::puts(
      "\nMemory is what rondo allocates. Speeds are a forecast: the data sheet's bandwidth and "
      "rate, times the\n"
      "shares of them that were measured on an H100 (docs/performance.md). GPUs joined by + would "
      "hold a part of\n"
      "the layers each; rondo runs a model on one GPU so far.");
  return {};
}

}  // namespace

void add_plan_command(CLI::App& app, CommandContext context) {
  CLI::App* command = app.add_subcommand(
      "plan", "Forecast the memory and speed of a model on GPUs, also on such that are not there");
  command->footer(
      "rondo plan                                    the model that is used, on common GPUs\n"
      "rondo plan --config iquest-40b-loop --weights int8,int4 --context 32K,128K --gpu "
      "h200,rtx-5090+rtx-3090\n"
      "rondo plan --gpu 24:1008:165                  a GPU of 24 GiB, 1008 GB/s, 165 TFLOP/s in "
      "bf16");
  const auto arguments = std::make_shared<PlanArguments>();
  auto* model = command->add_option("--model", arguments->model, "Model folder");
  command
      ->add_option("--config", arguments->config,
                   "Shape of a published model, e.g. iquest-7b or qwen2.5-coder-7b")
      ->excludes(model);
  command
      ->add_option("--weights", arguments->weights,
                   "bf16, int8, int4; several by commas (default: the model's)")
      ->delimiter(',');
  command->add_option("--context", arguments->contexts, "Tokens that a sequence sees, e.g. 8K,128K")
      ->delimiter(',')
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(int64_t{16}, int64_t{1} << 24))
      ->default_str("8K,32K,128K");
  command->add_option("--batch", arguments->batches, "Sequences that decode together")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096))
      ->default_str("1,8");
  command
      ->add_option("--gpu", arguments->gpus,
                   "GPUs by name, or GIB:GB_PER_S:TFLOPS; + joins several into one machine")
      ->delimiter(',')
      ->default_str("h100,l40s,rtx-4090");
  command->add_flag("--json", arguments->json, "As JSON");
  on_run(*command, context, [arguments, &environment = context.environment] {
    return run_plan(*arguments, environment);
  });
}

}  // namespace rondo::cli
