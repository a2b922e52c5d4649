#include "bench/loaded_model.h"

#include <algorithm>
#include <random>

#include "bench/kernel_profile.h"

namespace rondo::bench {

using engine::TokenIds;

Result<std::unique_ptr<LoadedModel>> LoadedModel::load(const std::string& folder,
                                                       const std::string& kernels_name,
                                                       int32_t n_threads, int64_t kv_bytes,
                                                       bool profile) {
  const kernels::Kernels* fast =
      kernels_name.empty() ? &kernels::best_cpu_kernels() : kernels::cpu_kernels(kernels_name);
  if (fast == nullptr)
    return invalid_argument_error("this machine cannot run the kernels '" + kernels_name + "'");
  auto table = std::make_unique<const kernels::Kernels>(profile ? profiled(*fast) : *fast);
  auto device = engine::Device::cpu(*table, n_threads);
  ASSIGN_OR_RETURN(const engine::ModelConfig config, engine::ModelConfig::load(folder));
  ASSIGN_OR_RETURN(engine::Model model, engine::Model::load(folder, config, *device));
  ASSIGN_OR_RETURN(engine::PagePool pages, engine::PagePool::create(config, *device, kv_bytes));
  return std::make_unique<LoadedModel>(std::move(table), std::move(device), std::move(model),
                                       std::move(pages));
}

TokenIds LoadedModel::random_ids(int32_t n, uint32_t seed) const {
  std::mt19937 random(seed);
  TokenIds ids(n);
  // Special tokens have the lowest ids.
  for (int32_t& id : ids)
    id = 20 + static_cast<int32_t>(random() % (model.config().vocab_size - 20));
  return ids;
}

std::vector<std::shared_ptr<const engine::Segment>> LoadedModel::random_segments(
    int32_t n_tokens, int32_t tokens_each, uint32_t seed) {
  engine::SegmentEncoder encoder(model, pages, store);
  std::vector<std::shared_ptr<const engine::Segment>> segments;
  for (int32_t n = 0; n < n_tokens; n += tokens_each) {
    const TokenIds ids = random_ids(std::min(tokens_each, n_tokens - n), seed++);
    if (!encoder.add({.tokens = std::make_shared<const TokenIds>(ids)})) break;
  }
  while (!encoder.idle()) {
    for (auto& segment : encoder.step(256)) segments.push_back(std::move(segment));
  }
  return segments;
}

int32_t LoadedModel::decode(engine::Sequence& sequence, int32_t token) {
  engine::Step step;
  sequence.add_rows(sequence.n_tokens(), std::span(&token, 1), step);
  logits.resize(model.config().vocab_size);
  model.decode(step, pages, logits.data());
  sequence.append(step.tokens);
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

}  // namespace rondo::bench
