#include "engine/scripted_engine.h"

#include <algorithm>
#include <utility>

#include "engine/healing.h"
#include "engine/stop_matcher.h"

namespace rondo::engine {
namespace {

bool contains(const TokenIds& ids, int32_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

float at_or_last(const std::vector<float>& values, size_t i) {
  return values[std::min(i, values.size() - 1)];
}

// What is generated, token by token, as a Generation does it.
class Telling {
 public:
  Telling(const Request& request, const ModelConfig& config, const Tokenizer& tokenizer)
      : request_(request),
        config_(config),
        tokenizer_(tokenizer),
        healing_(request.healing),
        matcher_(request.stop.strings) {}

  // Nothing when it was cancelled on the way.
  std::optional<Completion> tell(const ScriptedAnswer& answer) {
    completion_.timings = answer.timings;
    completion_.n_prompt_tokens = static_cast<int32_t>(request_.prompt.size());
    completion_.n_cached_tokens = answer.n_cached_tokens;
    completion_.n_encoded_tokens = answer.n_encoded_tokens;
    for (size_t i = 0; i < request_.segments.size(); ++i) {
      completion_.segments_used.push_back(static_cast<int32_t>(i));
      completion_.n_segment_tokens += static_cast<int32_t>(request_.segments[i].tokens->size());
    }
    completion_.stop_reason = generate(answer);
    if (request_.cancel.stop_requested()) return std::nullopt;
    show(matcher_.take(true));
    completion_.text = matcher_.text();
    return std::move(completion_);
  }

 private:
  StopReason generate(const ScriptedAnswer& answer) {
    for (const int32_t token : answer_tokens(answer, request_, tokenizer_)) {
      if (request_.cancel.stop_requested() || n_told() >= request_.stop.max_tokens)
        return StopReason::kMaxTokens;
      if (contains(config_.stop_tokens, token) || contains(request_.stop.tokens, token))
        return StopReason::kStopToken;
      completion_.logprobs.push_back(at_or_last(answer.logprobs, completion_.tokens.size()));
      completion_.tokens.push_back(token);
      if (add(tokenizer_.token_bytes(token))) return StopReason::kStopString;
    }
    const bool is_cut = answer.ends_by_limit || n_told() >= request_.stop.max_tokens;
    return is_cut ? StopReason::kMaxTokens : StopReason::kStopToken;
  }

  int32_t n_told() const { return static_cast<int32_t>(completion_.tokens.size()); }

  // True when a stop string is complete.
  bool add(std::string_view bytes) {
    if (!healing_.done()) ++completion_.n_healed_tokens;
    const size_t n_healed = std::min(bytes.size(), healing_.rest().size());
    healing_.accept(bytes.substr(0, n_healed));
    const bool stopped = matcher_.append(bytes.substr(n_healed));
    show(matcher_.take(stopped));
    return stopped;
  }

  void show(std::string_view piece) const {
    if (request_.on_text && !piece.empty()) request_.on_text(piece);
  }

  const Request& request_;
  const ModelConfig& config_;
  const Tokenizer& tokenizer_;
  Healing healing_;
  StopMatcher matcher_;
  Completion completion_;
};

Completion scores_of(const Request& request, const ScriptedAnswer& answer) {
  Completion completion = {.stop_reason = StopReason::kMaxTokens,
                           .n_prompt_tokens = static_cast<int32_t>(request.prompt.size())};
  for (size_t i = 0; i < request.score.size(); ++i)
    completion.scores.push_back(at_or_last(answer.logprobs, i));
  return completion;
}

}  // namespace

Result<std::unique_ptr<ScriptedEngine>> ScriptedEngine::create(
    const std::string& model, std::unique_ptr<AnswerSource> answers) {
  ASSIGN_OR_RETURN(ModelConfig config, ModelConfig::load(model));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::load(model));
  if (const Status status = resolve_special_tokens(config, tokenizer); !status.ok())
    return Status(status.code(), model + ": " + status.message());
  return std::unique_ptr<ScriptedEngine>(
      new ScriptedEngine(std::move(config), std::move(tokenizer), std::move(answers)));
}

ScriptedEngine::ScriptedEngine(ModelConfig config, Tokenizer tokenizer,
                               std::unique_ptr<AnswerSource> answers)
    : config_(std::move(config)),
      tokenizer_(std::move(tokenizer)),
      answers_(std::move(answers)),
      thread_([this](std::stop_token stop) { run(stop); }) {
  const std::lock_guard lock(mutex_);
  stats_.device = "script";
  stats_.kernels = "none";
  stats_.n_threads = 1;
}

ScriptedEngine::~ScriptedEngine() {
  thread_.request_stop();
  thread_.join();
  for (const auto& waiting : waiting_)
    finish(waiting->request, cancelled_error("the engine is shutting down"));
}

// A request that only prepares something has its answer without the script.
void ScriptedEngine::submit(Request request) {
  const bool asks =
      !request.prompt.empty() && (!request.score.empty() || request.stop.max_tokens > 0);
  Status impossible = check(request);
  Result<ScriptedAnswer> answer = ScriptedAnswer();
  if (!impossible.ok()) {
    answer = std::move(impossible);
  } else if (asks) {
    const std::lock_guard lock(mutex_);
    answer = answers_->take(request, tokenizer_, moment_);
  }
  std::unique_ptr<Waiting> waiting(
      new Waiting{.request = std::move(request), .answer = std::move(answer)});
  waiting->on_cancel.emplace(waiting->request.cancel, [this] {
    { const std::lock_guard lock(mutex_); }  // who looks at the token now, waits afterwards
    wake_.notify_one();
  });
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiting));
  }
  wake_.notify_one();
}

Status ScriptedEngine::check(const Request& request) const {
  const auto known = [&](const TokenIds& ids) {
    return std::all_of(ids.begin(), ids.end(),
                       [&](int32_t id) { return id >= 0 && id < config_.vocab_size; });
  };
  if (!known(request.prompt) || !known(request.score))
    return invalid_argument_error("the prompt has ids outside the vocabulary");
  const auto n_tokens = static_cast<int64_t>(request.prompt.size() + request.score.size()) +
                        std::max(request.stop.max_tokens, 0);
  if (n_tokens > config_.max_positions) {
    return invalid_argument_error("a prompt with its answer of " + std::to_string(n_tokens) +
                                  " tokens exceeds the limit of " +
                                  std::to_string(config_.max_positions));
  }
  return {};
}

EngineStats ScriptedEngine::stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  stats.n_queued = static_cast<int64_t>(waiting_.size());
  return stats;
}

void ScriptedEngine::advance(int64_t moment) {
  {
    const std::lock_guard lock(mutex_);
    moment_ = std::max(moment_, moment);
  }
  wake_.notify_one();
}

void ScriptedEngine::run(std::stop_token stop) {
  while (const std::unique_ptr<Waiting> waiting = next(stop)) answer(*waiting);
}

// The first that can be answered; null when the engine goes.
std::unique_ptr<ScriptedEngine::Waiting> ScriptedEngine::next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  auto found = waiting_.end();
  const auto can_answer = [&] {
    found = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& waiting) {
      return waiting->request.cancel.stop_requested() || !waiting->answer.ok() ||
             waiting->answer->moment <= moment_;
    });
    return found != waiting_.end();
  };
  if (!wake_.wait(lock, stop, can_answer) || stop.stop_requested()) return nullptr;
  std::unique_ptr<Waiting> waiting = std::move(*found);
  waiting_.erase(found);
  return waiting;
}

void ScriptedEngine::answer(const Waiting& waiting) {
  const Request& request = waiting.request;
  if (request.cancel.stop_requested())
    return finish(request, cancelled_error("the request was cancelled"));
  if (!waiting.answer.ok()) return finish(request, waiting.answer.status());
  if (!waiting.answer->error.ok()) return finish(request, waiting.answer->error);
  if (!request.score.empty()) return finish(request, scores_of(request, *waiting.answer));
  std::optional<Completion> completion =
      Telling(request, config_, tokenizer_).tell(*waiting.answer);
  if (!completion) return finish(request, cancelled_error("the request was cancelled"));
  finish(request, std::move(*completion));
}

void ScriptedEngine::finish(const Request& request, Result<Completion> completion) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.n_requests;
    if (completion.status().code() == Code::kCancelled) ++stats_.n_cancelled;
  }
  if (request.on_done) request.on_done(std::move(completion));
}

}  // namespace rondo::engine
