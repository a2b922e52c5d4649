#include "cli/bench_wake.h"

#include <cstdio>

#include "bench/wake.h"
#include "cli/bench_arguments.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "An engine that nobody asks gives up its memory (restAfterSeconds, releaseAfterSeconds); "
    "these\n"
    "are the times from a request to its whole answer from each rung, files in the page cache.\n\n"
    "  rondo bench wake --device cuda";

void print_row(const char* from, double ms) {
  if (ms > 0) std::printf("  %-52s %8.1f ms\n", from, ms);
}

}  // namespace

void add_wake_bench(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("wake", "A suggestion from an engine that rests, by rung");
  command->footer(kFooter);
  const auto arguments = add_model_options(*command);
  bench::EngineBenchOptions& options = arguments->options;
  options.n_context_tokens = 2900;
  options.n_active_tokens = 600;
  options.n_tokens = 12;
  command->add_option("--context", options.n_context_tokens, "Tokens of Segments")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--active", options.n_active_tokens, "Tokens of the prompt")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--tokens", options.n_tokens, "Tokens of the answer")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    RETURN_IF_ERROR(arguments->resolve_model(environment));
    ASSIGN_OR_RETURN(const bench::WakeResult result, bench::bench_wake(arguments->options));
    if (arguments->json) {
      print_json({{"device", result.device},
                  {"kernels", result.kernels},
                  {"context_tokens", result.n_context_tokens},
                  {"awake_ms", result.awake_ms},
                  {"kv_ms", result.kv_ms},
                  {"released_ms", result.released_ms},
                  {"start_ms", result.start_ms}});
      return {};
    }
    std::printf("wake  %s, %s: %d tokens behind %d and %d of Segments\n", result.device.c_str(),
                result.kernels.c_str(), arguments->options.n_tokens,
                arguments->options.n_active_tokens, result.n_context_tokens);
    print_row("awake", result.awake_ms);
    print_row("KV in the host's memory", result.kv_ms);
    print_row("released: weights and Segments in files", result.released_ms);
    print_row("no engine: loaded for it", result.start_ms);
    return {};
  });
}

}  // namespace rondo::cli
