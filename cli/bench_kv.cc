#include "cli/bench_kv.h"

#include <cstdio>
#include <memory>

#include "bench/kv_memory.h"
#include "cli/model_path.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "Blocks of the folder are composed until there are as many tokens as a row says; the others\n"
    "wait in the host's memory or on disk ('rest'). 'full+window' and 'two full' are what the "
    "same\n"
    "composed and active tokens take where loop 0 is kept whole and loop 1 for its window (vLLM),\n"
    "and where both loops are kept whole (SGLang). '-58%' beside a figure says that the GPU holds\n"
    "at least that much less than the whole workspace in that layout. Restoring is measured with\n"
    "the first Segments; the other shape's times are the same bytes a second.\n\n"
    "  rondo bench kv . --composed 8192 32768 131072";

struct Arguments {
  std::string model;
  bool json = false;
  bench::KvMemoryOptions options;
};

// Bytes a second of a restored token, 0 where nothing was.
double rate(const bench::RestoreRates& rates, double seconds) {
  const auto bytes = static_cast<double>(rates.n_tokens * rates.bytes_per_token);
  return seconds > 0 ? bytes / seconds : 0;
}

Json json_of(const bench::KvMemoryShape& shape) {
  Json rows = Json::array(), deciles = Json::array();
  for (const bench::TierRow& row : shape.rows) {
    rows.push_back({{"composed_tokens", row.n_composed_tokens},
                    {"gpu_segment_bytes", row.segment_bytes},
                    {"gpu_active_bytes", row.active_bytes},
                    {"rest_bytes", row.rest_bytes},
                    {"released_rest_bytes", row.released_rest_bytes},
                    {"full_and_window_bytes", row.full_and_window_bytes},
                    {"two_full_bytes", row.two_full_bytes}});
  }
  for (const bench::DecileRow& row : shape.deciles) {
    deciles.push_back({{"blocks", row.n_blocks},
                       {"most_tokens", row.most_tokens},
                       {"bytes", row.bytes},
                       {"released_bytes", row.released_bytes}});
  }
  return {{"shape", shape.name},
          {"kv_bytes_per_token", shape.token_bytes},
          {"rows", rows},
          {"deciles", deciles}};
}

Json json_of(const bench::KvMemoryResult& result) {
  Json shapes = Json::array();
  for (const bench::KvMemoryShape& shape : result.shapes) shapes.push_back(json_of(shape));
  return {{"device", result.device},
          {"blocks", result.n_blocks},
          {"tokens", result.n_tokens},
          {"shapes", shapes},
          {"restore",
           {{"tokens", result.rates.n_tokens},
            {"bytes_per_token", result.rates.bytes_per_token},
            {"encode_s", result.rates.encode_s},
            {"disk_s", result.rates.disk_s},
            {"host_s", result.rates.host_s},
            {"disk_bytes_per_s", rate(result.rates, result.rates.disk_s)},
            {"host_bytes_per_s", rate(result.rates, result.rates.host_s)}}}};
}

double mib(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

double saved(int64_t bytes, int64_t of) {
  return 1 - static_cast<double>(bytes) / static_cast<double>(of);
}

// `bytes` of a layout, and how much less the GPU has than `whole`, the whole workspace in it.
void print_layout(const bench::TierRow& row, int64_t bytes, int64_t whole) {
  const double share = saved(row.gpu_bytes(), whole);
  std::printf(" %10.1f %5.1f%%%5s", mib(bytes), -100 * share, share >= 0.58 ? "-58%" : "");
}

void print_shape(const bench::KvMemoryShape& shape, const bench::KvMemoryResult& result) {
  std::printf("\n%s: %.1f KiB a token; MiB, and the GPU's beside the whole workspace there\n",
              shape.name.c_str(), static_cast<double>(shape.token_bytes) / 1024);
  std::printf("%9s %10s %10s %10s %10s %22s %22s %9s %9s\n", "composed", "Segments", "active",
              "rest", "released", "full+window", "two full", "disk ms", "host ms");
  const bench::TierRow& whole = shape.rows.back();
  for (const bench::TierRow& row : shape.rows) {
    const auto ms = [&](double seconds) {
      const double bytes_per_s = rate(result.rates, seconds);
      return bytes_per_s > 0 ? 1e3 * static_cast<double>(row.segment_bytes) / bytes_per_s : 0;
    };
    std::printf("%9lld %10.1f %10.1f %10.1f %10.1f", static_cast<long long>(row.n_composed_tokens),
                mib(row.segment_bytes), mib(row.active_bytes), mib(row.rest_bytes),
                mib(row.released_rest_bytes));
    print_layout(row, row.full_and_window_bytes, whole.full_and_window_bytes);
    print_layout(row, row.two_full_bytes, whole.two_full_bytes);
    std::printf(" %9.0f", ms(result.rates.disk_s));
    result.rates.host_s > 0 ? std::printf(" %9.1f\n", ms(result.rates.host_s))
                            : std::printf(" %9s\n", "-");
  }
}

void print_deciles(const bench::KvMemoryShape& shape) {
  std::printf("\nreleased, by tenths of the Blocks by length (%s)\n", shape.name.c_str());
  std::printf("%8s %12s %10s %10s %8s\n", "Blocks", "tokens up to", "MiB", "released", "saved");
  for (const bench::DecileRow& row : shape.deciles) {
    std::printf("%8lld %12d %10.2f %10.2f %7.1f%%\n", static_cast<long long>(row.n_blocks),
                row.most_tokens, mib(row.bytes), mib(row.released_bytes),
                100 * saved(row.released_bytes, row.bytes));
  }
}

void print_table(const bench::KvMemoryResult& result) {
  std::printf("kv  %lld Blocks, %lld tokens; keys and values in bf16\n",
              static_cast<long long>(result.n_blocks), static_cast<long long>(result.n_tokens));
  for (const bench::KvMemoryShape& shape : result.shapes) print_shape(shape, result);
  print_deciles(result.shapes.front());
  const bench::RestoreRates& rates = result.rates;
  std::printf("\nrestoring %lld tokens, %s: encoded in %.3f s, from disk %.3f s (%.2f GB/s)",
              static_cast<long long>(rates.n_tokens), result.device.c_str(), rates.encode_s,
              rates.disk_s, 1e-9 * rate(rates, rates.disk_s));
  if (rates.host_s > 0)
    std::printf(", from the host %.4f s (%.2f GB/s)", rates.host_s,
                1e-9 * rate(rates, rates.host_s));
  std::puts("");
}

}  // namespace

void add_kv_bench(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "kv", "The K/V memory of a workspace by tier, and how quickly it comes back");
  command->footer(kFooter);
  auto arguments = std::make_shared<Arguments>();
  bench::KvMemoryOptions& options = arguments->options;
  command->add_option("PATH", options.workspace, "A folder with source files")->required();
  command->add_option("--model", arguments->model,
                      "Model folder (default: the one that rondo complete uses)");
  command->add_option("--config", options.config, "The shape to show beside it")
      ->capture_default_str();
  command->add_option("--tokens", options.n_workspace_tokens, "Tokens of the workspace")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 24));
  command->add_option("--composed", options.composed, "Tokens that are composed, a row each")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 24));
  command->add_option("--active", options.n_active_tokens, "Tokens of the sequence itself")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--restore", options.n_restored_tokens, "Tokens whose way back is timed")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--device", options.device,
                      "cpu, cuda or cuda:N (default: the first GPU, else the CPU)");
  add_threads_option(*command, options.n_threads);
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    ASSIGN_OR_RETURN(arguments->options.model, find_model(environment, arguments->model));
    ASSIGN_OR_RETURN(const bench::KvMemoryResult result,
                     bench::bench_kv_memory(arguments->options));
    if (arguments->json) return print_json(json_of(result)), Status();
    print_table(result);
    return {};
  });
}

}  // namespace rondo::cli
