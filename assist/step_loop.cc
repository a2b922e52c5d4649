#include "assist/step_loop.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "assist/answer_check.h"
#include "assist/bracket_repair.h"
#include "assist/postprocess.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr int32_t kMoreSamples = 6;  // that a step draws at most to repair something
constexpr size_t kConstructBytes = 60;

// An answer and what is known of it.
struct Candidate {
  std::string text;  // LF; empty: nothing
  float mean_logprob = 0;
  int32_t first_token = -1;
  AnswerFindings findings;
  bool objected = false;  // by the caller
};

// The smaller, the better.
auto badness(const Candidate& candidate) {
  return std::tuple(candidate.text.empty(), candidate.objected, candidate.findings.n_syntax_errors,
                    -candidate.mean_logprob);
}

std::string cut_text(const workspace::Document& document, workspace::ByteRange hole,
                     int64_t& offset) {
  const workspace::Text& text = *document.text;
  std::string before = workspace::with_lf(text.slice({0, hole.begin}));
  offset = static_cast<int64_t>(before.size());
  return before + workspace::with_lf(text.slice({hole.end, text.size()}));
}

int64_t indentation(std::string_view line) {
  const size_t first = line.find_first_not_of(" \t");
  return static_cast<int64_t>(first == line.npos ? line.size() : first);
}

// The lines of `answer` up to one that is indented less than `least` and not blank.
std::string_view block_of(std::string_view answer, int64_t least) {
  for (size_t at = answer.find('\n'); at != answer.npos; at = answer.find('\n', at + 1)) {
    const std::string_view line = answer.substr(at + 1, answer.find('\n', at + 1) - at - 1);
    if (!trimmed(line, " \t\r").empty() && indentation(line) < least) return answer.substr(0, at);
  }
  return answer;
}

class StepLoop {
 public:
  StepLoop(Drafter& drafter, const StepParams& params, AnswerCheck& check, std::stop_token stop)
      : drafter_(drafter),
        params_(params),
        check_(check),
        stop_(std::move(stop)),
        cut_(check.cut_text()),
        around_(surroundings_of(cut_, check.offset())) {}

  Result<StepOutcome> run() {
    ASSIGN_OR_RETURN(n_errors_without_, check_.errors_without());
    RETURN_IF_ERROR(draft());
    for (step_ = 2; step_ <= params_.depth; ++step_) RETURN_IF_ERROR(take_step());
    return outcome();
  }

 private:
  DraftPlace place() const { return {check_.cut_text(), check_.offset()}; }
  bool parses(const Candidate& candidate) const {
    return !candidate.text.empty() && !candidate.objected &&
           candidate.findings.n_syntax_errors <= n_errors_without_;
  }

  Status draft();
  Status take_step() { return repair_parse(); }
  Status repair_parse();
  Status add_sample(uint64_t seed);
  Status add_repairs();
  Status add(Candidate candidate);
  engine::StopOptions stop_options() const;
  std::string fitted(std::string_view generated);
  std::string construct(int64_t line, std::string_view answer) const;
  void note(std::string focus, StepVerdict verdict);
  Result<StepOutcome> outcome();

  Drafter& drafter_;
  const StepParams& params_;
  AnswerCheck& check_;
  const std::stop_token stop_;
  const workspace::Text cut_;
  const Surroundings around_;  // of the hole, views cut_

  int64_t n_errors_without_ = 0;
  int32_t step_ = 1;
  uint64_t n_samples_ = 0;
  int64_t n_tokens_noted_ = 0;
  Candidate best_;            // empty at first, which anything is better than
  engine::TokenIds useless_;  // first tokens of answers that were none
  std::string silence_ = "the model has nothing to add here";
  std::vector<LoopStep> steps_;
};

Status StepLoop::draft() {
  for (int32_t i = 0; i < std::max(params_.n_candidates, 1); ++i)
    RETURN_IF_ERROR(add_sample(n_samples_++));
  note("draft: " + construct(cut_.line_at(check_.offset()), ""),
       best_.text.empty() ? StepVerdict::kFailed : StepVerdict::kPassed);
  return {};
}

Status StepLoop::repair_parse() {
  const std::string focus = "parse: " + construct(best_.findings.error_line, best_.text);
  if (!check_.has_grammar() && !best_.text.empty()) {
    note("parse: no grammar of this language", StepVerdict::kSkipped);
    return {};
  }
  if (parses(best_)) {
    note(focus, StepVerdict::kPassed);
    return {};
  }
  RETURN_IF_ERROR(add_repairs());
  for (int32_t i = 0; i < kMoreSamples && !parses(best_); ++i) {
    RETURN_IF_ERROR(add_sample(n_samples_++));
    RETURN_IF_ERROR(add_repairs());
  }
  note(focus, parses(best_) ? StepVerdict::kRepaired : StepVerdict::kFailed);
  return {};
}

// Seed 0 is the likeliest answer; what came to nothing is not begun again.
Status StepLoop::add_sample(uint64_t seed) {
  DraftQuestion question = {.stop = stop_options(), .barred_first = useless_};
  if (seed > 0) question.sampling = {.temperature = 0.6f, .top_p = 0.9f, .seed = seed};
  ASSIGN_OR_RETURN(const Draft draft, drafter_.draft(place(), std::move(question), stop_));
  Candidate candidate = {.text = fitted(draft.text),
                         .mean_logprob = draft.mean_logprob,
                         .first_token = draft.first_token};
  if (candidate.text.empty()) {
    if (candidate.first_token >= 0) useless_.push_back(candidate.first_token);
    const engine::TokenIds& ends = drafter_.config().stop_tokens;
    useless_.insert(useless_.end(), ends.begin(), ends.end());
  }
  return add(std::move(candidate));
}

// What the best answer could have been with matching brackets.
Status StepLoop::add_repairs() {
  if (best_.text.empty() || parses(best_)) return {};
  for (std::string& text : bracket_repairs(around_.line_before, best_.text)) {
    if (trimmed(text, " \t\n").empty()) continue;
    Candidate candidate = {.text = std::move(text), .first_token = best_.first_token};
    ASSIGN_OR_RETURN(candidate.findings, check_.look_at(candidate.text));
    if (!parses(candidate)) continue;
    ASSIGN_OR_RETURN(candidate.mean_logprob, drafter_.mean_logprob(place(), candidate.text, stop_));
    return add(std::move(candidate));
  }
  return {};
}

Status StepLoop::add(Candidate candidate) {
  ASSIGN_OR_RETURN(candidate.findings, check_.look_at(candidate.text));
  candidate.objected = params_.objects && params_.objects(candidate.text);
  if (badness(candidate) < badness(best_)) best_ = std::move(candidate);
  return {};
}

engine::StopOptions StepLoop::stop_options() const {
  engine::StopOptions stop;
  stop.max_tokens = params_.max_tokens > 0 ? params_.max_tokens : drafter_.config().max_new_tokens;
  if (params_.length == AnswerLength::kLine) stop.strings = {"\n"};
  if (params_.length == AnswerLength::kLines) stop.strings = {"\n\n"};
  stop.strings.insert(stop.strings.end(), params_.until.begin(), params_.until.end());
  return stop;
}

std::string StepLoop::fitted(std::string_view generated) {
  if (params_.length == AnswerLength::kBlock)
    generated = block_of(generated, indentation(around_.line_before));
  FittedText fitted = fit_text(generated, around_);
  if (fitted.text.empty()) silence_ = fitted.silence;
  return std::move(fitted.text);
}

// A line of the text with the answer in it, for people.
std::string StepLoop::construct(int64_t line, std::string_view answer) const {
  const workspace::Text text(check_.answered(answer));
  line = std::min(line, text.line_count() - 1);
  return std::string(trimmed(text.slice(text.line(line)), " \t").substr(0, kConstructBytes));
}

void StepLoop::note(std::string focus, StepVerdict verdict) {
  steps_.push_back({.step = step_,
                    .focus = std::move(focus),
                    .n_tokens = drafter_.n_tokens() - n_tokens_noted_,
                    .verdict = verdict});
  n_tokens_noted_ = drafter_.n_tokens();
}

Result<StepOutcome> StepLoop::outcome() {
  StepOutcome outcome = {.text = with_line_ends_of(params_.document->text->bytes(), best_.text),
                         .mean_logprob = best_.mean_logprob,
                         .parses = parses(best_),
                         .steps = std::move(steps_),
                         .blocks = drafter_.blocks()};
  if (best_.text.empty()) outcome.silence = silence_;
  return outcome;
}

Status check_params(const StepParams& params) {
  const int64_t size = params.document->text->size();
  const workspace::ByteRange hole = params.hole;
  if (hole.begin < 0 || hole.end < hole.begin || hole.end > size)
    return invalid_argument_error("the hole lies outside " + params.document->path);
  if (params.depth < 1 || params.depth > kMaxDepth)
    return invalid_argument_error("the depth is not between 1 and " + std::to_string(kMaxDepth));
  return {};
}

}  // namespace

Result<StepOutcome> run_steps(engine::Engine& engine, const workspace::BlockIndex& index,
                              const StepParams& params, std::stop_token stop) {
  RETURN_IF_ERROR(check_params(params));
  int64_t offset = 0;
  std::string text = cut_text(*params.document, params.hole, offset);
  AnswerCheck check(*params.document->language, std::move(text), offset);
  Drafter drafter(engine, index, params.drafting, *params.document,
                  {check.cut_text(), check.offset()},
                  params.client + ":" + params.document->path + ":steps");
  return StepLoop(drafter, params, check, std::move(stop)).run();
}

}  // namespace rondo::assist
