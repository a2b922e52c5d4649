#include "cli/bench_quality.h"

#include <cstdio>
#include <memory>

#include "base/mapped_file.h"
#include "bench/context_loss.h"
#include "bench/context_loss_table.h"
#include "bench/corpus.h"
#include "bench/infill.h"
#include "bench/infill_table.h"
#include "bench/quality.h"
#include "bench/quality_table.h"
#include "bench/worktree.h"
#include "cli/model_path.h"
#include "engine/engine.h"

namespace rondo::cli {
namespace {

constexpr int64_t kPoolBytes = int64_t{2} << 30;  // so that neighbours share the Segments of a file

// Options that both share; they live as long as the command line.
struct Arguments {
  std::string corpus;
  std::string worktree;
  std::string problems;
  std::string log;
  std::string part = "1/1";
  bool json = false;
  engine::EngineOptions engine;
  bench::QualityOptions quality;
  bench::InfillOptions infill;
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
  command.add_option("--device", arguments->engine.device, "cpu, cuda or cuda:N");
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

Status measure_infill(const Environment& environment, const Arguments& arguments) {
  ASSIGN_OR_RETURN(const auto engine, load_engine(environment, arguments.engine));
  Result<bench::InfillTable> table = invalid_argument_error("nothing to measure");
  if (!arguments.worktree.empty()) {
    ASSIGN_OR_RETURN(const bench::Corpus corpus, bench::read_worktree(arguments.worktree));
    table = bench::measure_worktree(
        *engine, corpus, bench::WorktreeHistory::read(arguments.worktree), arguments.infill);
  } else {
    ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(arguments.problems));
    ASSIGN_OR_RETURN(const auto problems, bench::read_problems(file.text()));
    table = bench::measure_problems(*engine, problems, arguments.infill);
  }
  RETURN_IF_ERROR(table.status());
  if (arguments.json) {
    print_json(bench::infill_json(*table));
  } else {
    std::fputs(bench::infill_table(*table).c_str(), stdout);
  }
  return {};
}

Status measure_corpus(const Environment& environment, Arguments& arguments) {
  if (arguments.log.empty()) return invalid_argument_error("--corpus needs --out");
  arguments.quality.log = arguments.log;
  ASSIGN_OR_RETURN(arguments.quality.part, bench::parse_part(arguments.part));
  ASSIGN_OR_RETURN(const bench::Corpus corpus, bench::read_corpus(arguments.corpus));
  ASSIGN_OR_RETURN(const auto engine, load_engine(environment, arguments.engine));
  ASSIGN_OR_RETURN(const auto results, bench::measure_quality(*engine, corpus, arguments.quality));
  if (arguments.json) {
    print_json(bench::quality_json(results));
  } else {
    std::fputs(bench::quality_table(results, engine->config().fim->order).c_str(), stdout);
  }
  return {};
}

void add_infill_options(CLI::App& command, Arguments& arguments) {
  command.add_option(
      "--worktree", arguments.worktree,
      "Instead of a corpus: a git work tree. Lines, rests of lines and bodies are\n"
      "filled without context, and with the product's: composed, released, as prefix");
  command.add_option("--problems", arguments.problems,
                     "Instead of a corpus: HumanEval-Infilling, JSON lines");
  command
      .add_option("--cases", arguments.infill.n_cases, "Of a work tree or of problems: how many")
      ->check(CLI::PositiveNumber);
  command.add_flag("--ablate", arguments.infill.ablate,
                   "Of a work tree: leave out one source of context at a time");
  command.add_flag("--run-tests", arguments.infill.run_tests,
                   "Of problems: run the generated code's tests in a sandbox (bubblewrap)");
}

void add_quality(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("quality", "Cut holes into real code and let the model fill them");
  const auto arguments = add_options(*command);
  command->get_option("--corpus")->required(false);
  command->get_option("--out")->required(false);
  add_infill_options(*command, *arguments);
  bench::QualityOptions& options = arguments->quality;
  command->add_option("--holes", options.n_holes, "How many, over all languages")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options.seed, "Of the holes");
  command->add_option("--context", options.context_tokens, "Tokens of Segments, at most");
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    const int n_inputs =
        !arguments->corpus.empty() + !arguments->worktree.empty() + !arguments->problems.empty();
    if (n_inputs != 1) {
      return invalid_argument_error("one of --corpus, --worktree and --problems is needed");
    }
    if (!arguments->corpus.empty()) return measure_corpus(environment, *arguments);
    arguments->infill.log = arguments->log;
    ASSIGN_OR_RETURN(arguments->infill.part, bench::parse_part(arguments->part));
    arguments->infill.seed = arguments->quality.seed;
    arguments->infill.context_tokens = arguments->quality.context_tokens;
    return measure_infill(environment, *arguments);
  });
}

void add_context_loss(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "context-loss",
      "The loss on real code without context and with it: composed, released, as prefix");
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
