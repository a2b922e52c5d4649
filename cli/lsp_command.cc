#include "cli/lsp_command.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/build_identity.h"
#include "cli/daemon_home.h"
#include "cli/log_file.h"
#include "cli/model_path.h"
#include "cli/settings.h"
#include "lsp/forwarder.h"
#include "lsp/standalone.h"

namespace rondo::cli {
namespace {

struct Arguments {
  Flags flags;
  bool standalone = false;
  bool stdio = false;  // always; editors say it
  std::optional<int64_t> client_process_id;
  bool other_transport = false;
};

// What is to be served with.
struct Served {
  config::Configuration configuration;
  Result<std::string> model;
  engine::EngineOptions engine;
};

Result<Served> served_by(const Arguments& arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(config::Configuration configuration,
                   configuration_of(environment, "", arguments.flags));
  Result<std::string> model = find_model(environment, configuration);
  engine::EngineOptions engine = engine_options(configuration, model.ok() ? *model : "");
  engine.tiers = tier_options(configuration, environment);
  engine.rest_after = rest_times(configuration);
  return Served{std::move(configuration), std::move(model), std::move(engine)};
}

// The daemon that will do, and how one is started: it reads the files itself.
lsp::DaemonWanted wanted(const Arguments& arguments, const Served& served,
                         const std::string& program) {
  lsp::DaemonWanted daemon = {.program = build_identity(),
                              .model = served.engine.model,
                              .kernels = served.engine.kernels,
                              .n_threads = served.engine.n_threads,
                              .answer_within = served.configuration.time("answerWithinSeconds"),
                              .start_command = {program, "daemon", "--detach"}};
  const std::vector<std::string> flags = words_of(arguments.flags);
  daemon.start_command.insert(daemon.start_command.end(), flags.begin(), flags.end());
  return daemon;
}

// Serves through the daemon; the exit code. Errors: those of reach_daemon(), before a byte is read.
Result<int> forward(const Arguments& arguments, const Served& served,
                    const Environment& environment) {
  ASSIGN_OR_RETURN(const auto place, daemon_place(environment, served.configuration));
  const lsp::ForwarderOptions options = {
      .daemon = wanted(arguments, served, environment.executable),
      .log_path = log_path(environment),
      .client_process_id = arguments.client_process_id};
  ASSIGN_OR_RETURN(FileDescriptor daemon,
                   lsp::reach_daemon(place, options.daemon, lsp::Build::kMine,
                                     lsp::Patience::for_at_most(options.patience)));
  return lsp::run_forwarder(place, options, std::move(daemon));
}

Status run(const Arguments& arguments, CommandContext context) {
  if (arguments.other_transport) {
    return invalid_argument_error(
        "rondo lsp speaks on standard input and output only; start it with --stdio");
  }
  ASSIGN_OR_RETURN(const Served served, served_by(arguments, context.environment));
  // A script is of this process: whoever shares a daemon shares its engine.
  if (!arguments.standalone && !arguments.flags->contains("script")) {
    const Result<int> exit_code = forward(arguments, served, context.environment);
    if (exit_code.ok()) {
      context.exit_code = *exit_code;
      return {};
    }
    spdlog::warn("{}; this process serves its editor alone", exit_code.status().message());
  }
  context.exit_code = lsp::run_standalone(
      {.server = {.version = RONDO_VERSION},
       .configuration = configuration_places(context.environment),
       .engine = {.model_found = served.model.status(), .engine = served.engine},
       .client_process_id = arguments.client_process_id});
  return {};
}

}  // namespace

void add_lsp_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("lsp", "Serve an editor: a language server on stdio");
  command->add_flag("--standalone", arguments->standalone,
                    "Run the model in this process, without the daemon");
  command->add_flag("--stdio", arguments->stdio,
                    "Speak on standard input and output (the only way; for editors)");
  command->add_option("--clientProcessId", arguments->client_process_id,
                      "Process of the editor: end with it");
  arguments->flags = add_flags(*command, kEngineFlags);
  // What editors' libraries can be told to use instead of stdio; refused with a sentence.
  const auto other = [arguments](const std::string&) { arguments->other_transport = true; };
  command
      ->add_flag_function("--node-ipc", [arguments](int64_t) { arguments->other_transport = true; })
      ->group("");
  for (const char* name : {"--pipe", "--socket", "--port"}) {
    command->add_option_function<std::string>(name, other)->group("");
  }
  on_run(*command, context, [arguments, context] { return run(*arguments, context); });
}

}  // namespace rondo::cli
