#include "bench/loaded_model.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "bench/kernel_profile.h"
#include "engine/choose_device.h"
#include "engine/memory_plan.h"
#include "engine/named_configs.h"

namespace rondo::bench {

using engine::TokenIds;

namespace {

using Clock = std::chrono::steady_clock;

// Seconds since `mark`, which becomes now.
double lap(Clock::time_point& mark) {
  const Clock::time_point begin = std::exchange(mark, Clock::now());
  return std::chrono::duration<double>(mark - begin).count();
}

// Of K and V, in all layers.
int64_t token_bytes(const engine::ModelConfig& config, const engine::Device& device) {
  return engine::token_kv_bytes(config) * kernels::kv_type_bytes(device.kernels().kv_type) / 2;
}

}  // namespace

Result<engine::ModelConfig> LoadedModel::config_of(const EngineBenchOptions& options) {
  if (options.config.empty()) return engine::ModelConfig::load(options.model);
  ASSIGN_OR_RETURN(engine::ModelConfig config,
                   engine::named_config(options.config, options.n_layers));
  if (options.int8) config.weight_format = engine::WeightFormat::kInt8Channel;
  if (options.int4) config.weight_format = engine::WeightFormat::kInt4Group;
  return config;
}

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(const EngineBenchOptions& options,
                                                       PoolSize pool, LoadTimes* times) {
  LoadTimes unasked;
  LoadTimes& took = times != nullptr ? *times : unasked;
  auto mark = Clock::now();
  ASSIGN_OR_RETURN(
      engine::ChosenDevice chosen,
      engine::choose_device(
          {.device = options.device, .kernels = options.kernels, .n_threads = options.n_threads}));
  took.device = lap(mark);
  std::unique_ptr<const kernels::Kernels> table;
  if (options.profile) {
    if (!chosen.device->is_cpu())
      return invalid_argument_error("--profile times the CPU's kernels; add --device cpu");
    table = std::make_unique<const kernels::Kernels>(profiled(chosen.device->kernels()));
    chosen.device = engine::Device::cpu(*table, options.n_threads);
  }
  ASSIGN_OR_RETURN(const engine::ModelConfig config, config_of(options));
  ASSIGN_OR_RETURN(
      engine::Model model,
      options.config.empty()
          ? engine::Model::load(options.model, config, *chosen.device)
          : engine::Model::random(config, *chosen.device,
                                  options.shares_layers ? engine::RandomLayers::kShared
                                                        : engine::RandomLayers::kEach));
  took.weights = lap(mark);
  const int64_t kv_bytes =
      pool.bytes > 0 ? pool.bytes : pool.tokens * token_bytes(config, *chosen.device);
  ASSIGN_OR_RETURN(engine::PagePool pages,
                   engine::PagePool::create(config, *chosen.device, kv_bytes));
  took.pool = lap(mark);
  auto loaded = std::make_unique<LoadedModel>(std::move(table), std::move(chosen.device),
                                              std::move(model), std::move(pages));
  if (options.temperature > 0)
    loaded->sampling = {.temperature = options.temperature, .top_k = 20, .top_p = 0.85f};
  return loaded;
}

TokenIds LoadedModel::random_ids(int32_t n, uint32_t seed) const {
  std::mt19937 random(seed);
  TokenIds ids(n);
  // Special tokens have the lowest ids.
  for (int32_t& id : ids)
    id = 20 + static_cast<int32_t>(random() % (model.config().vocab_size - 20));
  return ids;
}

std::vector<engine::SegmentInput> LoadedModel::random_segments(int32_t n_tokens,
                                                               int32_t tokens_each,
                                                               uint32_t seed) const {
  std::vector<engine::SegmentInput> inputs;
  for (int32_t n = 0; n < n_tokens; n += tokens_each) {
    TokenIds ids = random_ids(std::min(tokens_each, n_tokens - n), seed++);
    inputs.push_back({.tokens = std::make_shared<const TokenIds>(std::move(ids))});
  }
  return inputs;
}

std::vector<std::shared_ptr<const engine::Segment>> LoadedModel::encode(
    const std::vector<engine::SegmentInput>& inputs) {
  engine::SegmentEncoder encoder(model, pages, store);
  std::vector<std::shared_ptr<const engine::Segment>> segments;
  for (const engine::SegmentInput& input : inputs) {
    if (!encoder.add(input)) break;
  }
  while (!encoder.idle()) {
    for (auto& segment : encoder.step(chunk_tokens())) segments.push_back(std::move(segment));
  }
  if (!device->is_cpu())
    device->check(device->backend().synchronize(device->backend().state), "synchronize");
  return segments;
}

Status LoadedModel::reserve(engine::Sequence& sequence, int32_t n_tokens) {
  if (sequence.reserve(n_tokens)) return {};
  return pool_too_small();
}

Status LoadedModel::pool_too_small() const {
  return resource_exhausted_error("the measurement's KV pool of " +
                                  std::to_string(pages.n_pages() * kernels::kPageTokens) +
                                  " tokens is too small; ask for fewer");
}

Status LoadedModel::prefill(engine::Sequence& sequence, const TokenIds& prompt,
                            const PrefillOptions& options) {
  const auto n_tokens = static_cast<int32_t>(prompt.size());
  const int32_t n_chunk = options.n_chunk_tokens > 0 ? options.n_chunk_tokens : chunk_tokens();
  engine::Prefill prefill(model, pages, sequence, prompt, n_tokens - 1, n_chunk,
                          options.loop1_rows);
  if (!prefill.reserve(n_tokens)) return pool_too_small();
  while (!prefill.step()) {
  }
  logits.resize(model.config().vocab_size);
  model.head(prefill.outputs(), 1, logits.data());
  return device->status();
}

void LoadedModel::decode(std::vector<engine::Sequence>& sequences, engine::TokenIds& tokens,
                         int32_t n_steps) {
  const bool runs_ahead = !device->is_cpu();
  for (int32_t i = 0; i < n_steps; ++i) {
    if (model.n_queued() == 0) queue(sequences, tokens, engine::StepTokens::kGiven);
    if (runs_ahead && i + 1 < n_steps) queue(sequences, tokens, engine::StepTokens::kChosen);
    const std::vector<engine::Sample> likeliest = model.take_choices();
    for (size_t j = 0; j < sequences.size(); ++j) {
      sequences[j].append(std::span(&tokens[j], 1));
      tokens[j] = likeliest[j].token;
    }
  }
}

// Behind the steps that are queued.
void LoadedModel::queue(const std::vector<engine::Sequence>& sequences, const TokenIds& tokens,
                        engine::StepTokens which) {
  engine::Step step;
  for (size_t i = 0; i < sequences.size(); ++i) {
    const int32_t slot = sequences[i].n_tokens() + model.n_queued();
    sequences[i].add_rows(slot, std::span(&tokens[i], 1), step);
    step.draws.push_back(engine::draw_of(sampling, slot));
  }
  model.queue_decode(step, which, pages);
}

}  // namespace rondo::bench
