#include "cli/bench_cache.h"

#include <cstdio>
#include <memory>

#include "bench/cache.h"
#include "bench/worktree.h"
#include "cli/model_path.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "Somebody types in a few files of a git work tree, goes back and forth between them, and asks\n"
    "at every key. Tokens are those of prompts and context; a hit is one that was read before: "
    "for\n"
    "the sequence of the same cursor, for other prompts that begin alike, or as a Segment. Who\n"
    "types what was shown asks nothing. Both ways of reading context get the same keys. Without a\n"
    "clock every key waits for what is prepared, and the table depends on the seed alone.\n\n"
    "  rondo bench cache ~/src/project\n"
    "  rondo bench cache --modes prefix --keys 1000 --json ~/src/project";

struct Arguments {
  std::string worktree;
  std::string model;
  std::vector<std::string> modes = {"segments", "prefix"};
  bool json = false;
  bench::CacheBenchOptions options;
};

constexpr const char* kActionNames[bench::kCacheActions] = {"key", "jump in the file",
                                                            "back in a file", "file seen first"};
constexpr const char* kActionKeys[bench::kCacheActions] = {"key", "jump", "return", "first_visit"};

const char* mode_name(assist::ContextMode mode) {
  return mode == assist::ContextMode::kPrefix ? "prefix" : "segments";
}

Json json_of(const bench::CacheTokens& tokens) {
  return {{"actions", tokens.n_actions},
          {"typed_through", tokens.n_typed_through},
          {"tokens", tokens.n_tokens},
          {"cursor_tokens", tokens.n_cursor},
          {"prefix_page_tokens", tokens.n_prefix_pages},
          {"segment_tokens", tokens.n_segments},
          {"computed_tokens", tokens.n_computed},
          {"hit_rate", tokens.hit_rate()},
          {"whole_hits", tokens.n_whole_hits},
          {"computed_p50", tokens.computed_percentile(0.5)},
          {"computed_p95", tokens.computed_percentile(0.95)}};
}

Json json_of(const bench::CacheBenchResult& result) {
  Json runs = Json::array();
  for (const bench::CacheRun& run : result.runs) {
    Json json = {{"mode", mode_name(run.mode)}, {"all", json_of(run.all())}};
    for (int32_t i = 0; i < bench::kCacheActions; ++i)
      json[kActionKeys[i]] = json_of(run.actions[i]);
    runs.push_back(std::move(json));
  }
  return {{"device", result.device},
          {"kernels", result.kernels},
          {"files", result.n_files},
          {"runs", std::move(runs)}};
}

void print_row(const char* mode, const char* action, const bench::CacheTokens& tokens) {
  if (tokens.n_actions == 0) return;
  const auto percent = [&](int64_t part) {
    return tokens.n_tokens == 0
               ? 0.0
               : 100 * static_cast<double>(part) / static_cast<double>(tokens.n_tokens);
  };
  const auto n_asked = static_cast<double>(std::max<int64_t>(tokens.n_asked(), 1));
  std::printf(
      "| %s, %s | %lld | %lld | %.0f | %.1f | %.1f | %.1f | **%.1f** | %.0f | %lld | %lld |\n",
      mode, action, static_cast<long long>(tokens.n_actions),
      static_cast<long long>(tokens.n_typed_through),
      static_cast<double>(tokens.n_tokens) / n_asked, percent(tokens.n_cursor),
      percent(tokens.n_prefix_pages), percent(tokens.n_segments), 100 * tokens.hit_rate(),
      100 * static_cast<double>(tokens.n_whole_hits) / n_asked,
      static_cast<long long>(tokens.computed_percentile(0.5)),
      static_cast<long long>(tokens.computed_percentile(0.95)));
}

void print_table(const bench::CacheBenchResult& result) {
  std::printf("%s, %s, %lld files\n\n", result.device.c_str(), result.kernels.c_str(),
              static_cast<long long>(result.n_files));
  std::puts(
      "| context, action | n | typed through | tokens an answer | of the cursor % | prefix pages % "
      "| Segments % | hit % | answers that compute <= 10 % | computed p50 | p95 |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|");
  for (const bench::CacheRun& run : result.runs) {
    for (int32_t i = 0; i < bench::kCacheActions; ++i)
      print_row(mode_name(run.mode), kActionNames[i], run.actions[i]);
    print_row(mode_name(run.mode), "all", run.all());
  }
}

Status run(Arguments& arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(arguments.options.engine.model, find_model(environment, arguments.model));
  ASSIGN_OR_RETURN(const bench::Corpus corpus, bench::read_worktree(arguments.worktree));
  std::vector<assist::ContextMode> modes;
  for (const std::string& mode : arguments.modes) modes.push_back(assist::context_mode_of(mode));
  ASSIGN_OR_RETURN(const bench::CacheBenchResult result,
                   bench::bench_cache(corpus.repositories[0], modes, arguments.options));
  if (arguments.json) {
    print_json(json_of(result));
  } else {
    print_table(result);
  }
  return {};
}

void add_trace_options(CLI::App& command, bench::CacheBenchOptions& options) {
  const auto add = [&](const char* name, int32_t& value, const char* sentence) {
    command.add_option(name, value, sentence)->capture_default_str()->check(CLI::PositiveNumber);
  };
  add("--keys", options.n_actions, "How many keys and jumps, for each way of reading context");
  add("--files", options.n_files, "In how many files somebody works");
  add("--keys-a-visit", options.keys_a_visit, "Of a file, before the next one, about");
  add("--context", options.context_tokens, "Tokens of context, at most");
  command
      .add_option_function<int32_t>(
          "--pause", [&options](int32_t ms) { options.pause = std::chrono::milliseconds(ms); },
          "Type in real time, so many milliseconds between two keys. Default: without a clock")
      ->check(CLI::PositiveNumber);
  command.add_option("--seed", options.seed, "Which files and lines are typed")
      ->capture_default_str();
}

}  // namespace

void add_cache_bench(CLI::App& bench, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  engine::EngineOptions& engine = arguments->options.engine;
  CLI::App* command = bench.add_subcommand(
      "cache", "Type in a work tree and count the tokens that were there before");
  command->footer(kFooter);
  command->add_option("WORKTREE", arguments->worktree, "A git work tree")->required();
  command->add_option("--modes", arguments->modes, "How context is read: segments, prefix or both")
      ->check(CLI::IsMember({"segments", "prefix"}));
  command->add_option("--model", arguments->model,
                      "Model folder (default: the one that rondo complete uses)");
  command->add_option("--device", engine.device, "cpu, cuda or cuda:N");
  command->add_option("--kernels", engine.kernels, "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(*command, engine.n_threads);
  add_trace_options(*command, arguments->options);
  command->add_flag("--json", arguments->json, "One JSON object instead of a table");
  on_run(*command, context,
         [arguments, &environment = context.environment] { return run(*arguments, environment); });
}

}  // namespace rondo::cli
