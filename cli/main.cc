// rondo: one binary, a subcommand for each thing that a person or a script wants of it.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "cli/bench_command.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/model_command.h"
#include "cli/plan_command.h"
#include "cli/product.h"

namespace rondo::cli {
namespace {

std::string variable_or(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

// The only place that reads environment variables.
Environment read_environment() {
  const std::string home = variable_or("HOME", "/");
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  return {.executable = executable.string(),
          .config_home = variable_or("XDG_CONFIG_HOME", home + "/.config"),
          .data_home = variable_or("XDG_DATA_HOME", home + "/.local/share"),
          .cache_home = variable_or("XDG_CACHE_HOME", home + "/.cache"),
          .state_home = variable_or("XDG_STATE_HOME", home + "/.local/state"),
          .runtime_home = variable_or("XDG_RUNTIME_DIR", "")};
}

int run(int argc, char** argv) {
  const Environment environment = read_environment();
  int exit_code = kExitOk;
  CLI::App app(
      "Rondo completes code from a model on this machine.\n\n"
      "Try:  rondo complete src/main.py:42:17    a completion at line 42, column 17\n"
      "      rondo lsp                           a language server on stdio, for an editor");
  app.name("rondo");
  app.set_version_flag("--version", std::string("rondo ") + RONDO_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  const CommandContext context = {.environment = environment, .exit_code = exit_code};
  add_product_commands(app, context);
  add_bench_command(app, context);
  add_model_command(app, context);
  add_plan_command(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    if (code == 0) return kExitOk;
    return exit_code == kExitOk ? kExitUsage : exit_code;  // a command may have a code of its own
  }
  return exit_code;
}

}  // namespace
}  // namespace rondo::cli

int main(int argc, char** argv) {
  // stdout belongs to results and protocols.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("rondo"));
  return rondo::cli::run(argc, argv);
}
