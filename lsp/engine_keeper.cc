#include "lsp/engine_keeper.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace rondo::lsp {
namespace {

using EngineResult = Result<std::unique_ptr<engine::Engine>>;

void log_device(spdlog::level::level_enum level, const engine::EngineStats& stats) {
  spdlog::log(level, "the model runs on the {}, kernels {}, {} threads{}", stats.device,
              stats.kernels, stats.n_threads,
              stats.no_gpu.empty() ? "" : "; no GPU: " + stats.no_gpu);
}

void log_rest(const engine::EngineStats& stats) {
  switch (stats.rest) {
    case engine::Rest::kNone:
      return log_device(spdlog::level::info, stats);
    case engine::Rest::kKv:
      return spdlog::info("nobody asks: what the model has read goes to the host's memory");
    case engine::Rest::kModel:
      return spdlog::info("nobody asks: the model's memory is given up");
  }
}

EngineResult load_engine(const EngineSource& source) {
  RETURN_IF_ERROR(source.model_found);
  engine::EngineOptions options = source.engine;
  options.on_lost_device = [](const engine::EngineStats& stats) {
    log_device(spdlog::level::warn, stats);
  };
  options.on_rest = log_rest;
  options.tiers.note = [](const std::string& line) { spdlog::warn("{}", line); };
  ASSIGN_OR_RETURN(auto engine, source.load(options));
  if (!engine->config().fim) {
    return invalid_argument_error(
        source.engine.model +
        " was not trained to fill in the middle; choose another with --model");
  }
  return engine;
}

}  // namespace

EngineKeeper::EngineKeeper(Loop& loop, EngineSource source)
    : loop_(loop), source_(std::move(source)), thread_([this](std::stop_token stop) {
        while (auto work = queue_.pop(stop)) (*work)();
      }) {}

void EngineKeeper::behind(std::function<void()> work) { queue_.push(std::move(work), {}); }

std::string EngineKeeper::state() const {
  if (engine_) return "ready";
  return loading_ ? "loading" : failed_ ? "failed" : "none";
}

void EngineKeeper::want(Loaded loaded) {
  if (engine_) return loaded(engine_.get());
  waiting_.push_back(std::move(loaded));
  if (std::exchange(loading_, true)) return;
  failed_ = false;
  behind([this] { load(); });
}

// On the keeper's thread.
void EngineKeeper::load() {
  auto engine = std::make_shared<EngineResult>(load_engine(source_));
  Abilities abilities;
  if (engine->ok()) abilities = read_abilities(source_.engine.model, (*engine)->get()->config());
  loop_.post(
      [this, engine, abilities = std::move(abilities)] { loaded(std::move(*engine), abilities); });
}

void EngineKeeper::loaded(EngineResult engine, Abilities abilities) {
  loading_ = false;
  failed_ = !engine.ok();
  if (engine.ok()) {
    engine_ = std::move(*engine);
    log_device(spdlog::level::info, engine_->stats());
  } else {
    spdlog::error("{}", engine.status().message());
  }
  abilities_ = std::move(abilities);
  const Result<engine::Engine*> result =
      failed_ ? Result<engine::Engine*>(engine.status()) : Result<engine::Engine*>(engine_.get());
  for (const Loaded& waiting : std::exchange(waiting_, {})) waiting(result);
}

}  // namespace rondo::lsp
