#include "lsp/recorded_answers.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace rondo::lsp {
namespace {

using Kind = RecordedEvent::Kind;
using Events = std::vector<RecordedEvent>;

bool is_response(const RecordedEvent& event) {
  return event.kind == Kind::kOut && event.json.contains("id") && !event.json.contains("method");
}

bool is_message(const RecordedEvent& event) {
  return event.kind == Kind::kIn || event.kind == Kind::kLeft;
}

// When an answer at this place takes effect: with the response that follows. When a client's
// message came first, it had none before that.
int64_t moment_of(const Events& events, size_t i) {
  for (size_t next = i + 1; next < events.size(); ++next) {
    if (is_response(events[next])) return ends(events[i].n);
    if (is_message(events[next])) return ends(events[next].n);
  }
  return ends(events[i].n);
}

std::optional<engine::ScriptedAnswer> read_answer(const Json& json) {
  engine::ScriptedAnswer answer;
  if (json.contains("error")) {
    const auto text = json_get<std::string>(json, "error");
    const auto error = text ? engine::read_error(*text) : std::nullopt;
    if (!error) return std::nullopt;
    answer.error = *error;
    return answer;
  }
  const auto tokens = json_get<engine::TokenIds>(json, "tokens");
  const auto logprobs = json_get<std::vector<float>>(json, "logprobs");
  const auto scores = json_get<std::vector<float>>(json, "scores");
  const auto us = json_get<std::vector<int64_t>>(json, "us");
  if (!tokens || !logprobs || !us || us->size() != 4) return std::nullopt;
  answer.tokens = *tokens;
  if (!logprobs->empty()) answer.logprobs = *logprobs;
  if (scores && !scores->empty()) answer.logprobs = *scores;
  answer.ends_by_limit = json_get<std::string>(json, "ends") == "limit";
  using std::chrono::microseconds;
  answer.timings = {.queued = microseconds((*us)[0]),
                    .segments = microseconds((*us)[1]),
                    .prefill = microseconds((*us)[2]),
                    .decode = microseconds((*us)[3])};
  answer.n_cached_tokens = json_get<int32_t>(json, "cached").value_or(0);
  answer.n_encoded_tokens = json_get<int32_t>(json, "encoded").value_or(0);
  return answer;
}

// The greatest key up to `n`; 0 when there is none.
int64_t last_up_to(const std::map<int64_t, int64_t>& numbers, int64_t n) {
  const auto behind = numbers.upper_bound(n);
  return behind == numbers.begin() ? 0 : std::prev(behind)->first;
}

}  // namespace

Result<std::unique_ptr<RecordedAnswers>> RecordedAnswers::create(const Recording& recording) {
  std::unique_ptr<RecordedAnswers> all(new RecordedAnswers);
  const Events& events = recording.events;
  for (size_t i = 0; i < events.size(); ++i) {
    if (is_message(events[i])) all->moments_[events[i].n] = moment_of(events, i);
    if (events[i].kind != Kind::kAnswer) continue;
    auto answer = read_answer(events[i].json);
    if (!answer) {
      return invalid_argument_error("event " + std::to_string(events[i].n) +
                                    " of the recording is no answer");
    }
    const bool cancelled = answer->error.code() == Code::kCancelled;
    answer->moment = cancelled ? engine::ScriptedAnswer::kNever : moment_of(events, i);
    all->answers_.push_back({.hash = json_get<std::string>(events[i].json, "prompt").value_or(""),
                             .cursor = events[i].cursor,
                             .after = last_up_to(all->moments_, events[i].asked),
                             .answer = std::move(*answer)});
  }
  return all;
}

Result<engine::ScriptedAnswer> RecordedAnswers::take(const engine::Request& request,
                                                     const engine::Tokenizer&, int64_t moment) {
  const std::lock_guard lock(mutex_);
  Recorded* const found = find(request, moment);
  if (found == nullptr) {
    ++tally_.n_unknown;
    const auto now = moments_.find(last_up_to(moments_, moment / 2));
    return engine::ScriptedAnswer{
        .error = not_found_error("nothing like this was asked in the recording"),
        .moment = now == moments_.end() ? 0 : now->second};
  }
  found->is_used = true;
  return found->answer;
}

RecordedAnswers::Recorded* RecordedAnswers::find(const engine::Request& request, int64_t moment) {
  const std::string hash = question_hash(request);
  const auto first = [&](auto fits) {
    const auto found = std::find_if(answers_.begin(), answers_.end(), [&](const Recorded& answer) {
      return !answer.is_used && fits(answer);
    });
    return found == answers_.end() ? nullptr : &*found;
  };
  if (Recorded* const same = first([&](const Recorded& a) { return a.hash == hash; })) {
    ++tally_.n_same;
    return same;
  }
  const int64_t after = last_up_to(moments_, moment / 2);
  Recorded* const other = first([&](const Recorded& a) {
    const bool same_cursor =
        a.cursor.starts_with(request.cursor) || request.cursor.starts_with(a.cursor);
    return same_cursor && a.after == after && a.answer.error.code() != Code::kCancelled;
  });
  if (other != nullptr) ++tally_.n_other;
  return other;
}

RecordedAnswers::Tally RecordedAnswers::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

}  // namespace rondo::lsp
