#include "cli/bench_completion.h"

#include <cstdio>
#include <memory>

#include "bench/completion_bench.h"
#include "cli/model_path.h"

namespace rondo::cli {
namespace {

struct Arguments {
  std::string model;
  bool json = false;
  bench::CompletionBenchOptions options;
};

Json latencies_json(const bench::Latencies& latencies) {
  return {{"n", latencies.n}, {"p50_ms", latencies.p50_ms}, {"p95_ms", latencies.p95_ms}};
}

void print_latencies(const char* name, const bench::Latencies& latencies) {
  std::printf("  %-28s p50 %7.1f ms   p95 %7.1f ms   (%d)\n", name, latencies.p50_ms,
              latencies.p95_ms, latencies.n);
}

Status run(const Arguments& arguments, const Environment& environment) {
  bench::CompletionBenchOptions options = arguments.options;
  ASSIGN_OR_RETURN(options.model, find_model(environment, arguments.model));
  ASSIGN_OR_RETURN(const bench::CompletionBenchResult result, bench::bench_completion(options));
  if (arguments.json) {
    print_json({{"kernels", result.kernels},
                {"files", result.n_files},
                {"segment_tokens", result.n_segment_tokens},
                {"first_ms", result.first_ms},
                {"keys", latencies_json(result.keys)},
                {"keys_while_indexing", latencies_json(result.keys_while_indexing)},
                {"jumps", latencies_json(result.jumps)},
                {"median_new_tokens", result.median_new_tokens},
                {"median_tokenize_us", result.median_tokenize_us},
                {"typed_through", result.n_typed_through}});
    return {};
  }
  std::printf("complete  %s, %lld files, %d tokens of Segments, first %.0f ms\n",
              result.kernels.c_str(), static_cast<long long>(result.n_files),
              result.n_segment_tokens, result.first_ms);
  print_latencies("keystroke", result.keys);
  print_latencies("keystroke while indexing", result.keys_while_indexing);
  print_latencies("jump", result.jumps);
  std::printf(
      "  a key: text to tokens %.0f us, %.0f new tokens; %d keys agreed with what was shown\n",
      result.median_tokenize_us, result.median_new_tokens, result.n_typed_through);
  return {};
}

}  // namespace

void add_completion_bench(CLI::App& bench, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = bench.add_subcommand("complete", "Type in a workspace and time every answer");
  command->add_option("WORKSPACE", arguments->options.workspace, "A folder with source files")
      ->required();
  command->add_option("--model", arguments->model,
                      "Model folder (default: the one that rondo complete uses)");
  command->add_option("--kernels", arguments->options.kernels,
                      "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(*command, arguments->options.n_threads);
  command->add_option("--context", arguments->options.context_tokens,
                      "Tokens of composed Segments");
  command->add_option("--keys", arguments->options.n_keys, "How many keystrokes count")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", arguments->options.seed, "Which lines are typed");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context,
         [arguments, &environment = context.environment] { return run(*arguments, environment); });
}

}  // namespace rondo::cli
