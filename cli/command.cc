#include "cli/command.h"

#include <unistd.h>

#include <cstdio>

namespace rondo::cli {

void on_run(CLI::App& command, CommandContext context, std::function<Status()> body) {
  command.callback([&exit_code = context.exit_code, body = std::move(body)] {
    const Status status = body();
    if (status.ok()) return;
    std::fprintf(stderr, "rondo: %s\n", status.message().c_str());
    exit_code = status.code() == Code::kInvalidArgument ? kExitUsage : kExitFailed;
  });
}

void add_threads_option(CLI::App& command, int32_t& n_threads) {
  command.add_option("--threads", n_threads, "Threads (default: all cores)")
      ->check(CLI::Range(1, 256));
}

void print_json(const Json& json) {
  std::fputs(dump_json(json, ::isatty(STDOUT_FILENO) != 0 ? 2 : -1).c_str(), stdout);
  std::fputc('\n', stdout);
}

}  // namespace rondo::cli
