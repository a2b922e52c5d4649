#include "cli/bench_arguments.h"

#include "cli/model_path.h"

namespace rondo::cli {

Status EngineBenchArguments::resolve_model(const Environment& environment) {
  if (!options.config.empty()) return {};
  ASSIGN_OR_RETURN(options.model, find_model(environment, model));
  return {};
}

std::shared_ptr<EngineBenchArguments> add_model_options(CLI::App& command) {
  auto arguments = std::make_shared<EngineBenchArguments>();
  bench::EngineBenchOptions& options = arguments->options;
  command.add_option("--model", arguments->model,
                     "Model folder (default: the one that rondo complete uses)");
  command.add_option("--random-weights", options.config,
                     "Random weights in a published shape instead of a model: loopcoder-mini, "
                     "iquest-7b, iquest-14b, "
                     "iquest-40b or iquest-40b-loop");
  command.add_option("--layers", options.n_layers, "So many of its layers");
  command.add_flag("--share-layers", options.shares_layers,
                   "All its layers have the first one's weights, so that a deep shape fits");
  CLI::Option* int8 =
      command.add_flag("--int8", options.int8, "Its weights in 8 bits instead of bf16");
  command
      .add_flag("--int4", options.int4,
                "Its weights in 4 bits, a scale for 128 (embedding and head in bf16); GPU only")
      ->excludes(int8);
  command.add_option("--device", options.device,
                     "cpu, cuda or cuda:N (default: the first GPU, else the CPU)");
  command.add_option("--kernels", options.kernels,
                     "The CPU's: reference, avx2, avxvnni, avx512 or amx");
  add_threads_option(command, options.n_threads);
  command.add_option("--repetitions", options.n_repetitions, "Repetitions; the median counts")
      ->check(CLI::PositiveNumber);
  command.add_flag("--json", arguments->json, "One JSON object instead of text");
  return arguments;
}

}  // namespace rondo::cli
