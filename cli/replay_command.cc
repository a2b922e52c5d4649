#include "cli/replay_command.h"

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/model_path.h"
#include "cli/settings.h"
#include "lsp/replay.h"

namespace rondo::cli {
namespace {

constexpr const char* kFooter =
    "Makes a recording with: rondo lsp --record FILE, in an editor's settings, or\n"
    "rondo daemon --record FILE for all editors. The replay needs the folder of the model for its\n"
    "configuration and tokenizer, not its weights: the answers are those of the recording.\n"
    "Exit code 1 when an answer is another one.\n"
    "  rondo replay run.jsonl\n"
    "  rondo replay run.jsonl --json | jq '.differences[] | {n, method}'";

constexpr size_t kShownBytes = 160;  // of an answer

struct Arguments {
  std::string file;
  Flags flags;
  bool json = false;
};

Json to_json(const lsp::ReplayReport& report) {
  Json differences = Json::array();
  for (const lsp::ReplayDifference& difference : report.differences) {
    differences.push_back({{"n", difference.n},
                           {"client", difference.client},
                           {"method", difference.method},
                           {"recorded", difference.recorded},
                           {"replayed", difference.replayed}});
  }
  return {{"messages", report.n_messages},
          {"compared", report.n_compared},
          {"leftOut", report.n_left_out},
          {"engine",
           {{"sameQuestions", report.engine.n_same},
            {"otherQuestions", report.engine.n_other},
            {"unknownQuestions", report.engine.n_unknown}}},
          {"differences", std::move(differences)}};
}

std::string shown(const Json& message) {
  if (message.is_null()) return "no answer";
  std::string text = dump_json(message);
  if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "...";
  return text;
}

void print(const lsp::ReplayReport& report) {
  for (const lsp::ReplayDifference& difference : report.differences) {
    std::printf("event %lld, %s of client %s\n  recorded %s\n  replayed %s\n",
                static_cast<long long>(difference.n), difference.method.c_str(),
                difference.client.empty() ? "1" : difference.client.c_str(),
                shown(difference.recorded).c_str(), shown(difference.replayed).c_str());
  }
  std::printf(
      "%lld messages, %lld left out of the recording; %lld answers compared, %zu differ\n"
      "the engine was asked %lld questions of the recording, %lld in the place of another, %lld "
      "that it does not have\n",
      static_cast<long long>(report.n_messages), static_cast<long long>(report.n_left_out),
      static_cast<long long>(report.n_compared), report.differences.size(),
      static_cast<long long>(report.engine.n_same), static_cast<long long>(report.engine.n_other),
      static_cast<long long>(report.engine.n_unknown));
}

void show_progress(int64_t n_done, int64_t n_all) {
  std::fprintf(stderr, "\r%lld of %lld events%s", static_cast<long long>(n_done),
               static_cast<long long>(n_all), n_done == n_all ? "\n" : "");
}

Status run(const Arguments& arguments, CommandContext context) {
  ASSIGN_OR_RETURN(const lsp::Recording recording, lsp::read_recording(arguments.file));
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(context.environment, "", arguments.flags));
  std::string model = recording.model;
  if (model.empty() || arguments.flags->contains("model") || ::access(model.c_str(), R_OK) != 0) {
    ASSIGN_OR_RETURN(model, find_model(context.environment, configuration));
  }
  lsp::ReplayOptions options = {.model = model, .version = RONDO_VERSION};
  if (::isatty(STDERR_FILENO) != 0) options.progress = show_progress;
  ASSIGN_OR_RETURN(const lsp::ReplayReport report, lsp::replay(recording, options));
  if (arguments.json) {
    print_json(to_json(report));
  } else {
    print(report);
    if (!recording.end.empty())
      std::printf("the recording ends early: %s\n", recording.end.c_str());
  }
  context.exit_code = report.differences.empty() ? kExitOk : kExitFailed;
  return {};
}

}  // namespace

void add_replay_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("replay", "A recorded editing run once more, and what differs")
          ->footer(kFooter);
  command->add_option("FILE", arguments->file, "A recording of rondo lsp or rondo daemon")
      ->required();
  command->add_flag("--json", arguments->json, "As JSON");
  arguments->flags = add_flags(*command, {"model"});
  on_run(*command, context, [arguments, context] { return run(*arguments, context); });
}

}  // namespace rondo::cli
