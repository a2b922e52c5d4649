#include "cli/bench_quality.h"

#include <cstdio>
#include <memory>

#include "bench/context_loss.h"
#include "bench/context_loss_table.h"
#include "bench/corpus.h"
#include "bench/quality.h"
#include "bench/quality_table.h"
#include "cli/model_path.h"
#include "engine/engine.h"

namespace rondo::cli {
namespace {

constexpr int64_t kPoolBytes = int64_t{2} << 30;  // so that neighbours share the Segments of a file

// Options that both share; they live as long as the command line.
struct Arguments {
  std::string corpus;
  std::string log;
  std::string part = "1/1";
  bool json = false;
  engine::EngineOptions engine;
  bench::QualityOptions quality;
  bench::ContextLossOptions context_loss;
};

std::shared_ptr<Arguments> add_options(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command
      .add_option("--corpus", arguments->corpus,
                  "Folder of repositories: DIR/corpus of scripts/fetch-corpus DIR")
      ->required();
  command
      .add_option("--out", arguments->log, "File of results; a run that was stopped goes on there")
      ->required();
  command.add_option("--model", arguments->engine.model,
                     "Model folder (default: the one that rondo complete uses)");
  command.add_option("--part", arguments->part,
                     "Measure 2/8, say: for several processes, a file of results each; then join\n"
                     "the files with cat and run once more without --part");
  command.add_option("--kernels", arguments->engine.kernels,
                     "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(command, arguments->engine.n_threads);
  command.add_flag("--json", arguments->json, "One JSON object instead of a table");
  return arguments;
}

Result<std::unique_ptr<engine::Engine>> load_engine(const Environment& environment,
                                                    engine::EngineOptions options) {
  ASSIGN_OR_RETURN(options.model, find_model(environment, options.model));
  options.kv_bytes = kPoolBytes;
  ASSIGN_OR_RETURN(auto engine, engine::Engine::load(options));
  if (!engine->config().fim || !engine->config().fim->file_sep_token || !engine->config().segment) {
    return invalid_argument_error(
        options.model + " was not trained on holes and Segments, which is what is measured here");
  }
  return engine;
}

void add_quality(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "quality", "Cut single-line holes into real code and let the model fill them");
  const auto arguments = add_options(*command);
  bench::QualityOptions& options = arguments->quality;
  command->add_option("--holes", options.n_holes, "How many, over all languages")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options.seed, "Of the holes");
  command->add_option("--context", options.context_tokens, "Tokens of Segments, at most");
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    arguments->quality.log = arguments->log;
    ASSIGN_OR_RETURN(arguments->quality.part, bench::parse_part(arguments->part));
    ASSIGN_OR_RETURN(const bench::Corpus corpus, bench::read_corpus(arguments->corpus));
    ASSIGN_OR_RETURN(const auto engine, load_engine(environment, arguments->engine));
    ASSIGN_OR_RETURN(const auto results,
                     bench::measure_quality(*engine, corpus, arguments->quality));
    if (arguments->json) {
      print_json(bench::quality_json(results));
    } else {
      std::fputs(bench::quality_table(results, engine->config().fim->order).c_str(), stdout);
    }
    return {};
  });
}

void add_context_loss(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "context-loss", "The loss on real code with Segments and without, paired");
  const auto arguments = add_options(*command);
  bench::ContextLossOptions& options = arguments->context_loss;
  command->add_option("--examples", options.n_examples, "How many, over all languages")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options.seed, "Of the examples");
  command->add_option("--active", options.active_tokens, "Tokens of an example, at most");
  command->add_option("--context", options.context_tokens, "Tokens of Segments, at most");
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    arguments->context_loss.log = arguments->log;
    ASSIGN_OR_RETURN(arguments->context_loss.part, bench::parse_part(arguments->part));
    ASSIGN_OR_RETURN(const bench::Corpus corpus, bench::read_corpus(arguments->corpus));
    ASSIGN_OR_RETURN(const auto engine, load_engine(environment, arguments->engine));
    ASSIGN_OR_RETURN(const auto loss,
                     bench::measure_context_loss(*engine, corpus, arguments->context_loss));
    if (arguments->json) {
      print_json(bench::context_loss_json(loss));
    } else {
      std::fputs(bench::context_loss_table(loss).c_str(), stdout);
    }
    return {};
  });
}

}  // namespace

void add_quality_benches(CLI::App& bench, CommandContext context) {
  add_quality(bench, context);
  add_context_loss(bench, context);
}

}  // namespace rondo::cli
