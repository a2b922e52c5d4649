#include "assist/step_loop.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "assist/answer_check.h"
#include "assist/bracket_repair.h"
#include "assist/branches.h"
#include "assist/parse_repair.h"
#include "assist/postprocess.h"
#include "assist/similar_names.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr int32_t kMoreSamples = 6;  // that a step draws at most to repair something
constexpr int32_t kHealingSamples = 3;
constexpr int32_t kOtherNames = 4;   // that are tried in place of an unknown one
constexpr int32_t kMostNames = 3;    // that are repaired
constexpr size_t kBoundNames = 12;   // that are tried, the innermost first
constexpr size_t kMostBranches = 6;  // that are filled again
constexpr float kBranchGain = 0.1f;  // nats a token that a branch must be likelier by
constexpr size_t kMostChecked = 3;   // answers that programs are run on
constexpr size_t kConstructBytes = 60;

// An answer and what is known of it.
struct Candidate {
  std::string text;  // LF; empty: nothing
  float mean_logprob = 0;
  int32_t first_token = -1;
  AnswerFindings findings;
  bool objected = false;  // by the caller
};

// What is wrong with an answer; the smaller, the better.
auto faults(const Candidate& candidate) {
  const AnswerFindings& findings = candidate.findings;
  return std::tuple(candidate.text.empty(), candidate.objected, findings.n_syntax_errors,
                    !findings.keeps_signature, findings.unknown_names.size());
}

bool is_better(const Candidate& a, const Candidate& b) {
  return std::pair(faults(a), -a.mean_logprob) < std::pair(faults(b), -b.mean_logprob);
}

CutText cut_text(const workspace::Document& document, workspace::ByteRange hole) {
  const workspace::Text& text = *document.text;
  const std::string before = workspace::with_lf(text.slice({0, hole.begin}));
  return {.language = *document.language,
          .path = document.path,
          .text = before + workspace::with_lf(text.slice({hole.end, text.size()})),
          .offset = static_cast<int64_t>(before.size())};
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
        cut_(check.cut().text),
        around_(surroundings_of(cut_, check.cut().offset)) {}

  Result<StepOutcome> run() {
    for (step_ = 1; step_ <= params_.depth; ++step_) RETURN_IF_ERROR(take_step());
    return outcome();
  }

 private:
  DraftPlace place() const { return {check_.cut().text, check_.cut().offset}; }
  bool parses(const Candidate& candidate) const {
    return !candidate.text.empty() && !candidate.objected &&
           candidate.findings.n_syntax_errors <= check_.errors_without();
  }
  bool is_clean(const Candidate& candidate) const {
    return parses(candidate) && !candidate.findings.has_error_near;
  }
  bool is_faultless(const Candidate& candidate) const {
    return parses(candidate) && candidate.findings.unknown_names.empty() &&
           candidate.findings.keeps_signature;
  }

  Status take_step();
  Status draft();
  Status repair_parse();
  Status repair_names();
  Status use_other_name(const workspace::UsedName& name);
  Status use_bound_name(const std::string& name);
  std::string with_name(const std::string& unknown, const std::string& other) const;
  Status fill_branches();
  Status fill_branch(const Branch& branch);
  Status keep_signature();
  Status run_checks();
  Status try_again();

  Status draw_until(bool (StepLoop::*good)(const Candidate&) const, int32_t n_samples);
  Status add_sample();
  Status add_bracket_repairs();
  Status add_cut_back();
  Status add_other_ends();
  Status add_scored(std::string text);
  Status add(Candidate candidate);
  Status look_at(Candidate& candidate);
  engine::StopOptions stop_options() const;
  std::string fitted(std::string_view generated);
  std::string construct(int64_t line) const;
  void note(std::string focus, StepVerdict verdict);
  StepOutcome outcome();

  Drafter& drafter_;
  const StepParams& params_;
  AnswerCheck& check_;
  const std::stop_token stop_;
  const workspace::Text cut_;
  const Surroundings around_;  // of the hole, views cut_

  int32_t step_ = 1;
  uint64_t n_samples_ = 0;
  int64_t n_tokens_noted_ = 0;
  Candidate best_;  // empty at first, which anything is better than
  std::vector<Candidate> others_;
  engine::TokenIds useless_;  // first tokens of answers that were none
  std::string silence_ = "the model has nothing to add here";
  std::vector<LoopStep> steps_;
};

Status StepLoop::take_step() {
  switch (step_) {
    case 1:
      return draft();
    case 2:
      return repair_parse();
    case 3:
      RETURN_IF_ERROR(repair_names());
      return fill_branches();
    case 4:
      return keep_signature();
    case 5:
      return run_checks();
    default:
      return try_again();
  }
}

Status StepLoop::draft() {
  for (int32_t i = 0; i < std::max(params_.n_candidates, 1); ++i) RETURN_IF_ERROR(add_sample());
  note(draft_focus(around_.line_before),
       best_.text.empty() ? StepVerdict::kFailed : StepVerdict::kPassed);
  return {};
}

Status StepLoop::repair_parse() {
  if (!check_.has_grammar() && !best_.text.empty()) {
    note("parse: no grammar of this language", StepVerdict::kSkipped);
    return {};
  }
  const int64_t hole_line = cut_.line_at(check_.cut().offset);
  const std::string focus =
      "parse: " + construct(best_.text.empty() ? hole_line : best_.findings.error_line);
  if (is_clean(best_)) {
    note(focus, StepVerdict::kPassed);
    return {};
  }
  // Where an error near the answer was there before, others may still heal it.
  const bool is_to_blame = !parses(best_);
  const int64_t n_errors = best_.findings.n_syntax_errors;
  RETURN_IF_ERROR(add_bracket_repairs());
  RETURN_IF_ERROR(add_cut_back());
  RETURN_IF_ERROR(draw_until(&StepLoop::is_clean, is_to_blame ? kMoreSamples : kHealingSamples));
  RETURN_IF_ERROR(add_other_ends());
  const bool repaired = is_to_blame || best_.findings.n_syntax_errors < n_errors;
  note(focus, !parses(best_) ? StepVerdict::kFailed
                             : (repaired ? StepVerdict::kRepaired : StepVerdict::kPassed));
  return {};
}

Status StepLoop::repair_names() {
  if (!check_.knows_names() || best_.text.empty()) {
    note("names: " + std::string(best_.text.empty() ? "no answer" : "not known of this language"),
         StepVerdict::kSkipped);
    return {};
  }
  if (best_.findings.unknown_names.empty()) {
    note("names: " + construct(cut_.line_at(check_.cut().offset)), StepVerdict::kPassed);
    return {};
  }
  for (int32_t i = 0; i < kMostNames && !best_.findings.unknown_names.empty(); ++i) {
    const workspace::UsedName name = best_.findings.unknown_names.front();
    const size_t n_unknown = best_.findings.unknown_names.size();
    // To write many lines again costs most, and may lose them.
    const bool one_line = best_.text.find('\n') == best_.text.npos;
    RETURN_IF_ERROR(one_line ? use_other_name(name) : use_bound_name(name.name));
    if (best_.findings.unknown_names.size() >= n_unknown)
      RETURN_IF_ERROR(one_line ? use_bound_name(name.name) : use_other_name(name));
    const bool repaired = best_.findings.unknown_names.size() < n_unknown;
    note("names: " + name.name, repaired ? StepVerdict::kRepaired : StepVerdict::kFailed);
    if (!repaired) break;
  }
  return {};
}

// Writes the answer again from the name on. Each answer with the same name bars one more way to
// begin it.
Status StepLoop::use_other_name(const workspace::UsedName& name) {
  const size_t n_unknown = best_.findings.unknown_names.size();
  const auto begin_bytes = static_cast<size_t>(std::max<int64_t>(name.bytes.begin, 0));
  const std::string begin = best_.text.substr(0, begin_bytes);
  engine::TokenIds barred;
  for (int32_t i = 0; i < kOtherNames; ++i) {
    DraftQuestion question = {.begin = begin, .stop = stop_options(), .barred_first = barred};
    ASSIGN_OR_RETURN(const Draft draft, drafter_.draft(place(), std::move(question), stop_));
    if (draft.first_token >= 0) barred.push_back(draft.first_token);
    const engine::TokenIds& ends = drafter_.config().stop_tokens;
    if (draft.first_token < 0) barred.insert(barred.end(), ends.begin(), ends.end());
    Candidate candidate = {.text = fitted(draft.text), .first_token = best_.first_token};
    if (candidate.text.size() <= begin.size()) continue;
    ASSIGN_OR_RETURN(candidate.mean_logprob, drafter_.mean_logprob(place(), candidate.text, stop_));
    RETURN_IF_ERROR(add(std::move(candidate)));
    if (best_.findings.unknown_names.size() < n_unknown) break;
  }
  return {};
}

// Puts a name in its place that is bound there: of those that are spelled alike and those bound
// nearest, the one that the model finds likeliest.
Status StepLoop::use_bound_name(const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<std::string> bound, check_.names_in_scope());
  std::vector<std::string> names = similar_names(name, bound);
  names.insert(names.end(), bound.begin(),
               bound.begin() + static_cast<int64_t>(std::min(bound.size(), kBoundNames)));
  std::optional<Candidate> likeliest;
  for (const std::string& other : names) {
    Candidate candidate = {.text = with_name(name, other), .first_token = best_.first_token};
    RETURN_IF_ERROR(look_at(candidate));
    if (faults(candidate) >= faults(best_)) continue;
    ASSIGN_OR_RETURN(candidate.mean_logprob, drafter_.mean_logprob(place(), candidate.text, stop_));
    if (likeliest && likeliest->mean_logprob >= candidate.mean_logprob) continue;
    likeliest = std::move(candidate);
  }
  return likeliest ? add(std::move(*likeliest)) : Status();
}

// The best answer with another name wherever it uses an unknown one.
std::string StepLoop::with_name(const std::string& unknown, const std::string& other) const {
  std::string text = best_.text;
  const std::vector<workspace::UsedName>& uses = best_.findings.unknown_names;
  for (auto use = uses.rbegin(); use != uses.rend(); ++use) {
    if (use->name != unknown || use->bytes.begin < 0) continue;
    text.replace(static_cast<size_t>(use->bytes.begin), static_cast<size_t>(use->bytes.size()),
                 other);
  }
  return text;
}

Status StepLoop::fill_branches() {
  if (best_.text.find('\n') == best_.text.npos || !check_.has_grammar()) return {};
  const int64_t begin = check_.cut().offset;
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, check_.parse(best_.text));
  std::vector<Branch> branches =
      branches_in(tree, {begin, begin + static_cast<int64_t>(best_.text.size())});
  branches.resize(std::min(branches.size(), kMostBranches));
  // From the last one on: those before it stay where they are.
  for (auto branch = branches.rbegin(); branch != branches.rend(); ++branch)
    RETURN_IF_ERROR(fill_branch(*branch));
  return {};
}

// Fills it between what stands before and behind it. It is taken when it has fewer faults, or none
// more and the model finds it clearly likelier there than what it had drafted.
Status StepLoop::fill_branch(const Branch& branch) {
  const std::string focus = "branch: " + construct(branch.head_line);
  const std::string whole = check_.answered(best_.text);
  const std::string drafted = whole.substr(branch.body.begin, branch.body.size());
  const workspace::Text text(std::string(whole).erase(branch.body.begin, branch.body.size()));
  const DraftPlace place = {text.bytes(), branch.body.begin};
  const Surroundings around = surroundings_of(text, branch.body.begin);

  DraftQuestion question = {.stop = stop_options()};
  question.stop.strings = {"\n\n"};
  ASSIGN_OR_RETURN(const Draft draft, drafter_.draft(place, std::move(question), stop_));
  const std::string filled =
      fit_text(block_of(draft.text, indentation(around.line_before)), around).text;
  const int64_t at = branch.body.begin - check_.cut().offset;
  Candidate candidate = best_;
  candidate.text.replace(static_cast<size_t>(at), drafted.size(), filled);
  RETURN_IF_ERROR(look_at(candidate));
  bool better = faults(candidate) < faults(best_);
  // One that only stops earlier is likelier by its length.
  if (faults(candidate) == faults(best_) && !filled.empty() && !drafted.starts_with(filled)) {
    ASSIGN_OR_RETURN(const float new_mean, drafter_.mean_logprob(place, filled, stop_));
    ASSIGN_OR_RETURN(const float old_mean, drafter_.mean_logprob(place, drafted, stop_));
    better = new_mean > old_mean + kBranchGain;
  }
  if (better && !filled.empty()) best_ = std::move(candidate);
  note(focus, better ? StepVerdict::kRepaired : StepVerdict::kPassed);
  return {};
}

Status StepLoop::keep_signature() {
  if (check_.signature().empty() || best_.text.empty()) {
    note("signature: no function around the answer", StepVerdict::kSkipped);
    return {};
  }
  const std::string focus = "signature: " + check_.signature().substr(0, kConstructBytes);
  if (best_.findings.keeps_signature) {
    note(focus, StepVerdict::kPassed);
    return {};
  }
  RETURN_IF_ERROR(draw_until(&StepLoop::is_faultless, kMoreSamples));
  note(focus, best_.findings.keeps_signature ? StepVerdict::kRepaired : StepVerdict::kFailed);
  return {};
}

// The best answers, one after the other, until one passes on the tree.
Status StepLoop::run_checks() {
  if (params_.checks == nullptr || best_.text.empty()) {
    note("checks: none to run here", StepVerdict::kSkipped);
    return {};
  }
  std::sort(others_.begin(), others_.end(), is_better);
  others_.insert(others_.begin(), best_);
  const std::string& before = params_.document->text->bytes();
  std::string reason;
  for (size_t i = 0; i < std::min(others_.size(), kMostChecked); ++i) {
    if (stop_.stop_requested()) return cancelled_error("the steps were cancelled");
    std::string after = before;
    after.replace(static_cast<size_t>(params_.hole.begin), static_cast<size_t>(params_.hole.size()),
                  with_line_ends_of(before, others_[i].text));
    const FileEdit edit = {params_.document->path, before, std::move(after)};
    ASSIGN_OR_RETURN(const std::vector<LeftFile> left, params_.checks->keep({&edit, 1}));
    if (left.empty()) {
      best_ = others_[i];
      note("checks: all pass", i == 0 ? StepVerdict::kPassed : StepVerdict::kRepaired);
      return {};
    }
    if (reason.empty()) reason = left[0].reason;
  }
  note("checks: " + reason, StepVerdict::kFailed);
  return {};
}

Status StepLoop::try_again() {
  const bool was_faultless = is_faultless(best_);
  if (!was_faultless) RETURN_IF_ERROR(draw_until(&StepLoop::is_faultless, kMoreSamples));
  const bool repaired = !was_faultless && is_faultless(best_);
  note("again: " + construct(best_.findings.error_line),
       was_faultless ? StepVerdict::kPassed
                     : (repaired ? StepVerdict::kRepaired : StepVerdict::kFailed));
  return {};
}

// Other answers, until one is good.
Status StepLoop::draw_until(bool (StepLoop::*good)(const Candidate&) const, int32_t n_samples) {
  for (int32_t i = 0; i < n_samples && !(this->*good)(best_); ++i) {
    RETURN_IF_ERROR(add_sample());
    RETURN_IF_ERROR(add_bracket_repairs());
    RETURN_IF_ERROR(add_cut_back());
  }
  return {};
}

// The first is the likeliest answer, the others are drawn; what came to nothing is not begun again.
Status StepLoop::add_sample() {
  const uint64_t seed = n_samples_++;
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
Status StepLoop::add_bracket_repairs() {
  if (best_.text.empty() || is_clean(best_)) return {};
  for (std::string& text : bracket_repairs(around_.line_before, best_.text)) {
    if (trimmed(text, " \t\n").empty()) continue;
    Candidate candidate = {.text = std::move(text), .first_token = best_.first_token};
    RETURN_IF_ERROR(look_at(candidate));
    if (!parses(candidate) || faults(candidate) >= faults(best_)) continue;
    ASSIGN_OR_RETURN(candidate.mean_logprob, drafter_.mean_logprob(place(), candidate.text, stop_));
    return add(std::move(candidate));
  }
  return {};
}

// The lines of the best answer that parse: a small model does not know where to end, and runs out
// of tokens within a line.
Status StepLoop::add_cut_back() {
  if (parses(best_) || !check_.has_grammar()) return {};
  ASSIGN_OR_RETURN(std::string kept, cut_back(check_, best_.text));
  return kept.empty() ? Status() : add_scored(std::move(kept));
}

// When nothing that the model says parses: what does, and is the likeliest of that.
Status StepLoop::add_other_ends() {
  if (parses(best_) || !check_.has_grammar() || params_.objects) return {};
  ASSIGN_OR_RETURN(std::vector<std::string> texts, other_ends(check_, best_.text));
  std::optional<Candidate> likeliest;
  for (std::string& text : texts) {
    text = fitted(text);
    if (text.empty()) continue;
    ASSIGN_OR_RETURN(const float mean, drafter_.mean_logprob(place(), text, stop_));
    if (!likeliest || mean > likeliest->mean_logprob)
      likeliest = {.text = std::move(text), .mean_logprob = mean};
  }
  return likeliest ? add(std::move(*likeliest)) : Status();
}

Status StepLoop::add_scored(std::string text) {
  Candidate candidate = {.text = std::move(text), .first_token = best_.first_token};
  ASSIGN_OR_RETURN(candidate.mean_logprob, drafter_.mean_logprob(place(), candidate.text, stop_));
  return add(std::move(candidate));
}

Status StepLoop::look_at(Candidate& candidate) {
  ASSIGN_OR_RETURN(candidate.findings, check_.look_at(candidate.text));
  candidate.objected = params_.objects && params_.objects(candidate.text);
  return {};
}

// What is not the best may be later, when that fails a check. Behind the drafts, what is only
// likelier does not take the place of what the model said first.
Status StepLoop::add(Candidate candidate) {
  RETURN_IF_ERROR(look_at(candidate));
  const bool better = step_ == 1 ? is_better(candidate, best_) : faults(candidate) < faults(best_);
  if (better) std::swap(candidate, best_);
  const bool known = candidate.text.empty() || candidate.text == best_.text ||
                     std::any_of(others_.begin(), others_.end(), [&](const Candidate& other) {
                       return other.text == candidate.text;
                     });
  if (!known) others_.push_back(std::move(candidate));
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

// A line of the text with the best answer in it, for people.
std::string StepLoop::construct(int64_t line) const {
  const workspace::Text text(check_.answered(best_.text));
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

StepOutcome StepLoop::outcome() {
  StepOutcome outcome = {.text = with_line_ends_of(params_.document->text->bytes(), best_.text),
                         .mean_logprob = best_.mean_logprob,
                         .parses = parses(best_),
                         .keeps_signature = best_.findings.keeps_signature,
                         .steps = std::move(steps_),
                         .blocks = drafter_.blocks()};
  for (const workspace::UsedName& name : best_.findings.unknown_names)
    outcome.unknown_names.push_back(name.name);
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
  CodeQueries own;
  CodeQueries& queries = params.queries != nullptr ? *params.queries : own;
  ASSIGN_OR_RETURN(const auto check,
                   AnswerCheck::make(cut_text(*params.document, params.hole), index, queries));
  Drafter drafter(engine, index, params.drafting, *params.document,
                  {check->cut().text, check->cut().offset},
                  params.client + ":" + params.document->path + ":steps");
  return StepLoop(drafter, params, *check, std::move(stop)).run();
}

}  // namespace rondo::assist
