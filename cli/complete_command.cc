#include "cli/complete_command.h"

#include <chrono>
#include <cstdio>
#include <future>
#include <memory>

#include "assist/completion.h"
#include "cli/model_path.h"
#include "cli/place.h"
#include "cli/settings.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/indexer.h"

namespace rondo::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string place;
  std::string workspace;
  Flags flags;
  assist::ContextMode context_mode = assist::ContextMode::kSegments;  // from the configuration
  int32_t max_tokens = 0;
  int32_t n_candidates = 1;
  int32_t depth = 0;  // 0: from the configuration
  bool no_context = false;
  bool multiline = false;
  bool json = false;
};

int64_t us_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin).count();
}

// Indexes the workspace for as long as a person at a prompt would wait.
Status index_workspace(const Place& place, workspace::BlockIndex& index) {
  constexpr auto kPatience = std::chrono::seconds(5);
  ASSIGN_OR_RETURN(const auto indexer, workspace::Indexer::start(place.workspace, index));
  indexer->document_changed(place.document);
  if (!indexer->wait_until_idle(kPatience)) {
    std::fprintf(stderr,
                 "rondo: read %lld files in %lld s and went on without the rest of the workspace\n",
                 static_cast<long long>(indexer->progress().n_done),
                 static_cast<long long>(kPatience.count()));
  }
  return {};
}

Json candidates_json(const Place& place, const assist::CompletionOutcome& outcome) {
  Json candidates = Json::array();
  for (const auto& candidate : outcome.candidates) {
    candidates.push_back({{"text", candidate.text},
                          {"replace_begin", candidate.replace_begin},
                          {"replace_end", candidate.replace_end},
                          {"mean_logprob", candidate.mean_logprob}});
  }
  return candidates;
}

Json outcome_json(const Place& place, const assist::CompletionOutcome& outcome, int64_t load_us,
                  int64_t index_us) {
  const assist::CompletionReport& report = outcome.report;
  Json blocks = Json::array();
  for (const auto& block : report.blocks) {
    Json parts = Json::object();
    for (const workspace::ScorePart& part : block.parts) parts[part.name] = part.value;
    blocks.push_back({{"path", block.path},
                      {"tokens", block.n_tokens},
                      {"score", block.score},
                      {"parts", std::move(parts)},
                      {"reason", block.reason}});
  }
  Json json = {{"text", outcome.candidates.empty() ? "" : outcome.candidates[0].text},
               {"candidates", candidates_json(place, outcome)},
               {"tokens", report.tokens},
               {"prompt_tokens", report.n_prompt_tokens},
               {"cached_tokens", report.n_cached_tokens},
               {"adopted_tokens", report.n_adopted_tokens},
               {"segment_tokens", report.n_segment_tokens},
               {"blocks", std::move(blocks)},
               {"loop_steps", assist::loop_steps_json(report.steps)},
               {"near_copies", report.near_copies},
               {"timings_us",
                {{"load_model", load_us},
                 {"index", index_us},
                 {"context", report.context.count()},
                 {"tokenize", report.tokenize.count()},
                 {"queued", report.engine.queued.count()},
                 {"segments", report.engine.segments.count()},
                 {"prefill", report.engine.prefill.count()},
                 {"decode", report.engine.decode.count()},
                 {"postprocess", report.postprocess.count()},
                 {"total", report.total.count()}}}};
  if (!report.silence.empty()) json["silence"] = report.silence;
  return json;
}

Result<assist::CompletionOutcome> complete(const Arguments& arguments, const Place& place,
                                           engine::Engine& engine,
                                           const workspace::BlockIndex& index) {
  assist::Completer completer(
      engine, index, {.first_token_budget = std::chrono::seconds(10), .folder = place.workspace});
  std::promise<Result<assist::CompletionOutcome>> promise;
  completer.complete({.document = place.document,
                      .offset = place.offset,
                      .client = "shell",
                      .automatic = false,
                      .n_candidates = arguments.n_candidates,
                      .max_tokens = arguments.max_tokens,
                      .use_context = !arguments.no_context,
                      .context_mode = arguments.context_mode,
                      .depth = arguments.depth,
                      .multiline = arguments.multiline},
                     {}, [&](Result<assist::CompletionOutcome> outcome) {
                       promise.set_value(std::move(outcome));
                     });
  return promise.get_future().get();
}

// What went wrong with a model and what to do, unless another thing is to blame.
Status about_model(const Status& status) {
  const bool is_folder = status.code() == Code::kNotFound || status.code() == Code::kCorruption ||
                         status.code() == Code::kInvalidArgument;
  if (!is_folder) return status;
  return Status(status.code(),
                status.message() + "; get the model again, or name another with --model");
}

Status run(Arguments arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(const Place place, find_place(arguments.place, arguments.workspace));
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, place.workspace, arguments.flags));
  ASSIGN_OR_RETURN(const std::string model, find_model(environment, configuration));
  if (arguments.depth == 0) arguments.depth = static_cast<int32_t>(configuration.integer("steps"));
  arguments.context_mode = assist::context_mode_of(configuration.text("contextMode"));

  // The model loads while the workspace is read.
  auto begin = Clock::now();
  auto loading = std::async(std::launch::async, [&] {
    return engine::Engine::load(engine_options(configuration, model));
  });
  workspace::BlockIndex index;
  const Status indexed = arguments.no_context ? Status() : index_workspace(place, index);
  const int64_t index_us = us_since(begin);
  const auto loaded = loading.get();
  if (!loaded.ok()) {
    const bool is_script = !configuration.text("script").empty();
    return is_script ? loaded.status() : about_model(loaded.status());
  }
  engine::Engine& engine = **loaded;
  const int64_t load_us = us_since(begin);
  RETURN_IF_ERROR(indexed);
  if (!engine.config().fim) {
    return invalid_argument_error(
        model + " was not trained to fill in the middle; choose another with --model");
  }

  ASSIGN_OR_RETURN(const assist::CompletionOutcome outcome,
                   complete(arguments, place, engine, index));
  if (arguments.json) {
    print_json(outcome_json(place, outcome, load_us, index_us));
  } else if (outcome.candidates.empty()) {
    std::fprintf(stderr, "rondo: no completion: %s\n", outcome.report.silence.c_str());
  } else {
    for (const auto& candidate : outcome.candidates) std::printf("%s\n", candidate.text.c_str());
  }
  return {};
}

}  // namespace

void add_complete_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("complete", "Complete the code at a place in a file");
  command->add_option("PLACE", arguments->place, "FILE:LINE:COLUMN, line and byte column from 1")
      ->required();
  command->add_option(
      "--workspace", arguments->workspace,
      "Folder whose code is context (default: the nearest with a .git, else the file's)");
  command->add_flag("--no-context", arguments->no_context, "Look at the file alone");
  command->add_option("--max-tokens", arguments->max_tokens, "Length limit")
      ->check(CLI::Range(1, 4096));
  command->add_option("-n,--candidates", arguments->n_candidates, "How many different completions")
      ->check(CLI::Range(1, 20));
  command
      ->add_option(
          "--loop-depth", arguments->depth,
          "Steps: 1 drafts, 2 repairs what does not parse, 3 looks at names and branches,\n"
          "up to 6 (default: as configured); --json says what each did")
      ->check(CLI::Range(1, 6));
  command->add_flag("--multiline", arguments->multiline, "Go on after the end of the line");
  std::vector<std::string_view> options = kEngineFlags;
  options.push_back("contextMode");
  arguments->flags = add_flags(*command, options);
  command->add_flag("--json", arguments->json,
                    "Text, tokens, timings and the Blocks that were used");
  on_run(*command, context,
         [arguments, &environment = context.environment] { return run(*arguments, environment); });
}

}  // namespace rondo::cli
