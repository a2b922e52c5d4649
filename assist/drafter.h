// Drafter: asks the model about places of one document, one question after the other, while the
// caller waits. The context is chosen once, and all prompts continue one cursor sequence, so that a
// question about the same place costs its answer and little more.
//
// Thread: one at a time, any but the engine's. Ownership: borrows engine and index.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "assist/completion.h"
#include "base/status.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/document_store.h"

namespace rondo::assist {

// A place between two characters of a text with LF line ends.
struct DraftPlace {
  std::string_view text;
  int64_t offset = 0;
};

struct DraftQuestion {
  std::string begin;  // what the answer has to begin with, as it is
  engine::StopOptions stop;
  engine::SamplingOptions sampling;  // the default: the likeliest tokens
  engine::TokenIds barred_first;  // tokens that do not come first behind `begin`: Draft says which
};

struct Draft {
  std::string text;             // DraftQuestion::begin, and what came behind it
  float mean_logprob = 0;       // a token of what came
  int32_t n_tokens = 0;         // of them
  std::vector<float> logprobs;  // of each that had nothing to spell again
  int32_t first_token = -1;     // -1: none, it ended at once
};

// What the model reads beside the workspace: how a thing like this is written.
struct Example {
  std::string path;
  std::string text;
};

struct DrafterOptions {
  int32_t context_tokens = 2900;  // budget of composed Segments; 0: none
  int32_t prefix_tokens = 768;    // of the window before a place
  int32_t suffix_tokens = 256;    // and after it
  std::string folder;             // where the indexed files lie, absolute (CompleterOptions)
  std::vector<Example> examples;  // composed before all Blocks, out of the same budget
  std::vector<std::string> forbidden_lines;  // no Block has one: a measurement's (context.h)
  engine::Priority priority = engine::Priority::kInteractive;
};

class Drafter {
 public:
  // Chooses the context of `place` in `document`, of which place.text is a state. `cursor` names
  // the cursor sequence; it is forgotten with the Drafter. REQUIRES: engine.config().fim.
  Drafter(engine::Engine& engine, const workspace::BlockIndex& index, DrafterOptions options,
          const workspace::Document& document, DraftPlace place, std::string cursor);
  ~Drafter();
  Drafter(const Drafter&) = delete;
  Drafter& operator=(const Drafter&) = delete;

  // Errors: Cancelled, and those of the engine.
  Result<Draft> draft(DraftPlace place, DraftQuestion question, std::stop_token stop);
  // The log-probability of `text` at `place`, the mean of its tokens. Errors: as above.
  Result<float> mean_logprob(DraftPlace place, std::string_view text, std::stop_token stop);

  const engine::Tokenizer& tokenizer() const { return engine_.tokenizer(); }
  const engine::ModelConfig& config() const { return engine_.config(); }
  // The Blocks that are context.
  const std::vector<UsedBlock>& blocks() const { return blocks_; }
  // Generated in all so far.
  int64_t n_tokens() const { return n_tokens_; }

 private:
  using Ids = std::shared_ptr<const engine::TokenIds>;

  int64_t most_context_tokens() const;
  Ids ids_of(std::string_view path, std::string_view text) const;
  void add_context(Ids ids, const std::string& path);
  int64_t add_examples(int64_t max_tokens);
  engine::Request request(DraftPlace place, std::string_view begin) const;
  Result<engine::Completion> answer(engine::Request request);
  int32_t first_new_token(const engine::Completion& completion, size_t n_respelled) const;

  engine::Engine& engine_;
  const DrafterOptions options_;
  const std::string path_;
  const std::string cursor_;
  std::vector<engine::SegmentInput> segments_;
  std::vector<Ids> files_;  // instead, for models that were not trained on Segments
  std::vector<UsedBlock> blocks_;
  int64_t n_tokens_ = 0;
};

}  // namespace rondo::assist
