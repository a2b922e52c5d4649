// --record FILE of the commands that serve editors.
//
// Thread: the main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/status.h"
#include "lsp/engine_keeper.h"
#include "lsp/recorder.h"

namespace rondo::cli {

CLI::Option* add_record_option(CLI::App& command, std::string& path);

// The recorder that writes to `path`; null when that is empty. Errors: those of Recorder::create.
Result<std::unique_ptr<lsp::Recorder>> open_recording(const std::string& path,
                                                      const std::string& model);

// `source` with an engine whose answers `recorder` writes down; null: as it is.
lsp::EngineSource recorded(lsp::EngineSource source, lsp::Recorder* recorder);

}  // namespace rondo::cli
