// Writes a planned module: the bodies by the loop of steps, one function after the other, each
// seeing those before it; then every file is parsed, and where the workspace is trusted its tests
// are collected in the sandbox. Nothing is written to the workspace: the files come back.
//
//   step 1      the skeleton; a draft of each body
//   step 2..5   what StepLoop checks of each body
//   step 5      every file parses; the tests are collected
//
// Thread: write_module blocks its caller, any thread but the engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "assist/drafter.h"
#include "assist/loop_step.h"
#include "assist/module_plan.h"
#include "base/status.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/languages.h"

namespace rondo::assist {

inline constexpr int32_t kModuleDepth = 5;

struct ModuleParams {
  ModulePlan plan;
  const workspace::Language* language = nullptr;
  std::string folder;  // the workspace folder, absolute
  DrafterOptions drafting;
  bool trusted = false;           // the workspace: its tests may be collected, in the sandbox
  std::string scratch;            // a folder for the copy that they are collected in
  std::string client = "module";  // names the cursor sequence
  // Told before a body is written: how many are, of how many, and which comes.
  std::function<void(int n_done, int n_all, const std::string& function)> on_function =
      [](int, int, const std::string&) {};
};

struct WrittenFile {
  std::string path;  // relative to the workspace folder
  std::string text;  // with the line ends of its siblings
};

struct WrittenModule {
  std::vector<WrittenFile> files;
  std::vector<LoopStep> steps;
  int n_functions = 0;
  int n_written = 0;               // with a body of the model's
  std::vector<std::string> notes;  // sentences: what was checked, and what is left to do
};

// REQUIRES: engine.config().fim. Errors: Cancelled; those of the engine; Internal when a skeleton
// does not parse, which is our own mistake or that of what was asked for.
Result<WrittenModule> write_module(engine::Engine& engine, const workspace::BlockIndex& index,
                                   const ModuleParams& params, std::stop_token stop);

}  // namespace rondo::assist
