#include "cli/cache_command.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/daemon_home.h"
#include "cli/settings.h"
#include "engine/segment_log.h"

namespace rondo::cli {
namespace {

Status print(const Environment& environment, bool json) {
  const std::string folder = segment_folder(environment);
  const engine::SegmentFiles files = engine::measure_segment_files(folder);
  if (json) {
    print_json({{"folder", folder}, {"files", files.n_files}, {"bytes", files.n_bytes}});
  } else {
    std::printf("%s: %lld files, %.1f MiB\n", folder.c_str(), static_cast<long long>(files.n_files),
                static_cast<double>(files.n_bytes) / (1 << 20));
  }
  return {};
}

// The files go whatever the daemon says: one of another version may not know how.
Status clear(const Environment& environment) {
  const Status daemon =
      ask_daemon(environment, lsp::Wish::kClearCache, std::chrono::seconds(30)).status();
  RETURN_IF_ERROR(engine::clear_segment_files(segment_folder(environment)));
  if (daemon.ok()) return {};
  return Status(daemon.code(),
                "the files are removed, but the daemon may have some of it in its "
                "memory (rondo daemon stop): " +
                    daemon.message());
}

}  // namespace

void add_cache_command(CLI::App& app, CommandContext context) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("cache", "What the model has read, as it is kept on disk between starts");
  command->add_flag("--json", *json, "As JSON");
  CLI::App* clear_command =
      command->add_subcommand("clear", "Remove it, from the daemon's memory too");
  on_run(*clear_command, context, [context] { return clear(context.environment); });
  on_run(*command, context, [json, context, clear_command] {
    return clear_command->parsed() ? Status() : print(context.environment, *json);
  });
}

}  // namespace rondo::cli
