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

struct StateName {
  bench::CacheState state;
  const char* json;
  const char* text;
};
constexpr StateName kStates[] = {
    {bench::CacheState::kTypedThrough, "typed_through", "agreed with what was shown"},
    {bench::CacheState::kCursorHit, "cursor_hit", "prompt continued"},
    {bench::CacheState::kSegmentHit, "segment_hit", "Segments there, prompt new"},
    {bench::CacheState::kCold, "cold", "Segments encoded first"}};

Json latencies_json(const bench::Latencies& latencies) {
  return {{"n", latencies.n}, {"p50_ms", latencies.p50_ms}, {"p95_ms", latencies.p95_ms}};
}

Json first_answer_json(const bench::FirstAnswer& first) {
  return {{"choose_ms", first.choose_ms},           {"segments_ms", first.segments_ms},
          {"prompt_ms", first.prompt_ms},           {"decode_ms", first.decode_ms},
          {"encoded_tokens", first.encoded_tokens}, {"prompt_tokens", first.prompt_tokens}};
}

Json summary_json(const bench::TypingSummary& summary) {
  Json json = {{"jumps", latencies_json(summary.jumps)},
               {"at_jumps", first_answer_json(summary.at_jumps)},
               {"median_new_tokens", summary.median_new_tokens},
               {"p95_new_tokens", summary.p95_new_tokens}};
  for (const StateName& name : kStates)
    json[name.json] = latencies_json(summary.states[static_cast<int32_t>(name.state)]);
  return json;
}

void print_latencies(const char* name, const bench::Latencies& latencies) {
  if (latencies.n == 0) return;
  std::printf("  %-28s p50 %7.1f ms   p95 %7.1f ms   (%d)\n", name, latencies.p50_ms,
              latencies.p95_ms, latencies.n);
}

void print_summary(const char* title, const bench::TypingSummary& summary) {
  std::printf("%s: a key that asks the model computes %.0f tokens of the prompt (95%%: %.0f)\n",
              title, summary.median_new_tokens, summary.p95_new_tokens);
  for (const StateName& name : kStates)
    print_latencies(name.text, summary.states[static_cast<int32_t>(name.state)]);
  print_latencies("first after a jump", summary.jumps);
  if (summary.jumps.n == 0) return;
  const bench::FirstAnswer& first = summary.at_jumps;
  std::printf(
      "    of that: choice %.1f, %.0f tokens of Segments %.1f, %.0f of the prompt %.1f, "
      "answer %.1f ms\n",
      first.choose_ms, first.encoded_tokens, first.segments_ms, first.prompt_tokens,
      first.prompt_ms, first.decode_ms);
}

Status run(const Arguments& arguments, const Environment& environment) {
  bench::CompletionBenchOptions options = arguments.options;
  ASSIGN_OR_RETURN(options.model, find_model(environment, arguments.model));
  ASSIGN_OR_RETURN(const bench::CompletionBenchResult result, bench::bench_completion(options));
  if (arguments.json) {
    print_json({{"device", result.device},
                {"kernels", result.kernels},
                {"files", result.n_files},
                {"segment_tokens", result.n_segment_tokens},
                {"first_ms", result.first_ms},
                {"median_tokenize_us", result.median_tokenize_us},
                {"quiet", summary_json(result.quiet)},
                {"while_indexing", summary_json(result.while_indexing)}});
    return {};
  }
  std::printf(
      "%s, %s, %lld files, %d tokens of Segments; first answer %.0f ms, text to tokens %.0f us\n",
      result.device.c_str(), result.kernels.c_str(), static_cast<long long>(result.n_files),
      result.n_segment_tokens, result.first_ms, result.median_tokenize_us);
  print_summary("typing", result.quiet);
  print_summary("typing while a workspace is indexed", result.while_indexing);
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
  command->add_option("--device", arguments->options.device, "cpu, cuda or cuda:N");
  command->add_option("--kernels", arguments->options.kernels,
                      "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(*command, arguments->options.n_threads);
  command->add_option("--context", arguments->options.context_tokens,
                      "Tokens of composed Segments");
  command->add_option("--keys", arguments->options.n_actions, "How many keys and jumps")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--keys-a-place", arguments->options.most_keys,
                   "Keys before the cursor jumps on (default: a line or two)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--pause", arguments->options.pause_ms, "Milliseconds between two keys")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--seed", arguments->options.seed, "Which lines are typed");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context,
         [arguments, &environment = context.environment] { return run(*arguments, environment); });
}

}  // namespace rondo::cli
