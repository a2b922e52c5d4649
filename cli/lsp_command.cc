#include "cli/lsp_command.h"

#include <memory>
#include <optional>
#include <string>

#include "cli/model_path.h"
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

Status run(const Arguments& arguments, CommandContext context) {
  if (arguments.other_transport) {
    return invalid_argument_error(
        "rondo lsp speaks on standard input and output only; start it with --stdio");
  }
  if (!arguments.standalone) {
    return invalid_argument_error(
        "rondo lsp needs --standalone: there is no daemon to forward to in this version");
  }
  const Result<std::string> model = find_model(context.environment, arguments.model);
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
  command->add_flag("--standalone", arguments->standalone, "Run the model in this process");
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
