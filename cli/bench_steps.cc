#include "cli/bench_steps.h"

#include <cstdio>
#include <memory>

#include "bench/gate.h"
#include "bench/gate_table.h"
#include "bench/rules.h"
#include "bench/steps.h"
#include "bench/steps_table.h"
#include "cli/measured_code.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "Fills rests of lines, whole lines and bodies of functions, a third each, at each depth: how\n"
    "often something is shown, parses and is exactly right, how many names in it nothing brings\n"
    "(pyflakes3 judges Python, tsc TypeScript and JavaScript, where they are installed), and what\n"
    "it costs. An empty answer counts as one that does not parse. The file is cut before it is\n"
    "indexed, so no answer lies in the context.\n\n"
    "  rondo bench steps --worktree . --cases 300 --out steps.jsonl";

constexpr const char* kGateFooter =
    "Asks about holes, and about ends of complete lines, where nothing should be shown, as typing\n"
    "asks. For each thing that a gate can look at, a threshold is fitted on every second case and\n"
    "judged on the others.\n\n"
    "  rondo bench gate --worktree . --out gate.jsonl";

constexpr const char* kRulesFooter =
    "Asks about lines, places in brackets and bodies of functions, a third each, and makes the\n"
    "answers fit with all rules of post-processing and with all but one: a rule is worth what is\n"
    "exact only with it, less what is exact only without it. Shares its answers with bench "
    "gate.\n\n"
    "  rondo bench rules --worktree . --out gate.jsonl";

constexpr const char* kJudgeHelp =
    "Ask nothing: judge the answers in --out, whichever machine they are from";

template <typename Options>
struct Arguments {
  MeasuredCode code;
  Options options;
  bool judge = false;
};
using StepsArguments = Arguments<bench::StepsOptions>;
using GateArguments = Arguments<bench::GateOptions>;
using RulesArguments = Arguments<bench::RulesOptions>;

// What is measured, and who is asked; nobody where answers are only judged.
struct Measured {
  bench::Corpus corpus;
  std::unique_ptr<engine::Engine> engine;
};

template <typename Options>
Result<Measured> open(const Environment& environment, Arguments<Options>& arguments) {
  ASSIGN_OR_RETURN(arguments.options.part, bench::parse_part(arguments.code.part));
  Measured measured;
  ASSIGN_OR_RETURN(measured.corpus, read_code(arguments.code));
  if (!arguments.judge) {
    ASSIGN_OR_RETURN(measured.engine, load_engine(environment, arguments.code));
  }
  return measured;
}

Status run_steps(const Environment& environment, StepsArguments& arguments) {
  arguments.options.log = arguments.code.log;
  ASSIGN_OR_RETURN(const Measured measured, open(environment, arguments));
  ASSIGN_OR_RETURN(const bench::StepsTable table,
                   bench::measure_steps(measured.engine.get(), measured.corpus, arguments.options));
  if (arguments.code.json) return print_json(bench::steps_json(table)), Status();
  std::fputs(bench::steps_table(table).c_str(), stdout);
  return {};
}

void add_steps(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("steps", "What drafting, checking and repairing in steps brings");
  command->footer(kFooter);
  auto arguments = std::make_shared<StepsArguments>();
  add_code_options(*command, arguments->code);
  bench::StepsOptions& options = arguments->options;
  command->add_option("--cases", options.n_cases, "How many, over all languages")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--depths", options.depths, "Last steps, a row each")
      ->capture_default_str()
      ->check(CLI::Range(1, 6));
  command->add_option("-n,--candidates", options.n_candidates, "Drafts of the first step")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  command->add_option("--seed", options.seed, "Of the cases")->capture_default_str();
  command->add_flag("--judge", arguments->judge, kJudgeHelp);
  command->add_option("--context", options.context_tokens, "Tokens of Segments, at most")
      ->capture_default_str();
  on_run(*command, context, [arguments, &environment = context.environment] {
    return run_steps(environment, *arguments);
  });
}

Status run_gate(const Environment& environment, GateArguments& arguments) {
  arguments.options.drafts.log = arguments.code.log;
  ASSIGN_OR_RETURN(const Measured measured, open(environment, arguments));
  ASSIGN_OR_RETURN(const auto cases,
                   bench::measure_gate(measured.engine.get(), measured.corpus, arguments.options));
  if (arguments.code.json) return print_json(bench::gate_json(cases)), Status();
  std::fputs(bench::gate_table(cases).c_str(), stdout);
  return {};
}

Status run_rules(const Environment& environment, RulesArguments& arguments) {
  arguments.options.drafts.log = arguments.code.log;
  ASSIGN_OR_RETURN(const Measured measured, open(environment, arguments));
  ASSIGN_OR_RETURN(const bench::RulesTable table,
                   bench::measure_rules(measured.engine.get(), measured.corpus, arguments.options));
  if (arguments.code.json) return print_json(bench::to_json(table)), Status();
  std::fputs(bench::to_markdown(table).c_str(), stdout);
  return {};
}

void add_gate(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("gate", "What is shown unasked, and how often it is right");
  command->footer(kGateFooter);
  auto arguments = std::make_shared<GateArguments>();
  add_code_options(*command, arguments->code);
  bench::GateOptions& options = arguments->options;
  command->add_option("--holes", options.n_holes, "How many, over all languages")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--quiet", options.n_quiet, "Places where nothing should be shown")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--seed", options.seed, "Of both")->capture_default_str();
  command->add_option("--context", options.drafts.context_tokens, "Tokens of Segments, at most")
      ->capture_default_str();
  command->add_flag("--judge", arguments->judge, kJudgeHelp);
  on_run(*command, context, [arguments, &environment = context.environment] {
    return run_gate(environment, *arguments);
  });
}

void add_rules(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand("rules", "What each rule of post-processing is worth");
  command->footer(kRulesFooter);
  auto arguments = std::make_shared<RulesArguments>();
  add_code_options(*command, arguments->code);
  bench::RulesOptions& options = arguments->options;
  command->add_option("--cases", options.n_cases, "How many, over all languages")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options.seed, "Of the cases")->capture_default_str();
  command->add_option("--context", options.drafts.context_tokens, "Tokens of Segments, at most")
      ->capture_default_str();
  command->add_flag("--judge", arguments->judge, kJudgeHelp);
  on_run(*command, context, [arguments, &environment = context.environment] {
    return run_rules(environment, *arguments);
  });
}

}  // namespace

void add_steps_benches(CLI::App& bench, CommandContext context) {
  add_steps(bench, context);
  add_gate(bench, context);
  add_rules(bench, context);
}

}  // namespace rondo::cli
