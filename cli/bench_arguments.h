// Options that the benchmarks of the engine share.
//
// Thread: the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "bench/engine_bench.h"
#include "cli/command.h"

namespace rondo::cli {

// They live as long as the command line.
struct EngineBenchArguments {
  std::string model;
  bool json = false;
  bench::EngineBenchOptions options;

  // options.model, where no random weights are asked for. Errors: NotFound, as find_model's.
  Status resolve_model(const Environment& environment);
};

// Which model, on which device, how often, and --json.
std::shared_ptr<EngineBenchArguments> add_model_options(CLI::App& command);

}  // namespace rondo::cli
