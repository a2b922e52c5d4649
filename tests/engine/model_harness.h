// A model with its memory and no engine thread: what tests step by hand.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/choose_device.h"
#include "engine/model.h"
#include "engine/prefill.h"
#include "engine/segment_encoder.h"
#include "engine/segment_store.h"
#include "engine/sequence.h"

namespace rondo::engine {

class ModelHarness {
 public:
  ModelHarness(const std::string& folder, const kernels::Kernels& kernels,
               int32_t chunk_tokens = 64)
      : ModelHarness(folder, Device::cpu(kernels, 0), chunk_tokens) {}
  ModelHarness(const std::string& folder, const EngineOptions& options, int32_t chunk_tokens = 64)
      : ModelHarness(folder, std::move(choose_device(options).value().device), chunk_tokens) {}
  ModelHarness(const std::string& folder, std::unique_ptr<Device> device, int32_t chunk_tokens = 64)
      : device_(std::move(device)),
        config_(ModelConfig::load(folder).value()),
        model_(Model::load(folder, config_, *device_).value()),
        pages_(PagePool::create(config_, *device_, 256 << 20).value()),
        store_(model_.digest()),
        chunk_tokens_(chunk_tokens) {}

  Device& device() { return *device_; }
  const ModelConfig& config() const { return config_; }
  PagePool& pages() { return pages_; }
  SegmentStore& store() { return store_; }
  void set_chunk_tokens(int32_t chunk_tokens) { chunk_tokens_ = chunk_tokens; }

  std::shared_ptr<const Segment> encode(const SegmentInput& input) {
    if (auto present = store_.find(input)) return present;
    SegmentEncoder encoder(model_, pages_, store_);
    EXPECT_TRUE(encoder.add(input));
    std::shared_ptr<const Segment> segment;
    while (!encoder.idle()) {
      if (auto complete = encoder.step(chunk_tokens_); !complete.empty())
        segment = complete.front();
    }
    n_encoded_tokens_ += encoder.n_computed();
    return segment;
  }
  SegmentEncoder encoder() { return {model_, pages_, store_}; }
  // Computed by encode() so far.
  int64_t n_encoded_tokens() const { return n_encoded_tokens_; }

  std::unique_ptr<Sequence> sequence(const std::vector<SegmentInput>& segments = {}) {
    std::vector<std::shared_ptr<const Segment>> encoded;
    for (const SegmentInput& input : segments) encoded.push_back(encode(input));
    return std::make_unique<Sequence>(config_, pages_, std::move(encoded));
  }

  // Brings `sequence` to `prompt`; the logits of slots [first_output, prompt.size()), f32 [., V].
  std::vector<float> prefill(Sequence& sequence, const TokenIds& prompt, int32_t first_output,
                             int32_t* n_cached = nullptr,
                             Loop1Rows loop1_rows = Loop1Rows::kNeeded) {
    Prefill prefill(model_, pages_, sequence, prompt, first_output, chunk_tokens_, loop1_rows);
    EXPECT_TRUE(prefill.reserve(static_cast<int32_t>(prompt.size())));
    while (!prefill.step()) {
    }
    if (n_cached != nullptr) *n_cached = prefill.n_cached();
    const auto n_rows = static_cast<int32_t>(prompt.size()) - first_output;
    std::vector<float> logits(static_cast<size_t>(n_rows) * config_.vocab_size);
    model_.head(prefill.outputs(), n_rows, logits.data());
    return logits;
  }

  // Loop 1's keys and values of slot `slot`, in all layers; each layer's lie as the kernels have
  // them, beside zeros.
  std::vector<float> window_values(const Sequence& sequence, int32_t slot) {
    Step step;
    sequence.add_rows(slot, std::vector<int32_t>{0}, step);
    const int32_t page = pages_.allocate().value();
    std::vector<std::byte> bytes(static_cast<size_t>(pages_.page_bytes()));
    device_->upload(pages_.page(page), bytes.data(), pages_.page_bytes());
    pages_.copy_token(step.window_slots[0], page * kernels::kPageTokens, *device_);
    device_->download(bytes.data(), pages_.page(page), pages_.page_bytes());
    pages_.release(page);
    const bool is_f32 = device_->kernels().kv_type == kernels::KvType::kF32;
    std::vector<float> values(bytes.size() / (is_f32 ? 4 : 2));
    for (size_t i = 0; i < values.size(); ++i) {
      uint32_t bits = 0;  // a bf16's are the upper ones of a float
      std::memcpy(reinterpret_cast<std::byte*>(&bits) + (is_f32 ? 0 : 2),
                  &bytes[i * (is_f32 ? 4 : 2)], is_f32 ? 4 : 2);
      values[i] = std::bit_cast<float>(bits);
    }
    return values;
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
    std::vector<float> logits(config_.vocab_size);
    model_.decode(step, pages_, logits.data());
    sequence.append(step.tokens);
    return logits;
  }

 private:
  std::unique_ptr<Device> device_;
  ModelConfig config_;
  Model model_;
  PagePool pages_;
  SegmentStore store_;
  int32_t chunk_tokens_;
  int64_t n_encoded_tokens_ = 0;
};

}  // namespace rondo::engine
