#include "bench/beside_prefill.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <utility>

#include "bench/loaded_model.h"
#include "engine/event.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kPoolBytes = 6ll << 30;
constexpr int32_t kTokensAlone = 64;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// A sequence that decodes as the engine has it: a step is queued before the last one is read.
class Decoding {
 public:
  Decoding(LoadedModel& loaded, std::vector<engine::Sequence>& sequences)
      : loaded_(loaded), sequences_(sequences) {}

  // Waits for a token.
  void step() {
    if (loaded_.model.n_queued() == 0)
      loaded_.queue(sequences_, tokens_, engine::StepTokens::kGiven);
    loaded_.queue(sequences_, tokens_, engine::StepTokens::kChosen);
    take();
    gaps_ms_.push_back(ms_since(std::exchange(last_, Clock::now())));
  }
  // Begins to count.
  void begin() {
    step();
    gaps_ms_.clear();
  }
  // What has been counted; nothing is queued afterwards.
  DecodePace end(double prefill_ms) {
    while (loaded_.model.n_queued() > 0) take();
    double sum_ms = 0;
    for (const double gap : gaps_ms_) sum_ms += gap;
    std::sort(gaps_ms_.begin(), gaps_ms_.end());
    return {.tokens_per_s = 1000 * static_cast<double>(gaps_ms_.size()) / sum_ms,
            .median_gap_ms = gaps_ms_[gaps_ms_.size() / 2],
            .longest_gap_ms = gaps_ms_.back(),
            .prefill_ms = prefill_ms};
  }

 private:
  void take() {
    const engine::Sample next = loaded_.model.take_choices().front();
    sequences_[0].append(tokens_);
    tokens_[0] = next.token;
  }

  LoadedModel& loaded_;
  std::vector<engine::Sequence>& sequences_;
  engine::TokenIds tokens_ = {100};
  std::vector<double> gaps_ms_;
  Clock::time_point last_ = Clock::now();
};

// A prompt on its way through a model, a chunk at a time.
class Prompt {
 public:
  Prompt(LoadedModel& loaded, engine::Model& model, const EngineBenchOptions& options)
      : model_(model),
        sequence_(model.config(), loaded.pages, {}),
        prefill_(model, loaded.pages, sequence_, loaded.random_ids(options.n_beside_tokens, 9),
                 options.n_beside_tokens - 1, options.n_chunk_tokens) {}

  bool reserve(int32_t n_tokens) { return prefill_.reserve(n_tokens); }
  int32_t n_on_their_way() {
    while (!chunks_.empty() && chunks_.front().passed()) chunks_.pop_front();
    return static_cast<int32_t>(chunks_.size());
  }
  bool all_queued() const { return all_queued_; }
  void queue() {
    all_queued_ = prefill_.step();
    if (all_queued_) model_.queue_choice(prefill_.outputs(), {});
    chunks_.emplace_back(model_.device()).record();
  }
  void finish() { model_.take_choices(); }

 private:
  engine::Model& model_;
  engine::Sequence sequence_;
  engine::Prefill prefill_;
  std::deque<engine::Event> chunks_;
  bool all_queued_ = false;
};

class BesidePrefill {
 public:
  BesidePrefill(LoadedModel& loaded, engine::Model& chunk_model, const EngineBenchOptions& options)
      : loaded_(loaded), chunk_model_(chunk_model), options_(options) {
    sequences_.emplace_back(loaded.model.config(), loaded.pages,
                            std::vector<std::shared_ptr<const engine::Segment>>{});
  }

  // Of the prompt by itself, in milliseconds.
  Result<double> prefill_alone() {
    Prompt prompt(loaded_, chunk_model_, options_);
    RETURN_IF_ERROR(reserve(prompt));
    const auto begin = Clock::now();
    while (!prompt.all_queued()) prompt.queue();
    prompt.finish();
    return ms_since(begin);
  }

  Result<DecodePace> decode_alone(double prefill_ms) {
    RETURN_IF_ERROR(prepare());
    Decoding decoding(loaded_, sequences_);
    decoding.begin();
    for (int32_t i = 0; i < kTokensAlone; ++i) decoding.step();
    return decoding.end(prefill_ms);
  }

  // At most `n_most` chunks are queued that are not done.
  Result<DecodePace> both(int32_t n_most) {
    RETURN_IF_ERROR(prepare());
    const bool has_two_lanes = &chunk_model_.device() != loaded_.device.get();
    loaded_.device->share(has_two_lanes);
    chunk_model_.device().share(has_two_lanes);
    Prompt prompt(loaded_, chunk_model_, options_);
    RETURN_IF_ERROR(reserve(prompt));
    Decoding decoding(loaded_, sequences_);
    decoding.begin();
    const auto begin = Clock::now();
    while (!prompt.all_queued() || prompt.n_on_their_way() > 0) {
      if (!prompt.all_queued() && prompt.n_on_their_way() < n_most) prompt.queue();
      decoding.step();
    }
    prompt.finish();
    return decoding.end(ms_since(begin));
  }

 private:
  Status reserve(Prompt& prompt) const {
    if (prompt.reserve(options_.n_beside_tokens + 1)) return {};
    return resource_exhausted_error("the measurement's KV pool is too small; ask for fewer tokens");
  }
  // Random weights: what lies in the pages is as good as what they would compute.
  Status prepare() {
    engine::Sequence& sequence = sequences_[0];
    sequence.truncate(0);
    RETURN_IF_ERROR(loaded_.reserve(sequence, options_.n_active_tokens + 4096));
    sequence.append(loaded_.random_ids(std::max(options_.n_active_tokens, 1), 2));
    return {};
  }

  LoadedModel& loaded_;
  engine::Model& chunk_model_;
  const EngineBenchOptions& options_;
  std::vector<engine::Sequence> sequences_;
};

// The one of the repetitions whose prefill took the median time; the first warms up.
Result<DecodePace> median_of(int32_t n_repetitions,
                             const std::function<Result<DecodePace>()>& measure) {
  std::vector<DecodePace> paces;
  for (int32_t i = 0; i <= n_repetitions; ++i) {
    ASSIGN_OR_RETURN(const DecodePace pace, measure());
    if (i > 0) paces.push_back(pace);
  }
  const auto middle = paces.begin() + static_cast<std::ptrdiff_t>(paces.size() / 2);
  std::nth_element(
      paces.begin(), middle, paces.end(),
      [](const DecodePace& a, const DecodePace& b) { return a.prefill_ms < b.prefill_ms; });
  return *middle;
}

}  // namespace

Result<BesidePrefillResult> bench_beside_prefill(const EngineBenchOptions& asked) {
  ASSIGN_OR_RETURN(auto loaded, LoadedModel::load(asked, {.bytes = kPoolBytes}));
  if (loaded->device->is_cpu())
    return invalid_argument_error("the CPU has one lane; --beside-prefill wants --device cuda");
  EngineBenchOptions options = asked;
  if (options.n_chunk_tokens <= 0) options.n_chunk_tokens = loaded->chunk_tokens();
  ASSIGN_OR_RETURN(const auto lane, loaded->device->open_lane());
  engine::Model on_same = loaded->model.on(*loaded->device);
  engine::Model on_lane = loaded->model.on(*lane);
  lane->follow(*loaded->device);
  BesidePrefill one_lane(*loaded, on_same, options);
  BesidePrefill two_lanes(*loaded, on_lane, options);
  BesidePrefillResult result = {.device = loaded->device->name(),
                                .kernels = loaded->device->kernels().name,
                                .n_chunk_tokens = options.n_chunk_tokens};
  constexpr int32_t kAnyNumber = 1 << 30, kInLane = 2;
  ASSIGN_OR_RETURN(result.alone, median_of(options.n_repetitions, [&]() -> Result<DecodePace> {
                     ASSIGN_OR_RETURN(const double prefill_ms, one_lane.prefill_alone());
                     return one_lane.decode_alone(prefill_ms);
                   }));
  ASSIGN_OR_RETURN(result.in_turns,
                   median_of(options.n_repetitions, [&] { return one_lane.both(kAnyNumber); }));
  ASSIGN_OR_RETURN(result.side_by_side,
                   median_of(options.n_repetitions, [&] { return two_lanes.both(kInLane); }));
  lane->synchronize();
  RETURN_IF_ERROR(loaded->device->status());
  return result;
}

}  // namespace rondo::bench
