// A model with its memory and no engine thread: what tests step by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/prefill.h"
#include "engine/segment_encoder.h"
#include "engine/segment_store.h"
#include "engine/sequence.h"
#include "kernels/thread_pool.h"

namespace rondo::engine {

class ModelHarness {
 public:
  ModelHarness(const std::string& folder, const kernels::Kernels& kernels,
               int32_t chunk_tokens = 64)
      : threads_(2),
        config_(ModelConfig::load(folder).value()),
        model_(Model::load(folder, config_, kernels, {.threads = &threads_}).value()),
        pages_(PagePool::create(config_, kernels, 256 << 20).value()),
        store_(model_.digest()),
        chunk_tokens_(chunk_tokens) {}

  const ModelConfig& config() const { return config_; }
  PagePool& pages() { return pages_; }
  SegmentStore& store() { return store_; }
  void set_chunk_tokens(int32_t chunk_tokens) { chunk_tokens_ = chunk_tokens; }

  std::shared_ptr<const Segment> encode(const SegmentInput& input) {
    if (auto present = store_.find(input)) return present;
    SegmentEncoder encoder(model_, pages_, store_);
    EXPECT_TRUE(encoder.add(input));
    while (!encoder.idle()) {
      if (auto complete = encoder.step(chunk_tokens_); !complete.empty()) return complete.front();
    }
    return nullptr;
  }

  std::unique_ptr<Sequence> sequence(const std::vector<SegmentInput>& segments = {}) {
    std::vector<std::shared_ptr<const Segment>> encoded;
    for (const SegmentInput& input : segments) encoded.push_back(encode(input));
    return std::make_unique<Sequence>(config_, pages_, std::move(encoded));
  }

  // Brings `sequence` to `prompt`; the logits of slots [first_output, prompt.size()), f32 [., V].
  std::vector<float> prefill(Sequence& sequence, const TokenIds& prompt, int32_t first_output,
                             int32_t* n_cached = nullptr) {
    Prefill prefill(model_, pages_, sequence, prompt, first_output, chunk_tokens_);
    EXPECT_TRUE(prefill.reserve(static_cast<int32_t>(prompt.size())));
    while (!prefill.step()) {
    }
    if (n_cached != nullptr) *n_cached = prefill.n_cached();
    const auto n_rows = static_cast<int32_t>(prompt.size()) - first_output;
    std::vector<float> logits(static_cast<size_t>(n_rows) * config_.vocab_size);
    model_.head(prefill.outputs().data(), n_rows, logits.data());
    return logits;
  }

  // Begins a prefill and gives it up after `n_steps` steps.
  void abandon(Sequence& sequence, const TokenIds& prompt, int32_t n_steps) {
    Prefill prefill(model_, pages_, sequence, prompt, static_cast<int32_t>(prompt.size()) - 1,
                    chunk_tokens_);
    EXPECT_TRUE(prefill.reserve(static_cast<int32_t>(prompt.size())));
    for (int32_t i = 0; i < n_steps; ++i) prefill.step();
    prefill.abandon();
  }

  // Feeds one more token; its logits, f32 [V].
  std::vector<float> decode(Sequence& sequence, int32_t token) {
    EXPECT_TRUE(sequence.reserve(sequence.n_tokens() + 1));
    Step step;
    sequence.add_rows(sequence.n_tokens(), std::span(&token, 1), step);
    std::vector<float> x(config_.hidden_size);
    const std::vector<LayerRows> rows(config_.n_layers);
    model_.embed(step, x.data());
    for (int32_t loop = 0; loop < config_.n_loops; ++loop)
      model_.run_loop(loop, step, rows, pages_, x.data());
    sequence.append(step.tokens);
    std::vector<float> logits(config_.vocab_size);
    model_.head(x.data(), 1, logits.data());
    return logits;
  }

 private:
  kernels::ThreadPool threads_;
  ModelConfig config_;
  Model model_;
  PagePool pages_;
  SegmentStore store_;
  int32_t chunk_tokens_;
};

}  // namespace rondo::engine
