#include "cli/bench_trapezoid.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "bench/trapezoid.h"
#include "cli/bench_arguments.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "A Loop model's last row depends on loop 1 in the last part of a prompt alone, the less the\n"
    "deeper the layer. Each row is a cold prompt to its first logits: every row through both\n"
    "loops, a chunk at a time, then loop 1's trapezoid; 'work' is the ratio of the operations.\n"
    "The rates stand beside the machine's own, measured in the same run.\n\n"
    "The 40B shape with all 80 layers on one GPU of 80 GB, 128K tokens, about two minutes:\n"
    "  rondo bench trapezoid --device cuda --random-weights iquest-40b-loop --share-layers \\\n"
    "    --tokens 8192 16384 131072 --repetitions 1";

Json json_of(const bench::TrapezoidResult& result) {
  Json rows = Json::array();
  for (const bench::TrapezoidRow& row : result.rows) {
    rows.push_back({{"tokens", row.n_tokens},
                    {"whole_s", row.whole_s},
                    {"trapezoid_s", row.trapezoid_s},
                    {"time_ratio", row.time_ratio()},
                    {"work_ratio", row.work_ratio()},
                    {"whole_flops", row.whole_flops},
                    {"trapezoid_flops", row.trapezoid_flops}});
  }
  return {{"device", result.device},
          {"kernels", result.kernels},
          {"threads", result.n_threads},
          {"chunk_tokens", result.n_chunk_tokens},
          {"peak", result.peak_name},
          {"peak_flops_per_s", result.peak_flops_per_s},
          {"rows", rows}};
}

void print_table(const bench::TrapezoidResult& result) {
  std::printf("trapezoid  %s, %s, chunks of %d rows; %s does %.0f GFLOP/s\n", result.device.c_str(),
              result.kernels.c_str(), result.n_chunk_tokens, result.peak_name.c_str(),
              1e-9 * result.peak_flops_per_s);
  std::printf("%9s %20s %20s %8s %8s\n", "tokens", "both loops whole", "trapezoid", "time", "work");
  for (const bench::TrapezoidRow& row : result.rows) {
    const auto share = [&](int64_t flops, double seconds) {
      return 100 * static_cast<double>(flops) / seconds / result.peak_flops_per_s;
    };
    std::printf("%9d %11.1f ms (%2.0f%%) %11.1f ms (%2.0f%%) %8.3f %8.3f\n", row.n_tokens,
                1e3 * row.whole_s, share(row.whole_flops, row.whole_s), 1e3 * row.trapezoid_s,
                share(row.trapezoid_flops, row.trapezoid_s), row.time_ratio(), row.work_ratio());
  }
}

}  // namespace

void add_trapezoid_bench(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "trapezoid", "A cold prompt of a Loop model, beside both loops over all of it");
  command->footer(kFooter);
  const auto arguments = add_model_options(*command);
  arguments->options.n_repetitions = 3;
  auto options = std::make_shared<bench::TrapezoidOptions>();
  command->add_option("--tokens", options->lengths, "Lengths of the prompts")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  command
      ->add_option("--chunk", arguments->options.n_chunk_tokens,
                   "Rows of a step (default: the engine's)")
      ->check(CLI::Range(1, 1 << 14));
  on_run(*command, context, [arguments, options, &environment = context.environment]() -> Status {
    RETURN_IF_ERROR(arguments->resolve_model(environment));
    options->engine = arguments->options;
    options->on_step = [](const std::string& step) { std::fprintf(stderr, "%s\n", step.c_str()); };
    ASSIGN_OR_RETURN(const bench::TrapezoidResult result, bench::bench_trapezoid(*options));
    if (arguments->json) return print_json(json_of(result)), Status();
    print_table(result);
    return {};
  });
}

}  // namespace rondo::cli
