// One request on its way through the engine: Segments, prefill, decode, answer. Each step is
// bounded by a chunk.
//
// Thread: the engine thread. Owns its sequence while it runs; borrows the engine's parts.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/cursor_table.h"
#include "engine/engine.h"
#include "engine/healing.h"
#include "engine/kv_tiers.h"
#include "engine/model.h"
#include "engine/prefill.h"
#include "engine/request.h"
#include "engine/sampler.h"
#include "engine/segment_encoder.h"
#include "engine/segment_store.h"
#include "engine/stop_matcher.h"
#include "engine/work_rate.h"

namespace rondo::engine {

// What generations share.
struct EngineParts {
  const EngineOptions& options;
  const Tokenizer& tokenizer;
  const ByteVocabulary& vocabulary;
  Model& model;  // that chunks go through
  PagePool& pages;
  SegmentStore& store;
  KvTiers& tiers;
  CursorTable& cursors;
  WorkRate& encoding;  // of Segments
  EngineStats& stats;  // counters of the engine thread
};

// A request may need at most one part in so many of the pool, however small the others are.
inline constexpr int32_t kLeastShares = 4;

// What a step of decoding costs beside a chunk's row of one loop: on two cores with AVX-512 7 ms
// and 0.8, with AMX 3 and 0.6.
inline constexpr int64_t kStepRows = 8;

class Generation {
 public:
  Generation(Request request, EngineParts& parts);

  Priority priority() const { return request_.priority; }
  const std::string& cursor() const { return request_.cursor; }
  // It works on the live sequence of its cursor, so that others with that cursor wait: background
  // work that keeps the cursor's Segments does, and merely appends; other background work makes a
  // sequence of its own, which takes the place of that one when it is whole.
  bool takes_cursor() const {
    return !request_.cursor.empty() &&
           (priority() == Priority::kInteractive || request_.keep_cursor_segments);
  }
  bool cancelled() const { return request_.cancel.stop_requested(); }
  // Pages that it may come to hold: what it is admitted for, so that it never fails for memory.
  int64_t n_pages() const { return n_pages_; }
  // How much of the engine it has had, in rows of a loop: of chunks, and kStepRows for each
  // step of decoding; a moment that all waited for its Segments from the disk counts as one.
  int64_t work() const;
  // True if it goes on by step(): it has something to compute before it decodes, or was cancelled.
  bool wants_step() const { return cancelled() || phase_ < Phase::kFirstToken; }
  // One bounded piece of work, through the model of chunks: true when the request has been
  // answered, else a chunk has been queued. REQUIRES: wants_step().
  bool step();
  // It has queued the choice of its first token behind its last chunk.
  bool awaits_first_token() const { return phase_ == Phase::kFirstToken; }
  // Takes that choice as take() does. REQUIRES: awaits_first_token(), and that chunk is done.
  bool take_first(const Sample& chosen, std::span<const float> logits);
  // It waits for what follows its last token: all that do share a step.
  bool decoding() const { return phase_ == Phase::kDecode && !cancelled(); }
  // Its row for such a step, when it takes part in `n_ahead` that were queued and not taken (then
  // the row's token is that of another). REQUIRES: decoding().
  void add_row(int32_t n_ahead, Step& step) const;
  // True if the step behind the one that it takes part in can be queued before it has taken that:
  // it will not have ended for sure, and takes what the device chooses.
  bool runs_ahead() const;
  // True if it needs the row's logits: it allows some tokens only.
  bool wants_logits() const { return !healing_.done() || bars_tokens(); }
  // Takes the token that was chosen for the row, or chooses from its logits, f32 [V], where it
  // wants them; true when the request has been answered.
  bool take(const Sample& chosen, std::span<const float> logits);
  // Answers with `status` instead of going on.
  void fail(Status status);
  // Segments that missed their deadline, to be encoded when nobody waits.
  std::vector<SegmentInput> take_deferred() { return std::move(deferred_); }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase { kQueued, kSegments, kPrefill, kFirstToken, kDecode, kDone };

  int64_t count_pages() const;
  Status check() const;
  bool start();
  bool continues_cursor() const;
  void find_segments();
  void take_restored();
  Clock::duration time_for_segments() const;
  bool encodes_segments();
  void encode_segments();
  void compose();
  void adopt_prefix(const TokenIds& tokens);
  bool begin_prefill();
  bool prefill();
  bool score();
  bool device_failed();
  int32_t n_chosen() const { return static_cast<int32_t>(completion_.tokens.size()); }
  // The next token is the first that spells nothing, and may not be any.
  bool bars_tokens() const {
    return !request_.barred_first.empty() && healing_.done() &&
           n_chosen() == completion_.n_healed_tokens;
  }
  std::vector<int32_t> allowed() const;
  Sample chosen_among_allowed(std::span<const float> logits) const;
  bool accept(const Sample& sample);
  bool finish(StopReason reason);
  void keep_prefix();
  void keep_sequence();
  void spend(std::chrono::microseconds& timing);

  Request request_;
  EngineParts& parts_;
  int64_t n_pages_ = 0;
  Phase phase_ = Phase::kQueued;
  Completion completion_;
  Clock::time_point mark_;  // when the current phase began

  std::vector<std::shared_ptr<const Segment>> segments_;  // of each input; null: not encoded
  std::vector<int32_t> coming_;                           // of them, those that are read from disk
  int64_t n_waits_ = 0;                                   // for those
  std::vector<SegmentInput> deferred_;
  Clock::time_point encoding_since_;
  SegmentEncoder encoder_;
  std::unique_ptr<Sequence> sequence_;
  std::optional<Prefill> prefill_;
  Healing healing_;
  StopMatcher matcher_;
};

}  // namespace rondo::engine
