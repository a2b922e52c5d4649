#include "lsp/standalone.h"

#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "assist/completion.h"
#include "lsp/loop.h"
#include "workspace/block_index.h"

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
      : options_(options), server_(loop_, options.server, hooks()) {}

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
  SessionHooks hooks() {
    return {.log = [](const std::string& line) { spdlog::info("{}", line); },
            .set_folders = [](const std::vector<std::string>&) {},
            .files_changed = [](const std::vector<std::string>&) {},
            .document_changed = [](const workspace::DocumentSnapshot&) {},
            .document_closed = [](const workspace::DocumentSnapshot&) {},
            .watch_files = [] {}};
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
    spdlog::info("the model is loaded, kernels {}", engine_->stats().kernels);
    completer_ = std::make_unique<assist::Completer>(*engine_, index_, assist::CompleterOptions());
    server_.session().model_ready(
        [this](assist::CompletionParams params, std::stop_token stop,
               std::function<void(Result<assist::CompletionOutcome>)> done) {
          completer_->complete(std::move(params), std::move(stop), std::move(done));
        });
  }

  const StandaloneOptions& options_;
  workspace::BlockIndex index_;
  Loop loop_;
  Server server_;
  // What calls back goes before what it calls.
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<assist::Completer> completer_;
  std::jthread loader_;
};

}  // namespace

int run_standalone(const StandaloneOptions& options) { return Standalone(options).run(); }

}  // namespace rondo::lsp
