#include "cli/lsp_command.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/build_identity.h"
#include "cli/log_file.h"
#include "cli/model_path.h"
#include "lsp/forwarder.h"
#include "lsp/standalone.h"

namespace rondo::cli {
namespace {

struct Arguments {
  std::string model;
  std::string kernels;
  int32_t n_threads = 0;
  bool standalone = false;
  bool stdio = false;  // always; editors say it
  std::optional<int64_t> client_process_id;
  bool other_transport = false;
};

// The daemon that will do, and how one is started.
lsp::DaemonWanted wanted(const Arguments& arguments, const Result<std::string>& model,
                         const std::string& program) {
  lsp::DaemonWanted daemon = {.program = build_identity(),
                              .model = model.ok() ? *model : "",
                              .kernels = arguments.kernels,
                              .n_threads = arguments.n_threads,
                              .start_command = {program, "daemon", "--detach"}};
  const auto pass_on = [&](const char* option, const std::string& value) {
    daemon.start_command.insert(daemon.start_command.end(), {option, value});
  };
  if (model.ok()) pass_on("--model", *model);
  if (!arguments.kernels.empty()) pass_on("--kernels", arguments.kernels);
  if (arguments.n_threads != 0) pass_on("--threads", std::to_string(arguments.n_threads));
  return daemon;
}

// Serves through the daemon; the exit code. Errors: those of reach_daemon(), before a byte is read.
Result<int> forward(const Arguments& arguments, const Result<std::string>& model,
                    const Environment& environment) {
  ASSIGN_OR_RETURN(const auto place,
                   lsp::DaemonPlace::open(environment.runtime_home, environment.cache_home));
  const lsp::ForwarderOptions options = {.daemon = wanted(arguments, model, environment.executable),
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
  const Result<std::string> model = find_model(context.environment, arguments.model);
  if (!arguments.standalone) {
    const Result<int> exit_code = forward(arguments, model, context.environment);
    if (exit_code.ok()) {
      context.exit_code = *exit_code;
      return {};
    }
    spdlog::warn("{}; this process serves its editor alone", exit_code.status().message());
  }
  context.exit_code = lsp::run_standalone({.server = {.version = RONDO_VERSION},
                                           .engine = {.model_found = model.status(),
                                                      .engine = {.model = model.ok() ? *model : "",
                                                                 .kernels = arguments.kernels,
                                                                 .n_threads = arguments.n_threads}},
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
  command->add_option("--model", arguments->model,
                      "Model folder (default: the first found, see rondo --help)");
  command->add_option("--kernels", arguments->kernels,
                      "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(*command, arguments->n_threads);
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
