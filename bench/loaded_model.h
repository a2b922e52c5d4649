// A model with its memory and no engine thread, for benchmarks that step it by hand.
//
// Thread: one at a time. Owns everything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/engine_bench.h"
#include "engine/chunk_tokens.h"
#include "engine/model.h"
#include "engine/prefill.h"
#include "engine/segment_encoder.h"
#include "engine/segment_store.h"
#include "engine/sequence.h"

namespace rondo::bench {

// How long the parts of loading took, in seconds.
struct LoadTimes {
  double device = 0, weights = 0, pool = 0;
};

// One of the two.
struct PoolSize {
  int64_t bytes = 0;
  int64_t tokens = 0;  // that one loop has keys of
};

struct PrefillOptions {
  int32_t n_chunk_tokens = 0;  // rows of a step; 0: as many as suit the device
  engine::Loop1Rows loop1_rows = engine::Loop1Rows::kNeeded;
};

struct LoadedModel {
  // `times`, where it is given, is filled in. Errors: those of ModelConfig, Weights and PagePool;
  // InvalidArgument where a profile is wanted of a GPU, whose kernels run behind our back.
  static Result<std::unique_ptr<LoadedModel>> load(const EngineBenchOptions& options, PoolSize pool,
                                                   LoadTimes* times = nullptr);
  // Errors: those of ModelConfig.
  static Result<engine::ModelConfig> config_of(const EngineBenchOptions& options);

  LoadedModel(std::unique_ptr<const kernels::Kernels> kernels,
              std::unique_ptr<engine::Device> device, engine::Model model, engine::PagePool pages)
      : kernels(std::move(kernels)),
        device(std::move(device)),
        model(std::move(model)),
        pages(std::move(pages)),
        store(this->model.digest()) {}

  // Rows of a step of prefill, as the engine takes them.
  int32_t chunk_tokens() const { return engine::chunk_tokens(model.config(), *device).prefill; }
  // `n` ids of the vocabulary, the same for the same seed.
  engine::TokenIds random_ids(int32_t n, uint32_t seed) const;
  // Segments of random ids, `tokens_each` tokens each, `n_tokens` in all.
  std::vector<engine::SegmentInput> random_segments(int32_t n_tokens, int32_t tokens_each,
                                                    uint32_t seed) const;
  // Encodes as many as there are pages for; waits for the device.
  std::vector<std::shared_ptr<const engine::Segment>> encode(
      const std::vector<engine::SegmentInput>& inputs);
  // Room for `n_tokens` tokens. Errors: ResourceExhausted when the pool is too small.
  Status reserve(engine::Sequence& sequence, int32_t n_tokens);
  // Brings `sequence` to `prompt` from what it holds; the logits behind the last token are in
  // `logits`. Errors: reserve's.
  Status prefill(engine::Sequence& sequence, const engine::TokenIds& prompt,
                 const PrefillOptions& options = {});
  // Feeds each sequence its token and then those that are chosen (`sampling`), as the engine does:
  // on a GPU a step is queued before the last one's tokens are read. The last ones are in `tokens`.
  void decode(std::vector<engine::Sequence>& sequences, engine::TokenIds& tokens, int32_t n_steps);
  void queue(const std::vector<engine::Sequence>& sequences, const engine::TokenIds& tokens,
             engine::StepTokens which);

  Status pool_too_small() const;

  std::unique_ptr<const kernels::Kernels> kernels;
  std::unique_ptr<engine::Device> device;
  engine::Model model;
  engine::PagePool pages;
  engine::SegmentStore store;
  engine::SamplingOptions sampling;  // of decode
  std::vector<float> logits;
};

}  // namespace rondo::bench
