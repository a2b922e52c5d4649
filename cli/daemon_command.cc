#include "cli/daemon_command.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/background.h"
#include "cli/build_identity.h"
#include "cli/daemon_home.h"
#include "cli/log_file.h"
#include "cli/model_path.h"
#include "cli/recording_file.h"
#include "cli/settings.h"
#include "lsp/daemon.h"

namespace rondo::cli {
namespace {

using lsp::DaemonPlace;

struct Arguments {
  Flags flags;
  bool detach = false;
  std::string record;  // a file; empty: nothing is recorded
  std::string build;   // for tests of replacing
};

lsp::DaemonOptions options_of(const Arguments& arguments, const Environment& environment,
                              const config::Configuration& configuration) {
  const Result<std::string> model = find_model(environment, configuration);
  lsp::DaemonOptions options = {
      .program = build_identity(),
      .engine = {.model_found = model.status(),
                 .engine = engine_options(configuration, model.ok() ? *model : "")},
      .configuration = configuration_places(environment),
      .log_path = log_path(environment),
      .exit_after = configuration.time("exitAfterSeconds")};
  options.engine.engine.tiers = tier_options(configuration, environment);
  options.engine.engine.rest_after = rest_times(configuration);
  if (!arguments.build.empty()) options.program.build = arguments.build;
  return options;
}

Status serve(const DaemonPlace& place, lsp::DaemonOptions options, const std::string& record,
             const std::function<void()>& listening) {
  ASSIGN_OR_RETURN(const auto recorder, open_recording(record, options.engine.engine.model));
  options.engine = recorded(std::move(options.engine), recorder.get());
  options.recorder = recorder.get();
  // Without a log it still serves.
  if (const Status log = log_to_file(options.log_path); !log.ok()) spdlog::warn(log.message());
  const Status status = run_daemon(place, options, listening);
  if (!status.ok()) spdlog::error("{}", status.message());
  return status;
}

Status run(const Arguments& arguments, const Environment& environment) {
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, "", arguments.flags));
  const lsp::DaemonOptions options = options_of(arguments, environment, configuration);
  ASSIGN_OR_RETURN(const DaemonPlace place, daemon_place(environment, configuration));
  if (!arguments.detach) return serve(place, options, arguments.record, [] {});
  // Before the process leaves its folder.
  const std::string record =
      arguments.record.empty() ? "" : std::filesystem::absolute(arguments.record).string();
  ASSIGN_OR_RETURN(std::optional<Background> background, Background::start());
  if (!background) return {};
  const Status status = serve(place, options, record, [&] { background->ready(); });
  if (!status.ok()) background->failed(status);
  return status;
}

// Ends the daemon and waits until it has.
Status stop(const Environment& environment) {
  ASSIGN_OR_RETURN(const DaemonPlace place, daemon_place(environment));
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
  add_record_option(*command, arguments->record);
  std::vector<std::string_view> options = kEngineFlags;
  options.insert(options.end(), {"restAfterSeconds", "releaseAfterSeconds", "exitAfterSeconds"});
  arguments->flags = add_flags(*command, options);
  command->add_option("--build", arguments->build)->group("");
  CLI::App* stop_command =
      command->add_subcommand("stop", "End the daemon, once it has answered what it was asked");
  on_run(*stop_command, context, [context] { return stop(context.environment); });
  on_run(*command, context, [arguments, context, stop_command] {
    return stop_command->parsed() ? Status() : run(*arguments, context.environment);
  });
}

}  // namespace rondo::cli
