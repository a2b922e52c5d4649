#include "cli/lsp_command.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/build_identity.h"
#include "cli/daemon_home.h"
#include "cli/log_file.h"
#include "cli/model_path.h"
#include "cli/recording_file.h"
#include "cli/settings.h"
#include "lsp/forwarder.h"
#include "lsp/ssh_link.h"
#include "lsp/standalone.h"

namespace rondo::cli {
namespace {

// Over a network.
constexpr std::chrono::seconds kRemoteAnswer{10};

struct Arguments {
  Flags flags;
  bool standalone = false;
  std::string record;   // a file; empty: nothing is recorded
  std::string connect;  // to another machine; empty: to this one
  bool remote = false;  // an ssh of such a one has started us
  bool stdio = false;   // always; editors say it
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

// Serves through what is reached; the exit code. Errors: those of options.reach, before a byte is
// read.
Result<int> forward(const lsp::ForwarderOptions& options) {
  ASSIGN_OR_RETURN(FileDescriptor daemon,
                   options.reach(lsp::Build::kMine, lsp::Patience::for_at_most(options.patience)));
  if (options.client_is_remote) {
    const std::string line = to_line(lsp::Welcome{.program = build_identity()});
    if (::write(options.output, line.data(), line.size()) != std::ssize(line))
      return unavailable_error("nobody reads what rondo lsp --remote says");
  }
  return lsp::run_forwarder(options, std::move(daemon));
}

// Through the daemon of this machine.
Result<int> forward_here(const Arguments& arguments, const Served& served,
                         const Environment& environment) {
  ASSIGN_OR_RETURN(const auto place, daemon_place(environment, served.configuration));
  const lsp::DaemonWanted daemon = wanted(arguments, served, environment.executable);
  return forward({.reach =
                      [&](lsp::Build build, const lsp::Patience& patience) {
                        return lsp::reach_daemon(place, daemon, build, patience);
                      },
                  .answer_within = daemon.answer_within,
                  .log_path = log_path(environment),
                  .client_process_id = arguments.client_process_id,
                  .client_is_remote = arguments.remote});
}

// Through the daemon of another machine.
Result<int> forward_there(const Arguments& arguments) {
  ASSIGN_OR_RETURN(lsp::SshLink link, lsp::SshLink::to(arguments.connect));
  return forward(
      {.reach = [&](lsp::Build, const lsp::Patience& patience) { return link.reach(patience); },
       .answer_within = kRemoteAnswer,
       .log_path = "on " + link.host() + ", `rondo status` there names it",
       .client_process_id = arguments.client_process_id});
}

Status run(const Arguments& arguments, CommandContext context) {
  if (arguments.other_transport) {
    return invalid_argument_error(
        "rondo lsp speaks on standard input and output only; start it with --stdio");
  }
  if (!arguments.connect.empty()) {
    ASSIGN_OR_RETURN(context.exit_code, forward_there(arguments));
    return {};
  }
  ASSIGN_OR_RETURN(const Served served, served_by(arguments, context.environment));
  ASSIGN_OR_RETURN(const auto recorder, open_recording(arguments.record, served.engine.model));
  // A script and a recording are of this process: a daemon serves others, too.
  const bool alone =
      arguments.standalone || recorder != nullptr || arguments.flags->contains("script");
  if (!alone) {
    const Result<int> exit_code = forward_here(arguments, served, context.environment);
    if (exit_code.ok()) {
      context.exit_code = *exit_code;
      return {};
    }
    spdlog::warn("{}; this process serves its editor alone", exit_code.status().message());
  }
  context.exit_code = lsp::run_standalone(
      {.server = {.version = RONDO_VERSION},
       .configuration = configuration_places(context.environment),
       .engine = recorded({.model_found = served.model.status(), .engine = served.engine},
                          recorder.get()),
       .client_process_id = arguments.client_process_id,
       .recorder = recorder.get()});
  return {};
}

}  // namespace

void add_lsp_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("lsp", "Serve an editor: a language server on stdio");
  CLI::Option* standalone = command->add_flag("--standalone", arguments->standalone,
                                              "Run the model in this process, without the daemon");
  command
      ->add_option("--connect", arguments->connect,
                   "Serve through the daemon of another machine, where the workspace has the same "
                   "path: ssh:HOST")
      ->excludes(standalone)
      ->excludes(add_record_option(*command, arguments->record));
  command->add_flag("--remote", arguments->remote)->group("");
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
