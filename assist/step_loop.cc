#include "assist/step_loop.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "assist/answer_check.h"
#include "assist/answer_pool.h"
#include "assist/branches.h"
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

CutText cut_text(const workspace::Document& document, workspace::ByteRange hole) {
  const workspace::Text& text = *document.text;
  const std::string before = workspace::with_lf(text.slice({0, hole.begin}));
  return {.language = *document.language,
          .path = document.path,
          .text = before + workspace::with_lf(text.slice({hole.end, text.size()})),
          .offset = static_cast<int64_t>(before.size())};
}

class StepLoop {
 public:
  StepLoop(Drafter& drafter, const StepParams& params, AnswerCheck& check, std::stop_token stop)
      : drafter_(drafter),
        params_(params),
        check_(check),
        stop_(stop),
        pool_(drafter, params, check, std::move(stop)) {}

  Result<StepOutcome> run() {
    for (step_ = 1; step_ <= params_.depth; ++step_) RETURN_IF_ERROR(take_step());
    return outcome();
  }

 private:
  const Answer& best() const { return pool_.best(); }

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

  std::string construct(int64_t line) const;
  void note(std::string focus, StepVerdict verdict);
  StepOutcome outcome();

  Drafter& drafter_;
  const StepParams& params_;
  AnswerCheck& check_;
  const std::stop_token stop_;
  AnswerPool pool_;

  int32_t step_ = 1;
  int64_t n_tokens_noted_ = 0;
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
  for (int32_t i = 0; i < std::max(params_.n_candidates, 1); ++i)
    RETURN_IF_ERROR(pool_.add_sample());
  pool_.end_drafts();
  note(draft_focus(pool_.around().line_before),
       best().text.empty() ? StepVerdict::kFailed : StepVerdict::kPassed);
  return {};
}

Status StepLoop::repair_parse() {
  if (!check_.has_grammar() && !best().text.empty()) {
    note("parse: no grammar of this language", StepVerdict::kSkipped);
    return {};
  }
  const int64_t hole_line = pool_.cut().line_at(check_.cut().offset);
  const std::string focus =
      "parse: " + construct(best().text.empty() ? hole_line : best().findings.error_line);
  if (pool_.is_clean(best())) {
    note(focus, StepVerdict::kPassed);
    return {};
  }
  // Where an error near the answer was there before, others may still heal it.
  const bool is_to_blame = !pool_.parses(best());
  const int64_t n_errors = best().findings.n_syntax_errors;
  RETURN_IF_ERROR(pool_.add_bracket_repairs());
  RETURN_IF_ERROR(pool_.add_cut_back());
  RETURN_IF_ERROR(
      pool_.draw_until(&AnswerPool::is_clean, is_to_blame ? kMoreSamples : kHealingSamples));
  RETURN_IF_ERROR(pool_.add_other_ends());
  const bool repaired = is_to_blame || best().findings.n_syntax_errors < n_errors;
  note(focus, !pool_.parses(best()) ? StepVerdict::kFailed
                                    : (repaired ? StepVerdict::kRepaired : StepVerdict::kPassed));
  return {};
}

Status StepLoop::repair_names() {
  if (!check_.knows_names() || best().text.empty()) {
    note("names: " + std::string(best().text.empty() ? "no answer" : "not known of this language"),
         StepVerdict::kSkipped);
    return {};
  }
  if (best().findings.unknown_names.empty()) {
    note("names: " + construct(pool_.cut().line_at(check_.cut().offset)), StepVerdict::kPassed);
    return {};
  }
  for (int32_t i = 0; i < kMostNames && !best().findings.unknown_names.empty(); ++i) {
    const workspace::UsedName name = best().findings.unknown_names.front();
    const size_t n_unknown = best().findings.unknown_names.size();
    // To write many lines again costs most, and may lose them.
    const bool one_line = best().text.find('\n') == best().text.npos;
    RETURN_IF_ERROR(one_line ? use_other_name(name) : use_bound_name(name.name));
    if (best().findings.unknown_names.size() >= n_unknown)
      RETURN_IF_ERROR(one_line ? use_bound_name(name.name) : use_other_name(name));
    const bool repaired = best().findings.unknown_names.size() < n_unknown;
    note("names: " + name.name, repaired ? StepVerdict::kRepaired : StepVerdict::kFailed);
    if (!repaired) break;
  }
  return {};
}

// Writes the answer again from the name on. Each answer with the same name bars one more way to
// begin it.
Status StepLoop::use_other_name(const workspace::UsedName& name) {
  const size_t n_unknown = best().findings.unknown_names.size();
  const auto begin_bytes = static_cast<size_t>(std::max<int64_t>(name.bytes.begin, 0));
  const std::string begin = best().text.substr(0, begin_bytes);
  engine::TokenIds barred;
  for (int32_t i = 0; i < kOtherNames; ++i) {
    DraftQuestion question = {.begin = begin, .stop = pool_.stop_options(), .barred_first = barred};
    ASSIGN_OR_RETURN(const Draft draft, drafter_.draft(pool_.place(), std::move(question), stop_));
    if (draft.first_token >= 0) barred.push_back(draft.first_token);
    const engine::TokenIds& ends = drafter_.config().stop_tokens;
    if (draft.first_token < 0) barred.insert(barred.end(), ends.begin(), ends.end());
    Answer answer = {.text = pool_.fitted(draft.text), .first_token = best().first_token};
    if (answer.text.size() <= begin.size()) continue;
    ASSIGN_OR_RETURN(answer.mean_logprob, drafter_.mean_logprob(pool_.place(), answer.text, stop_));
    RETURN_IF_ERROR(pool_.add(std::move(answer)));
    if (best().findings.unknown_names.size() < n_unknown) break;
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
  std::optional<Answer> likeliest;
  for (const std::string& other : names) {
    Answer answer = {.text = with_name(name, other), .first_token = best().first_token};
    RETURN_IF_ERROR(pool_.look_at(answer));
    if (answer.faults() >= best().faults()) continue;
    ASSIGN_OR_RETURN(answer.mean_logprob, drafter_.mean_logprob(pool_.place(), answer.text, stop_));
    if (likeliest && likeliest->mean_logprob >= answer.mean_logprob) continue;
    likeliest = std::move(answer);
  }
  return likeliest ? pool_.add(std::move(*likeliest)) : Status();
}

// The best answer with another name wherever it uses an unknown one.
std::string StepLoop::with_name(const std::string& unknown, const std::string& other) const {
  std::string text = best().text;
  const std::vector<workspace::UsedName>& uses = best().findings.unknown_names;
  for (auto use = uses.rbegin(); use != uses.rend(); ++use) {
    if (use->name != unknown || use->bytes.begin < 0) continue;
    text.replace(static_cast<size_t>(use->bytes.begin), static_cast<size_t>(use->bytes.size()),
                 other);
  }
  return text;
}

Status StepLoop::fill_branches() {
  if (best().text.find('\n') == best().text.npos || !check_.has_grammar()) return {};
  const int64_t begin = check_.cut().offset;
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree, check_.parse(best().text));
  std::vector<Branch> branches =
      branches_in(tree, {begin, begin + static_cast<int64_t>(best().text.size())});
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
  const std::string whole = check_.answered(best().text);
  const std::string drafted = whole.substr(branch.body.begin, branch.body.size());
  const workspace::Text text(std::string(whole).erase(branch.body.begin, branch.body.size()));
  const DraftPlace place = {text.bytes(), branch.body.begin};
  const Surroundings around = surroundings_of(text, branch.body.begin);

  DraftQuestion question = {.stop = pool_.stop_options()};
  question.stop.strings = {"\n\n"};
  ASSIGN_OR_RETURN(const Draft draft, drafter_.draft(place, std::move(question), stop_));
  const std::string filled =
      fit_text(block_of(draft.text, indentation(around.line_before)), around).text;
  const int64_t at = branch.body.begin - check_.cut().offset;
  Answer answer = best();
  answer.text.replace(static_cast<size_t>(at), drafted.size(), filled);
  RETURN_IF_ERROR(pool_.look_at(answer));
  bool better = answer.faults() < best().faults();
  // One that only stops earlier is likelier by its length.
  if (answer.faults() == best().faults() && !filled.empty() && !drafted.starts_with(filled)) {
    ASSIGN_OR_RETURN(const float new_mean, drafter_.mean_logprob(place, filled, stop_));
    ASSIGN_OR_RETURN(const float old_mean, drafter_.mean_logprob(place, drafted, stop_));
    better = new_mean > old_mean + kBranchGain;
  }
  if (better && !filled.empty()) pool_.choose(std::move(answer));
  note(focus, better ? StepVerdict::kRepaired : StepVerdict::kPassed);
  return {};
}

Status StepLoop::keep_signature() {
  if (check_.signature().empty() || best().text.empty()) {
    note("signature: no function around the answer", StepVerdict::kSkipped);
    return {};
  }
  const std::string focus = "signature: " + check_.signature().substr(0, kConstructBytes);
  if (best().findings.keeps_signature) {
    note(focus, StepVerdict::kPassed);
    return {};
  }
  RETURN_IF_ERROR(pool_.draw_until(&AnswerPool::is_faultless, kMoreSamples));
  note(focus, best().findings.keeps_signature ? StepVerdict::kRepaired : StepVerdict::kFailed);
  return {};
}

// The best answers, one after the other, until one passes on the tree.
Status StepLoop::run_checks() {
  if (params_.checks == nullptr || best().text.empty()) {
    note("checks: none to run here", StepVerdict::kSkipped);
    return {};
  }
  const std::vector<Answer> answers = pool_.ranked();
  const std::string& before = params_.document->text->bytes();
  std::string reason;
  for (size_t i = 0; i < std::min(answers.size(), kMostChecked); ++i) {
    if (stop_.stop_requested()) return cancelled_error("the steps were cancelled");
    std::string after = before;
    after.replace(static_cast<size_t>(params_.hole.begin), static_cast<size_t>(params_.hole.size()),
                  with_line_ends_of(before, answers[i].text));
    const FileEdit edit = {params_.document->path, before, std::move(after)};
    ASSIGN_OR_RETURN(const std::vector<LeftFile> left, params_.checks->keep({&edit, 1}));
    if (left.empty()) {
      pool_.choose(answers[i]);
      note("checks: all pass", i == 0 ? StepVerdict::kPassed : StepVerdict::kRepaired);
      return {};
    }
    if (reason.empty()) reason = left[0].reason;
  }
  note("checks: " + reason, StepVerdict::kFailed);
  return {};
}

Status StepLoop::try_again() {
  const bool was_faultless = pool_.is_faultless(best());
  if (!was_faultless) RETURN_IF_ERROR(pool_.draw_until(&AnswerPool::is_faultless, kMoreSamples));
  const bool repaired = !was_faultless && pool_.is_faultless(best());
  note("again: " + construct(best().findings.error_line),
       was_faultless ? StepVerdict::kPassed
                     : (repaired ? StepVerdict::kRepaired : StepVerdict::kFailed));
  return {};
}

// A line of the text with the best answer in it, for people.
std::string StepLoop::construct(int64_t line) const {
  const workspace::Text text(check_.answered(best().text));
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
  StepOutcome outcome = {.text = with_line_ends_of(params_.document->text->bytes(), best().text),
                         .mean_logprob = best().mean_logprob,
                         .parses = pool_.parses(best()),
                         .keeps_signature = best().findings.keeps_signature,
                         .steps = std::move(steps_),
                         .blocks = drafter_.blocks()};
  for (const workspace::UsedName& name : best().findings.unknown_names)
    outcome.unknown_names.push_back(name.name);
  if (best().text.empty()) outcome.silence = pool_.silence();
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
