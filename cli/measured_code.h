// The code that a measurement of quality cuts holes into, and the engine that fills them: options
// that such commands share.
//
// Thread: the main thread.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "bench/corpus.h"
#include "cli/command.h"
#include "engine/engine.h"

namespace rondo::cli {

// They live as long as the command line.
struct MeasuredCode {
  std::string corpus;  // one of the two
  std::string worktree;
  std::string log;  // empty: none is kept
  std::string part = "1/1";
  bool json = false;
  engine::EngineOptions engine;
};

// --corpus, --worktree, --out, --part, --model, --device, --threads and --json.
void add_code_options(CLI::App& command, MeasuredCode& code);

// Errors: InvalidArgument unless one of the two is named; those of reading it.
Result<bench::Corpus> read_code(const MeasuredCode& code);

// Errors: NotFound as find_model's; InvalidArgument for a model without FIM or Segments; the
// engine's.
Result<std::unique_ptr<engine::Engine>> load_engine(const Environment& environment,
                                                    const MeasuredCode& code);

}  // namespace rondo::cli
