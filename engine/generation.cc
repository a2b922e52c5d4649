#include "engine/generation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"

namespace rondo::engine {
namespace {

template <typename T>
bool contains(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

std::string limit_message(const char* what, int64_t n, int64_t limit) {
  return std::string(what) + " of " + std::to_string(n) + " tokens exceeds the limit of " +
         std::to_string(limit);
}

}  // namespace

Generation::Generation(Request request, EngineParts& parts)
    : request_(std::move(request)),
      parts_(parts),
      n_pages_(count_pages()),
      mark_(Clock::now()),
      encoder_(parts.model, parts.pages, parts.store),
      healing_(request_.healing),
      matcher_(request_.stop.strings) {}

bool Generation::step() {
  if (cancelled()) {
    fail(cancelled_error("the request was cancelled"));
    return true;
  }
  if (phase_ == Phase::kQueued && start()) return true;
  if (phase_ == Phase::kSegments) {
    if (encodes_segments()) {
      encode_segments();
      return device_failed();
    }
    compose();
    spend(completion_.timings.segments);
    if (begin_prefill()) return true;
  }
  CHECK(phase_ == Phase::kPrefill, "a generation is stepped before it decodes");
  return prefill();
}

// Every Segment and every token that may come, whatever is there already. Loop 1 has pages of what
// a cursor kept and of a trapezoid (prefill_plan.h: either is read, or dropped), and of the answer.
int64_t Generation::count_pages() const {
  // Not pages_for: nobody has looked at these numbers yet.
  const auto pages = [](size_t n_tokens) {
    return static_cast<int64_t>(n_tokens / kernels::kPageTokens) + 1;
  };
  int64_t n = 0;
  for (const SegmentInput& input : request_.segments) n += pages(input.tokens->size());
  const size_t n_answer = static_cast<size_t>(std::max(request_.stop.max_tokens, 0));
  const size_t n_active = request_.prompt.size() + request_.score.size() + n_answer;
  n += pages(n_active);
  const ModelConfig& config = parts_.model.config();
  if (config.n_loops == 1) return n;
  const size_t n_outputs = request_.score.size() + 1;
  const size_t n_window = trapezoid_tokens(config, n_outputs, kTruncationMargin) +
                          config.loop_window + kWindowKeptBehind + n_answer;
  return n + pages(std::min(n_active, n_window)) + 1;
}

int64_t Generation::work() const {
  const int64_t n_prompt = prefill_ ? prefill_->n_computed() : 0;
  return encoder_.n_computed() + n_waits_ + n_prompt + kStepRows * n_chosen();
}

// What a failed device computed means nothing: such a request is answered with what happened.
bool Generation::device_failed() {
  const Status& status = parts_.model.device().status();
  if (status.ok()) return false;
  fail(unavailable_error(status.message()));
  return true;
}

// Everything that would make the request impossible, however long it waited.
Status Generation::check() const {
  const ModelConfig& config = parts_.model.config();
  const auto in_vocabulary = [&](const TokenIds& ids) {
    return std::all_of(ids.begin(), ids.end(),
                       [&](int32_t id) { return id >= 0 && id < config.vocab_size; });
  };
  for (const SegmentInput& input : request_.segments) {
    if (!config.segment)
      return invalid_argument_error("this model was not trained on Segments; send one prompt");
    const auto n_tokens = static_cast<int64_t>(input.tokens->size());
    if (n_tokens == 0 || n_tokens > config.segment->max_segment_tokens) {
      return invalid_argument_error(
          limit_message("a Segment", n_tokens, config.segment->max_segment_tokens));
    }
    if (!in_vocabulary(*input.tokens))
      return invalid_argument_error("a Segment has ids outside the vocabulary");
  }
  if (!in_vocabulary(request_.prompt) || !in_vocabulary(request_.score)) {
    return invalid_argument_error("the prompt has ids outside the vocabulary");
  }
  const int64_t n_active = static_cast<int64_t>(request_.prompt.size() + request_.score.size()) +
                           std::max(request_.stop.max_tokens, 0);
  const int64_t n_positions =
      config.max_positions - (config.segment ? config.segment->active_position_offset : 0);
  if (n_active > n_positions) {
    return invalid_argument_error(limit_message("a prompt with its answer", n_active, n_positions));
  }
  const int64_t share = parts_.pages.n_pages() / kLeastShares;
  if (n_pages_ > share) {
    return resource_exhausted_error(
        limit_message("a request", n_pages_ * kernels::kPageTokens, share * kernels::kPageTokens) +
        ", a quarter of the KV pool; give the pool more memory");
  }
  return {};
}

bool Generation::start() {
  spend(completion_.timings.queued);
  if (Status status = check(); !status.ok()) {
    fail(std::move(status));
    return true;
  }
  // Background work that does not merely append takes no cursor's sequence away: it makes another
  // and swaps it in when it is whole.
  if (takes_cursor()) sequence_ = parts_.cursors.take(request_.cursor);
  completion_.n_prompt_tokens = static_cast<int32_t>(request_.prompt.size());
  if (sequence_ != nullptr && request_.keep_cursor_segments && continues_cursor())
    return begin_prefill();
  find_segments();
  phase_ = Phase::kSegments;
  return false;
}

// Most of the prompt is there already: a change of Segments would throw that away.
bool Generation::continues_cursor() const {
  return 2 * sequence_->n_matching(request_.prompt) >= static_cast<int32_t>(request_.prompt.size());
}

void Generation::find_segments() {
  for (const SegmentInput& input : request_.segments) {
    const auto index = static_cast<int32_t>(segments_.size());
    segments_.push_back(parts_.store.find(input));
    ++(segments_.back() != nullptr ? parts_.stats.n_segment_hits : parts_.stats.n_segment_misses);
    if (segments_.back() != nullptr) continue;
    switch (parts_.tiers.fetch(input, kept_tokens(input, n_anchors(parts_.model.config())))) {
      case KvTiers::Fetched::kHere:
        segments_.back() = parts_.store.find(input);
        break;
      case KvTiers::Fetched::kComing:
        coming_.push_back(index);
        break;
      case KvTiers::Fetched::kAbsent:
        if (!encoder_.add(input)) deferred_.push_back(input);
    }
  }
}

// What has come from the disk; what does not come after all is to be encoded.
void Generation::take_restored() {
  std::erase_if(coming_, [this](int32_t i) {
    const SegmentInput& input = request_.segments[i];
    if (parts_.tiers.is_coming(input)) return false;
    segments_[i] = parts_.store.find(input);
    if (segments_[i] == nullptr && !encoder_.add(input)) deferred_.push_back(input);
    return true;
  });
}

// That is left until the deadline.
Generation::Clock::duration Generation::time_for_segments() const {
  return request_.segment_deadline - (Clock::now() - mark_);
}

// True while some are missing, and in time. One that would not be whole in time is not begun: half
// a Segment helps nobody, and it would be waited for.
bool Generation::encodes_segments() {
  const Clock::duration left = time_for_segments();
  encoder_.leave_out_beyond(parts_.encoding.affordable(left));
  return !(encoder_.idle() && coming_.empty()) && left.count() > 0;
}

void Generation::encode_segments() {
  take_restored();
  if (encoder_.idle()) {
    if (coming_.empty()) return;
    parts_.tiers.wait();
    ++n_waits_;
    return;
  }
  const auto begin = Clock::now();
  const int64_t n_before = encoder_.n_computed();
  if (n_before == 0) encoding_since_ = begin;
  const int32_t chunk = priority() == Priority::kInteractive
                            ? parts_.options.prefill_chunk_tokens
                            : parts_.options.background_chunk_tokens;
  for (const auto& segment : encoder_.step(chunk)) {
    ++parts_.stats.n_encoded_segments;
    parts_.tiers.encoded(segment);
    for (size_t i = 0; i < segments_.size(); ++i) {
      if (segments_[i] == nullptr && *request_.segments[i].tokens == *segment->tokens &&
          request_.segments[i].n_released_head == segment->n_released_head) {
        segments_[i] = segment;
      }
    }
  }
  parts_.encoding.note(encoder_.n_computed() - n_before, Clock::now() - begin);
}

// Makes the sequence that the prompt goes into: the cursor's own when it has the same Segments,
// else a new one.
void Generation::compose() {
  completion_.n_encoded_tokens = static_cast<int32_t>(encoder_.n_computed());
  parts_.tiers.note_encoding(
      encoder_.n_computed(),
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - encoding_since_));
  std::vector<std::shared_ptr<const Segment>> used;
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i] == nullptr) {
      deferred_.push_back(request_.segments[i]);
    } else if (!contains(used, segments_[i])) {
      used.push_back(segments_[i]);
    }
  }
  if (!request_.prompt.empty()) {
    for (const auto& segment : used) parts_.store.note_use(*segment);
  }
  auto fresh = std::make_unique<Sequence>(parts_.model.config(), parts_.pages, std::move(used));
  if (sequence_ == nullptr || sequence_->segments() != fresh->segments())
    sequence_ = std::move(fresh);
}

// Goes on from pages that other prompts left, where they hold more than the cursor's sequence does.
// Loop 1 has no such pages, so a Loop model leaves its trapezoid to be computed.
void Generation::adopt_prefix(const TokenIds& tokens) {
  if (!sequence_->segments().empty()) return;
  const ModelConfig& config = parts_.model.config();
  const auto n_tokens = static_cast<int32_t>(tokens.size());
  int32_t n_most = completion_.n_prompt_tokens - 1;
  if (config.n_loops > 1) {
    const size_t n_outputs = tokens.size() - n_most;
    n_most =
        n_tokens - static_cast<int32_t>(trapezoid_tokens(config, n_outputs, kTruncationMargin));
  }
  const int32_t n_matching = sequence_->n_matching(tokens);
  if (n_matching >= n_most) return;  // as at most keys: nothing could hold more
  const std::vector<int32_t> pages = parts_.store.prefixes().find(tokens);
  const auto n_found = static_cast<int32_t>(pages.size()) * kernels::kPageTokens;
  const int32_t n_adopted =
      first_slot(std::clamp(n_most, 0, n_found), n_tokens, parts_.options.prefill_chunk_tokens,
                 parts_.model.device().kernels().few_rows);
  if (n_adopted <= n_matching) return;
  const int32_t n_pages = n_adopted / kernels::kPageTokens;
  sequence_ = std::make_unique<Sequence>(config, parts_.pages,
                                         std::vector<std::shared_ptr<const Segment>>());
  sequence_->adopt(std::span(tokens).first(n_adopted), std::span(pages).first(n_pages));
  parts_.store.prefixes().note_use(tokens, n_pages);
  completion_.n_adopted_tokens = n_adopted;
}

bool Generation::begin_prefill() {
  if (request_.prompt.empty()) return finish(StopReason::kMaxTokens);
  completion_.n_segment_tokens = sequence_->n_segment_tokens();
  for (size_t i = 0; i < request_.segments.size(); ++i) {
    const Hash128 key = parts_.store.key(request_.segments[i]);
    const auto is_it = [&](const auto& segment) { return segment->key == key; };
    if (std::any_of(sequence_->segments().begin(), sequence_->segments().end(), is_it)) {
      completion_.segments_used.push_back(static_cast<int32_t>(i));
    }
  }
  TokenIds tokens = request_.prompt;
  tokens.insert(tokens.end(), request_.score.begin(), request_.score.end());
  adopt_prefix(tokens);
  prefill_.emplace(parts_.model, parts_.pages, *sequence_, tokens, completion_.n_prompt_tokens - 1,
                   parts_.options.prefill_chunk_tokens);
  completion_.n_cached_tokens = prefill_->n_cached();
  while (!prefill_->reserve(static_cast<int32_t>(tokens.size()) + request_.stop.max_tokens)) {
    const bool freed = parts_.store.evict_one() || parts_.cursors.evict_one();
    CHECK(freed, "a request was admitted for more pages than its share of the pool");
  }
  phase_ = Phase::kPrefill;
  return false;
}

bool Generation::prefill() {
  const bool complete = prefill_->step();
  if (device_failed()) return true;  // before a choice is queued that nobody would take
  if (!complete) return false;
  if (!request_.score.empty()) return score();
  if (request_.stop.max_tokens <= 0) {
    spend(completion_.timings.prefill);
    return finish(StopReason::kMaxTokens);
  }
  parts_.model.queue_choice(prefill_->outputs(), draw_of(request_.sampling, 0));
  phase_ = Phase::kFirstToken;
  return device_failed();
}

bool Generation::take_first(const Sample& chosen, std::span<const float> logits) {
  if (device_failed()) return true;
  spend(completion_.timings.prefill);
  phase_ = Phase::kDecode;
  return wants_logits() ? accept(chosen_among_allowed(logits)) : accept(chosen);
}

// Waits for the device: measurements alone ask for it.
bool Generation::score() {
  spend(completion_.timings.prefill);
  const ModelConfig& config = parts_.model.config();
  std::vector<float> logits(config.vocab_size);
  for (size_t i = 0; i < request_.score.size(); ++i) {
    parts_.model.head(prefill_->outputs() + i * config.hidden_size, 1, logits.data());
    if (device_failed()) return true;
    completion_.scores.push_back(log_probability(logits, request_.score[i]));
  }
  return finish(StopReason::kMaxTokens);
}

void Generation::add_row(int32_t n_ahead, Step& step) const {
  const std::span<const int32_t> token(&completion_.tokens.back(), 1);
  sequence_->add_rows(sequence_->n_tokens() + n_ahead, token, step);
  step.draws.push_back(draw_of(request_.sampling, n_chosen() + n_ahead));
}

bool Generation::runs_ahead() const {
  return !wants_logits() && n_chosen() + 1 < request_.stop.max_tokens;
}

bool Generation::take(const Sample& chosen, std::span<const float> logits) {
  if (device_failed()) return true;
  sequence_->append(std::span(&completion_.tokens.back(), 1));
  return wants_logits() ? accept(chosen_among_allowed(logits)) : accept(chosen);
}

// Those that go on spelling what was typed, behind it all, less the barred ones.
std::vector<int32_t> Generation::allowed() const {
  std::vector<int32_t> ids(static_cast<size_t>(parts_.model.config().vocab_size));
  std::iota(ids.begin(), ids.end(), 0);
  if (!healing_.done()) ids = parts_.vocabulary.compatible(healing_.rest());
  std::vector<int32_t> free = ids;
  std::erase_if(free, [&](int32_t id) { return contains(request_.barred_first, id); });
  return free.empty() ? ids : free;
}

Sample Generation::chosen_among_allowed(std::span<const float> logits) const {
  return sample(logits, allowed(), draw_of(request_.sampling, n_chosen()));
}

// Takes one token; true when it was the last.
bool Generation::accept(const Sample& sample) {
  if (contains(parts_.model.config().stop_tokens, sample.token) ||
      contains(request_.stop.tokens, sample.token)) {
    return finish(StopReason::kStopToken);
  }
  completion_.tokens.push_back(sample.token);
  if (!healing_.done()) ++completion_.n_healed_tokens;
  completion_.logprobs.push_back(sample.logprob);
  std::string_view bytes = parts_.tokenizer.token_bytes(sample.token);
  const size_t n_healed = std::min(bytes.size(), healing_.rest().size());
  healing_.accept(bytes.substr(0, n_healed));
  const bool stopped = matcher_.append(bytes.substr(n_healed));
  if (request_.on_text) {
    if (const std::string_view piece = matcher_.take(stopped); !piece.empty())
      request_.on_text(piece);
  }
  if (stopped) return finish(StopReason::kStopString);
  if (n_chosen() >= request_.stop.max_tokens) {
    return finish(StopReason::kMaxTokens);
  }
  return false;
}

bool Generation::finish(StopReason reason) {
  spend(completion_.timings.decode);
  if (request_.on_text) {
    if (const std::string_view piece = matcher_.take(true); !piece.empty()) request_.on_text(piece);
  }
  completion_.stop_reason = reason;
  completion_.text = matcher_.text();
  phase_ = Phase::kDone;
  keep_sequence();
  if (request_.on_done) request_.on_done(std::move(completion_));
  return true;
}

void Generation::fail(Status status) {
  if (prefill_) prefill_->abandon();
  keep_sequence();
  phase_ = Phase::kDone;
  if (request_.on_done) request_.on_done(std::move(status));
}

// Leaves the full pages of the prompt to those that begin alike, but for those at its end: they
// change with the next key, and a shared page is not written to.
void Generation::keep_prefix() {
  if (!sequence_->segments().empty() || !parts_.model.device().ok()) return;
  const int32_t n_tokens =
      std::min(sequence_->n_of_many_rows(), completion_.n_prompt_tokens - kTruncationMargin);
  const int32_t n_pages = std::max(n_tokens, 0) / kernels::kPageTokens;
  parts_.store.prefixes().insert(sequence_->tokens(), sequence_->share(n_pages), n_pages);
}

void Generation::keep_sequence() {
  prefill_.reset();
  if (sequence_ == nullptr) return;
  keep_prefix();
  if (request_.cursor.empty()) return;
  if (phase_ != Phase::kDone && !takes_cursor()) return;  // half a sequence helps nobody
  sequence_->trim(parts_.model.config().loop_window + kWindowKeptBehind);
  parts_.cursors.put(request_.cursor, std::move(sequence_));
}

void Generation::spend(std::chrono::microseconds& timing) {
  const auto now = Clock::now();
  timing += std::chrono::duration_cast<std::chrono::microseconds>(now - mark_);
  mark_ = now;
}

}  // namespace rondo::engine
