#include "cli/bench_reuse.h"

#include <cstdio>
#include <memory>

#include "bench/reuse.h"
#include "cli/bench_arguments.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "Times from the prompt to its first token. A keystroke finds Segments and the sequence of the\n"
    "cursor and computes its new tokens alone; 'cold active' finds the Segments; 'read again' has\n"
    "context and active tokens as one prompt, nothing kept. The floor is the bytes that a step\n"
    "must read or the operations, whatever takes longer at the machine's rates of the same run.\n\n"
    "  rondo bench reuse --contexts 4096 16384 65536";

Json json_of(const bench::FirstToken& time, const bench::ReuseResult& result) {
  return {{"ms", time.ms},
          {"bytes", time.bytes},
          {"flops", time.flops},
          {"floor_ms", time.floor_ms(result.bandwidth, result.peak_flops_per_s)}};
}

Json json_of(const bench::ReuseResult& result) {
  Json rows = Json::array();
  for (const bench::ReuseRow& row : result.rows) {
    rows.push_back({{"context_tokens", row.n_context_tokens},
                    {"keystroke", json_of(row.keystroke, result)},
                    {"cold_active", json_of(row.cold_active, result)},
                    {"read_again", json_of(row.read_again, result)},
                    {"times_faster", row.read_again.ms / row.keystroke.ms},
                    {"times_no_context", row.keystroke.ms / result.no_context.ms}});
  }
  return {{"device", result.device},
          {"kernels", result.kernels},
          {"threads", result.n_threads},
          {"bandwidth_bytes_per_s", result.bandwidth},
          {"peak", result.peak_name},
          {"peak_flops_per_s", result.peak_flops_per_s},
          {"no_context", json_of(result.no_context, result)},
          {"rows", rows}};
}

void print_time(const bench::FirstToken& time, const bench::ReuseResult& result) {
  std::printf(" %9.2f ms (%6.2f)", time.ms,
              time.floor_ms(result.bandwidth, result.peak_flops_per_s));
}

void print_table(const bench::ReuseResult& result) {
  std::printf("reuse  %s, %s; %.1f GB/s, %s does %.0f GFLOP/s; in brackets the floor\n",
              result.device.c_str(), result.kernels.c_str(), 1e-9 * result.bandwidth,
              result.peak_name.c_str(), 1e-9 * result.peak_flops_per_s);
  std::printf("%8s %21s %21s %21s %14s %13s\n", "context", "keystroke", "cold active", "read again",
              "times faster", "x no context");
  std::printf("%8d", 0);
  print_time(result.no_context, result);
  std::puts("");
  for (const bench::ReuseRow& row : result.rows) {
    std::printf("%8d", row.n_context_tokens);
    print_time(row.keystroke, result);
    print_time(row.cold_active, result);
    print_time(row.read_again, result);
    std::printf(" %14.1f %13.2f\n", row.read_again.ms / row.keystroke.ms,
                row.keystroke.ms / result.no_context.ms);
  }
}

}  // namespace

void add_reuse_bench(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "reuse", "The first token behind a keystroke, beside reading everything again");
  command->footer(kFooter);
  const auto arguments = add_model_options(*command);
  arguments->options.n_repetitions = 20;
  auto options = std::make_shared<bench::ReuseOptions>();
  command->add_option("--contexts", options->contexts, "Tokens of composed Segments, a row each")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command
      ->add_option("--active", arguments->options.n_active_tokens,
                   "Tokens of the prompt before the keystroke")
      ->check(CLI::Range(1, 1 << 20));
  command->add_option("--new", options->n_new_tokens, "Tokens that a keystroke adds")
      ->capture_default_str()
      ->check(CLI::Range(1, 32));
  on_run(*command, context, [arguments, options, &environment = context.environment]() -> Status {
    RETURN_IF_ERROR(arguments->resolve_model(environment));
    options->engine = arguments->options;
    options->on_step = [](const std::string& step) { std::fprintf(stderr, "%s\n", step.c_str()); };
    ASSIGN_OR_RETURN(const bench::ReuseResult result, bench::bench_reuse(*options));
    if (arguments->json) return print_json(json_of(result)), Status();
    print_table(result);
    return {};
  });
}

}  // namespace rondo::cli
