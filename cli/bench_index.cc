#include "cli/bench_index.h"

#include <cstdio>
#include <memory>

#include "bench/index.h"

namespace rondo::cli {
namespace {

struct Arguments {
  bool json = false;
  bench::IndexBenchOptions options;
};

Json edit_json(const bench::EditTimes& times) {
  return {{"max_bytes", times.max_bytes},
          {"n", times.n},
          {"edit_ms", {{"p50", times.edit_p50_ms}, {"p95", times.edit_p95_ms}}},
          {"parse_ms", {{"p50", times.parse_p50_ms}, {"p95", times.parse_p95_ms}}},
          {"apply_ms", {{"p50", times.apply_p50_ms}, {"p95", times.apply_p95_ms}}}};
}

void print(const bench::EditTimes& times) {
  char size[32] = "any file";
  if (times.max_bytes > 0) {
    std::snprintf(size, sizeof size, "< %lld KiB", static_cast<long long>(times.max_bytes >> 10));
  }
  std::printf(
      "edit      %-10s %5lld letters: to its Blocks p50 %.2f ms, p95 %.2f; parser %.2f, %.2f; on "
      "the "
      "protocol's thread %.3f, %.3f\n",
      size, static_cast<long long>(times.n), times.edit_p50_ms, times.edit_p95_ms,
      times.parse_p50_ms, times.parse_p95_ms, times.apply_p50_ms, times.apply_p95_ms);
}

Json to_json(const bench::IndexBenchResult& result) {
  Json by_size = Json::array();
  for (const bench::EditTimes& times : result.edits_by_size) by_size.push_back(edit_json(times));
  return {{"files", result.n_files},
          {"skipped", result.n_skipped},
          {"lines", result.n_lines},
          {"bytes", result.n_bytes},
          {"blocks", result.n_blocks},
          {"names", result.n_names},
          {"seconds", result.seconds},
          {"cpu_seconds", result.cpu_seconds},
          {"mloc_per_minute", result.mloc_per_minute},
          {"mloc_per_cpu_minute", result.mloc_per_cpu_minute},
          {"memory_bytes", result.memory_bytes},
          {"edits", edit_json(result.edits)},
          {"edits_by_size", std::move(by_size)}};
}

void print(const bench::IndexBenchResult& result) {
  const auto count = [](int64_t n) { return static_cast<long long>(n); };
  std::printf("index     %lld files, %lld lines, %.1f MB: %lld Blocks, %lld names; %lld skipped\n",
              count(result.n_files), count(result.n_lines),
              1e-6 * static_cast<double>(result.n_bytes), count(result.n_blocks),
              count(result.n_names), count(result.n_skipped));
  std::printf("          %.2f s, %.1f MLoC/min; %.2f s of CPU, %.1f MLoC/min a core; %.0f MB\n",
              result.seconds, result.mloc_per_minute, result.cpu_seconds,
              result.mloc_per_cpu_minute, 1e-6 * static_cast<double>(result.memory_bytes));
  for (const bench::EditTimes& times : result.edits_by_size) print(times);
  print(result.edits);
}

}  // namespace

void add_index_bench(CLI::App& bench, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = bench.add_subcommand("index", "Index a folder, then type in its files");
  command->add_option("PATH", arguments->options.folder, "A folder with source files")->required();
  command->add_option("--threads", arguments->options.n_threads, "Threads that read and cut files")
      ->check(CLI::PositiveNumber);
  command->add_option("--edits", arguments->options.n_edits, "How many letters are typed")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", arguments->options.seed, "Where they are typed");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context, [arguments]() -> Status {
    ASSIGN_OR_RETURN(const bench::IndexBenchResult result, bench::bench_index(arguments->options));
    arguments->json ? print_json(to_json(result)) : print(result);
    return {};
  });
}

}  // namespace rondo::cli
