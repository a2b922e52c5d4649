#include "bench/wake.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/temporary_folder.h"
#include "bench/engine_call.h"
#include "bench/random.h"
#include "bench/timing.h"
#include "engine/engine.h"

namespace rondo::bench {
namespace {

using engine::Rest;

constexpr int32_t kSegmentTokens = 300;  // a long function
constexpr std::chrono::milliseconds kFallsAsleep{20};
constexpr std::chrono::seconds kPatience{300};

engine::TokenIds random_ids(const engine::ModelConfig& config, int32_t n, uint64_t seed) {
  Random random(seed);
  engine::TokenIds ids(n);
  for (int32_t& id : ids) id = static_cast<int32_t>(random.below(config.vocab_size));
  return ids;
}

class Bench {
 public:
  Bench(const EngineBenchOptions& options, TemporaryFolder folder)
      : options_(options), folder_(std::move(folder)) {}

  Result<WakeResult> measure() {
    WakeResult result;
    RETURN_IF_ERROR(write());
    ASSIGN_OR_RETURN(const auto awake, load({}));
    result.device = awake->stats().device;
    result.kernels = awake->stats().kernels;
    RETURN_IF_ERROR(ask(*awake).status());  // kernels are loaded and recorded
    ASSIGN_OR_RETURN(result.awake_ms, median_ms([&] { return ask(*awake); }));
    result.n_context_tokens = n_context_;
    if (result.device != "CPU") {
      ASSIGN_OR_RETURN(const auto dozing, load({.kv = kFallsAsleep}));
      ASSIGN_OR_RETURN(result.kv_ms, median_ms([&] { return from(Rest::kKv, *dozing); }));
    }
    ASSIGN_OR_RETURN(const auto sleeping, load({.model = kFallsAsleep}));
    ASSIGN_OR_RETURN(result.released_ms, median_ms([&] { return from(Rest::kModel, *sleeping); }));
    ASSIGN_OR_RETURN(result.start_ms, median_ms([&] { return from_start(); }));
    return result;
  }

 private:
  Result<std::unique_ptr<engine::Engine>> load(engine::RestTimes rest_after) const {
    return engine::Engine::load({.model = options_.model,
                                 .device = options_.device,
                                 .kernels = options_.kernels,
                                 .n_threads = options_.n_threads,
                                 .tiers = {.disk_folder = folder_.path(),
                                           .host_bytes = int64_t{1} << 30,
                                           .always_restore = true},
                                 .rest_after = rest_after});
  }

  // All Segments to disk.
  Status write() {
    ASSIGN_OR_RETURN(const auto engine, load({}));
    const engine::ModelConfig& config = engine->config();
    for (int32_t n = 0; n < options_.n_context_tokens; n += kSegmentTokens) {
      const int32_t n_tokens = std::min(kSegmentTokens, options_.n_context_tokens - n);
      segments_.push_back(
          {.tokens = std::make_shared<const engine::TokenIds>(random_ids(config, n_tokens, n + 1)),
           .origin = std::make_shared<const std::string>("/bench/" + std::to_string(n))});
    }
    RETURN_IF_ERROR(ask(*engine).status());
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (engine->stats().disk.n_segments < std::ssize(segments_)) {
      if (std::chrono::steady_clock::now() > until)
        return unavailable_error("the disk does not keep up with its tier");
      std::this_thread::sleep_for(kFallsAsleep);
    }
    return {};
  }

  // The milliseconds until the answer to a prompt that was not asked before.
  Result<double> ask(engine::Engine& engine) {
    engine::Request request = {
        .segments = segments_,
        .segment_deadline = kPatience,
        .prompt = random_ids(engine.config(), options_.n_active_tokens, 1000 + ++n_asked_)};
    request.stop.max_tokens = options_.n_tokens;
    const Stopwatch watch;
    ASSIGN_OR_RETURN(const engine::Completion answer, complete_now(engine, std::move(request)));
    n_context_ = answer.n_segment_tokens;
    return 1000 * watch.seconds();
  }

  Result<double> from(Rest rung, engine::Engine& engine) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (engine.stats().rest != rung) {
      if (std::chrono::steady_clock::now() > until)
        return unavailable_error("the engine does not go to rest");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return ask(engine);
  }

  Result<double> from_start() {
    const Stopwatch watch;
    ASSIGN_OR_RETURN(const auto engine, load({}));
    RETURN_IF_ERROR(ask(*engine).status());
    return 1000 * watch.seconds();
  }

  template <typename Time>
  Result<double> median_ms(Time time) {
    std::vector<double> all;
    for (int32_t i = 0; i < options_.n_repetitions; ++i) {
      ASSIGN_OR_RETURN(all.emplace_back(), time());
    }
    return median(std::move(all));
  }

  const EngineBenchOptions options_;
  const TemporaryFolder folder_;
  std::vector<engine::SegmentInput> segments_;
  int32_t n_context_ = 0;
  uint64_t n_asked_ = 0;
};

}  // namespace

Result<WakeResult> bench_wake(const EngineBenchOptions& options) {
  ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::make("rondo-wake"));
  return Bench(options, std::move(folder)).measure();
}

}  // namespace rondo::bench
