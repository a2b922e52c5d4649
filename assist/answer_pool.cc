#include "assist/answer_pool.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "assist/bracket_repair.h"
#include "assist/parse_repair.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

bool is_better(const Answer& a, const Answer& b) {
  return std::pair(a.faults(), -a.mean_logprob) < std::pair(b.faults(), -b.mean_logprob);
}

}  // namespace

int64_t indentation(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  return static_cast<int64_t>(first == line.npos ? line.size() : first);
}

std::string_view block_of(std::string_view answer, int64_t least) {
  for (size_t at = answer.find('\n'); at != answer.npos; at = answer.find('\n', at + 1)) {
    const std::string_view line = answer.substr(at + 1, answer.find('\n', at + 1) - at - 1);
    if (!trimmed(line, " \t\r").empty() && indentation(line) < least) return answer.substr(0, at);
  }
  return answer;
}

AnswerPool::AnswerPool(Drafter& drafter, const StepParams& params, AnswerCheck& check,
                       std::stop_token stop)
    : drafter_(drafter),
      params_(params),
      check_(check),
      stop_(std::move(stop)),
      cut_(check.cut().text),
      around_(surroundings_of(cut_, check.cut().offset)) {}

std::vector<Answer> AnswerPool::ranked() const {
  std::vector<Answer> all = others_;
  std::sort(all.begin(), all.end(), is_better);
  all.insert(all.begin(), best_);
  return all;
}

bool AnswerPool::parses(const Answer& answer) const {
  return !answer.text.empty() && !answer.objected &&
         answer.findings.n_syntax_errors <= check_.errors_without();
}

bool AnswerPool::is_clean(const Answer& answer) const {
  return parses(answer) && !answer.findings.has_error_near;
}

bool AnswerPool::is_faultless(const Answer& answer) const {
  return parses(answer) && answer.findings.unknown_names.empty() && answer.findings.keeps_signature;
}

Status AnswerPool::draw_until(Judge good, int32_t n_samples) {
  for (int32_t i = 0; i < n_samples && !(this->*good)(best_); ++i) {
    RETURN_IF_ERROR(add_sample());
    RETURN_IF_ERROR(add_bracket_repairs());
    RETURN_IF_ERROR(add_cut_back());
  }
  return {};
}

Status AnswerPool::add_sample() {
  const uint64_t seed = n_samples_++;
  DraftQuestion question = {.stop = stop_options(), .barred_first = useless_};
  if (seed > 0) question.sampling = {.temperature = 0.6f, .top_p = 0.9f, .seed = seed};
  ASSIGN_OR_RETURN(const Draft draft, drafter_.draft(place(), std::move(question), stop_));
  Answer answer = {.text = fitted(draft.text),
                   .mean_logprob = draft.mean_logprob,
                   .first_token = draft.first_token};
  if (answer.text.empty()) {
    if (answer.first_token >= 0) useless_.push_back(answer.first_token);
    const engine::TokenIds& ends = drafter_.config().stop_tokens;
    useless_.insert(useless_.end(), ends.begin(), ends.end());
  }
  return add(std::move(answer));
}

Status AnswerPool::add_bracket_repairs() {
  if (best_.text.empty() || is_clean(best_)) return {};
  for (std::string& text : bracket_repairs(around_.line_before, best_.text)) {
    if (trimmed(text, " \t\n").empty()) continue;
    Answer answer = {.text = std::move(text), .first_token = best_.first_token};
    RETURN_IF_ERROR(look_at(answer));
    if (!parses(answer) || answer.faults() >= best_.faults()) continue;
    ASSIGN_OR_RETURN(answer.mean_logprob, drafter_.mean_logprob(place(), answer.text, stop_));
    return add(std::move(answer));
  }
  return {};
}

Status AnswerPool::add_cut_back() {
  if (parses(best_) || !check_.has_grammar()) return {};
  ASSIGN_OR_RETURN(std::string kept, cut_back(check_, best_.text));
  return kept.empty() ? Status() : add_scored(std::move(kept));
}

Status AnswerPool::add_other_ends() {
  if (parses(best_) || !check_.has_grammar() || params_.objects) return {};
  ASSIGN_OR_RETURN(std::vector<std::string> texts, other_ends(check_, best_.text));
  std::optional<Answer> likeliest;
  for (std::string& text : texts) {
    text = fitted(text);
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(const float mean, drafter_.mean_logprob(place(), text, stop_));
    if (!likeliest || mean > likeliest->mean_logprob)
      likeliest = {.text = std::move(text), .mean_logprob = mean};
  }
  return likeliest ? add(std::move(*likeliest)) : Status();
}

Status AnswerPool::add_scored(std::string text) {
  Answer answer = {.text = std::move(text), .first_token = best_.first_token};
  ASSIGN_OR_RETURN(answer.mean_logprob, drafter_.mean_logprob(place(), answer.text, stop_));
  return add(std::move(answer));
}

Status AnswerPool::look_at(Answer& answer) const {
  ASSIGN_OR_RETURN(answer.findings, check_.look_at(answer.text));
  answer.objected = params_.objects && params_.objects(answer.text);
  return {};
}

// What is not the best may be later, when that fails a check.
Status AnswerPool::add(Answer answer) {
  RETURN_IF_ERROR(look_at(answer));
  const bool better = drafting_ ? is_better(answer, best_) : answer.faults() < best_.faults();
  if (better) std::swap(answer, best_);
  const bool known = answer.text.empty() || answer.text == best_.text ||
                     std::any_of(others_.begin(), others_.end(),
                                 [&](const Answer& other) { return other.text == answer.text; });
  if (!known) others_.push_back(std::move(answer));
  return {};
}

engine::StopOptions AnswerPool::stop_options() const {
  engine::StopOptions stop;
  stop.max_tokens = params_.max_tokens > 0 ? params_.max_tokens : drafter_.config().max_new_tokens;
  if (params_.length == AnswerLength::kLine) stop.strings = {"\n"};
  if (params_.length == AnswerLength::kLines) stop.strings = {"\n\n"};
  stop.strings.insert(stop.strings.end(), params_.until.begin(), params_.until.end());
  return stop;
}

std::string AnswerPool::fitted(std::string_view generated) {
  if (params_.length == AnswerLength::kBlock)
    generated = block_of(generated, indentation(around_.line_before));
  FittedText fitted = fit_text(generated, around_);
  if (fitted.text.empty()) silence_ = fitted.silence;
  return std::move(fitted.text);
}

}  // namespace rondo::assist
