#include "cli/recording_file.h"

#include <utility>

#include "lsp/recording_engine.h"

namespace rondo::cli {

CLI::Option* add_record_option(CLI::App& command, std::string& path) {
  return command
      .add_option("--record", path,
                  "Write what editors say and are answered into a new file, for rondo replay; "
                  "without files that are excluded")
      ->type_name("FILE");
}

Result<std::unique_ptr<lsp::Recorder>> open_recording(const std::string& path,
                                                      const std::string& model) {
  if (path.empty()) return std::unique_ptr<lsp::Recorder>();
  return lsp::Recorder::create({.path = path, .program = RONDO_VERSION, .model = model});
}

lsp::EngineSource recorded(lsp::EngineSource source, lsp::Recorder* recorder) {
  if (recorder == nullptr) return source;
  source.load =
      [load = source.load,
       recorder](const engine::EngineOptions& options) -> Result<std::unique_ptr<engine::Engine>> {
    ASSIGN_OR_RETURN(auto engine, load(options));
    return std::unique_ptr<engine::Engine>(
        std::make_unique<lsp::RecordingEngine>(std::move(engine), *recorder));
  };
  return source;
}

}  // namespace rondo::cli
