#include "lsp/standalone.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "assist/completion.h"
#include "lsp/loop.h"
#include "lsp/workspace.h"

namespace rondo::lsp {
namespace {

using EngineResult = Result<std::unique_ptr<engine::Engine>>;

EngineResult load_engine(const StandaloneOptions& options) {
  RETURN_IF_ERROR(options.model_found);
  ASSIGN_OR_RETURN(auto engine, engine::Engine::load(options.engine));
  if (!engine->config().fim) {
    return invalid_argument_error(
        options.engine.model +
        " was not trained to fill in the middle; choose another with --model");
  }
  return engine;
}

class Standalone {
 public:
  explicit Standalone(const StandaloneOptions& options)
      : options_(options),
        workspace_({.post = [this](std::function<void()> work) { loop_.post(std::move(work)); },
                    .progress = [this](const workspace::IndexProgress& p) { progressed(p); },
                    .log = log}),
        server_(loop_, options.server, hooks()) {}

  int run() {
    if (const Status started = server_.start(); !started.ok()) {
      spdlog::error("{}", started.message());
      return 1;
    }
    if (options_.client_process_id) server_.watch_process(*options_.client_process_id);
    loader_ = std::jthread([this] { load(); });
    loop_.run();
    return server_.exit_code();
  }

 private:
  static void log(const std::string& line) { spdlog::info("{}", line); }

  SessionHooks hooks() {
    return {.log = log,
            .set_folders =
                [this](const std::vector<std::string>& paths) { workspace_.set_folders(paths); },
            .files_changed =
                [this](const std::vector<std::string>& paths) {
                  for (const std::string& path : paths) workspace_.file_changed(path);
                },
            .document_changed =
                [this](const workspace::DocumentSnapshot& d) { workspace_.document_changed(d); },
            .document_closed =
                [this](const workspace::DocumentSnapshot& d) { workspace_.document_closed(d); },
            .prepare = [this](assist::CompletionParams p) { workspace_.prepare(std::move(p)); },
            .watch_files = [this] { workspace_.watch_files(); }};
  }

  // On the loader's thread.
  void load() {
    auto engine = std::make_shared<EngineResult>(load_engine(options_));
    loop_.post([this, engine] { loaded(std::move(*engine)); });
  }

  void loaded(EngineResult engine) {
    if (!engine.ok()) {
      spdlog::error("{}", engine.status().message());
      return server_.session().model_failed(engine.status());
    }
    engine_ = std::move(*engine);
    log("the model is loaded, kernels " + engine_->stats().kernels);
    workspace_.set_engine(*engine_);
    server_.session().model_ready(
        [this](assist::CompletionParams params, std::stop_token stop,
               std::function<void(Result<assist::CompletionOutcome>)> done) {
          workspace_.complete(std::move(params), std::move(stop), std::move(done));
        });
  }

  void progressed(const workspace::IndexProgress& progress) {
    const std::string total = std::to_string(progress.n_total) + " files";
    if (progress.finished) {
      if (!progress.note.empty()) log(progress.note);
      return server_.session().index_ready(total);
    }
    const auto percent =
        static_cast<int>(100 * progress.n_done / std::max<int64_t>(progress.n_total, 1));
    server_.session().indexing(std::to_string(progress.n_done) + " of " + total, percent);
  }

  const StandaloneOptions& options_;
  Loop loop_;
  // What calls goes before what it calls: loader, server, workspace, engine, loop.
  std::unique_ptr<engine::Engine> engine_;
  Workspace workspace_;
  Server server_;
  std::jthread loader_;
};

}  // namespace

int run_standalone(const StandaloneOptions& options) { return Standalone(options).run(); }

}  // namespace rondo::lsp
