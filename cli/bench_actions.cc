#include "cli/bench_actions.h"

#include <cstdio>
#include <memory>

#include "bench/actions.h"
#include "bench/worktree.h"
#include "cli/model_path.h"
#include "engine/engine.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "Names are misspelt, imports, signs, expressions, bodies, docstrings and types are taken out "
    "of\n"
    "real files, one at a time, and the action is asked to bring them back. 'applies' says that "
    "the\n"
    "text parses as well as before, 'right' that it is what it was (of types: how many of "
    "them).\n"
    "The list is asked for as editors do, behind an edit and at a move of the cursor.\n\n"
    "  rondo bench actions --worktree . --cases 100\n"
    "  rondo bench actions --corpus DIR/corpus --actions fixName addImport --json";

struct Arguments {
  std::string corpus;
  std::string worktree;
  bool json = false;
  bool wrong = false;
  engine::EngineOptions engine;
  bench::ActionsOptions actions;
};

std::shared_ptr<Arguments> add_options(CLI::App& command) {
  auto arguments = std::make_shared<Arguments>();
  command.add_option("--worktree", arguments->worktree, "A git work tree, or any folder of code");
  command.add_option("--corpus", arguments->corpus,
                     "Instead: a folder of repositories, DIR/corpus of scripts/fetch-corpus DIR");
  command.add_option("--cases", arguments->actions.n_cases, "Of each action")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--actions", arguments->actions.actions, "Only these (default: all)");
  command.add_option("--seed", arguments->actions.seed, "Of the cases");
  command.add_option("--model", arguments->engine.model,
                     "Model folder (default: the one that rondo complete uses)");
  command.add_option("--device", arguments->engine.device, "cpu, cuda or cuda:N");
  command.add_option("--kernels", arguments->engine.kernels,
                     "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(command, arguments->engine.n_threads);
  command.add_flag(
      "--wrong", arguments->wrong,
      "Also print each case that was not right to stderr: where, what was wanted, what "
      "came");
  command.add_flag("--json", arguments->json, "One JSON object instead of a table");
  return arguments;
}

Status run(const Environment& environment, Arguments& arguments) {
  if (arguments.corpus.empty() == arguments.worktree.empty()) {
    return invalid_argument_error("one of --worktree and --corpus is needed");
  }
  ASSIGN_OR_RETURN(const bench::Corpus corpus, arguments.corpus.empty()
                                                   ? bench::read_worktree(arguments.worktree)
                                                   : bench::read_corpus(arguments.corpus));
  ASSIGN_OR_RETURN(arguments.engine.model, find_model(environment, arguments.engine.model));
  ASSIGN_OR_RETURN(const auto engine, engine::Engine::load(arguments.engine));
  if (!engine->config().fim || !engine->config().segment) {
    return invalid_argument_error(arguments.engine.model +
                                  " was not trained on holes and Segments, which is measured here");
  }
  if (arguments.wrong) {
    arguments.actions.on_wrong = [](const std::string& wrong) {
      std::fprintf(stderr, "\n%s", wrong.c_str());
    };
  }
  ASSIGN_OR_RETURN(const auto scores, bench::measure_actions(*engine, corpus, arguments.actions));
  if (arguments.json) return print_json({{"actions", bench::actions_json(scores)}}), Status();
  std::fputs(bench::actions_table(scores).c_str(), stdout);
  return {};
}

}  // namespace

void add_actions_bench(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "actions", "Spoil real code and let the editor's code actions bring it back");
  command->footer(kFooter);
  const auto arguments = add_options(*command);
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    return run(environment, *arguments);
  });
}

}  // namespace rondo::cli
