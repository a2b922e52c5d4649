#include "cli/refactor_exit.h"

#include <signal.h>

#include <cstdio>
#include <utility>

namespace rondo::cli {

void on_refactor(CLI::App& command, CommandContext context, std::function<Result<int>()> body) {
  command.callback([&exit_code = context.exit_code, body = std::move(body)] {
    ::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of write() then
    const Result<int> code = body();
    if (!code.ok()) std::fprintf(stderr, "rondo: %s\n", code.status().message().c_str());
    exit_code = code.ok() ? *code : kBadInput;
  });
}

}  // namespace rondo::cli
