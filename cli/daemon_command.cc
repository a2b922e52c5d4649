#include "cli/daemon_command.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/background.h"
#include "cli/build_identity.h"
#include "cli/log_file.h"
#include "cli/model_path.h"
#include "lsp/daemon.h"

namespace rondo::cli {
namespace {

using lsp::DaemonPlace;

struct Arguments {
  std::string model;
  std::string kernels;
  int32_t n_threads = 0;
  bool detach = false;
  std::optional<double> release_after_s;
  std::optional<double> exit_after_s;
  std::string build;  // for tests of replacing
};

void set(const std::optional<double>& seconds, std::chrono::milliseconds& time) {
  if (seconds) time = std::chrono::milliseconds(std::llround(1000 * *seconds));
}

lsp::DaemonOptions options_of(const Arguments& arguments, const Environment& environment) {
  const Result<std::string> model = find_model(environment, arguments.model);
  lsp::DaemonOptions options = {.program = build_identity(),
                                .engine = {.model_found = model.status(),
                                           .engine = {.model = model.ok() ? *model : "",
                                                      .kernels = arguments.kernels,
                                                      .n_threads = arguments.n_threads}},
                                .log_path = log_path(environment)};
  if (!arguments.build.empty()) options.program.build = arguments.build;
  set(arguments.release_after_s, options.release_after);
  set(arguments.exit_after_s, options.exit_after);
  return options;
}

Status serve(const DaemonPlace& place, const lsp::DaemonOptions& options,
             const std::function<void()>& listening) {
  // Without a log it still serves.
  if (const Status log = log_to_file(options.log_path); !log.ok()) spdlog::warn(log.message());
  const Status status = run_daemon(place, options, listening);
  if (!status.ok()) spdlog::error("{}", status.message());
  return status;
}

Status run(const Arguments& arguments, const Environment& environment) {
  const lsp::DaemonOptions options = options_of(arguments, environment);
  ASSIGN_OR_RETURN(const DaemonPlace place,
                   DaemonPlace::open(environment.runtime_home, environment.cache_home));
  if (!arguments.detach) return serve(place, options, [] {});
  ASSIGN_OR_RETURN(std::optional<Background> background, Background::start());
  if (!background) return {};
  const Status status = serve(place, options, [&] { background->ready(); });
  if (!status.ok()) background->failed(status);
  return status;
}

// Ends the daemon and waits until it has.
Status stop(const Environment& environment) {
  ASSIGN_OR_RETURN(const DaemonPlace place,
                   DaemonPlace::open(environment.runtime_home, environment.cache_home));
  const Result<FileDescriptor> socket = place.connect();
  if (socket.status().code() == Code::kNotFound) {
    std::puts("no daemon runs");
    return {};
  }
  RETURN_IF_ERROR(socket.status());
  const auto patience = lsp::Patience::for_at_most(std::chrono::seconds(30));
  RETURN_IF_ERROR(
      ask(socket->get(), {.program = build_identity(), .wish = lsp::Wish::kStop}, patience)
          .status());
  if (!wait_for_end(socket->get(), patience)) {
    return unavailable_error("the daemon was asked to stop but still runs");
  }
  return {};
}

}  // namespace

void add_daemon_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "daemon", "Serve all editors of this user from one process (rondo lsp starts it)");
  command->add_flag("--detach", arguments->detach, "Run in the background; return once it listens");
  command->add_option("--model", arguments->model,
                      "Model folder (default: the first found, see rondo --help)");
  command->add_option("--kernels", arguments->kernels,
                      "Force reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(*command, arguments->n_threads);
  command
      ->add_option("--release-after", arguments->release_after_s,
                   "Seconds without a client until the model is given up (default: 600)")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--exit-after", arguments->exit_after_s,
                   "Seconds without a client until the daemon exits (default: 1800)")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--build", arguments->build)->group("");
  CLI::App* stop_command =
      command->add_subcommand("stop", "End the daemon, once it has answered what it was asked");
  on_run(*stop_command, context, [context] { return stop(context.environment); });
  on_run(*command, context, [arguments, context, stop_command] {
    return stop_command->parsed() ? Status() : run(*arguments, context.environment);
  });
}

}  // namespace rondo::cli
