// AnswerPool: the answers to one hole, with what the checks say of each, and the ways to more of
// them: to ask the model, and to mend the best one.
//
// Thread: one, which waits for the model. Ownership: borrows what it is given.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "assist/answer_check.h"
#include "assist/drafter.h"
#include "assist/postprocess.h"
#include "assist/step_loop.h"
#include "base/status.h"
#include "workspace/text.h"

namespace rondo::assist {

// An answer and what is known of it.
struct Answer {
  std::string text;  // LF; empty: nothing
  float mean_logprob = 0;
  int32_t first_token = -1;
  AnswerFindings findings;
  bool objected = false;  // by the caller

  // What is wrong with it; the smaller, the better.
  auto faults() const {
    return std::tuple(text.empty(), objected, findings.n_syntax_errors, !findings.keeps_signature,
                      findings.unknown_names.size());
  }
};

class AnswerPool {
 public:
  // A way to judge an answer.
  using Judge = bool (AnswerPool::*)(const Answer&) const;

  AnswerPool(Drafter& drafter, const StepParams& params, AnswerCheck& check, std::stop_token stop);

  const workspace::Text& cut() const { return cut_; }  // the text without the hole
  const Surroundings& around() const { return around_; }
  DraftPlace place() const { return {check_.cut().text, check_.cut().offset}; }
  engine::StopOptions stop_options() const;
  // Why there is no answer, a sentence without its end.
  const std::string& silence() const { return silence_; }

  // Empty at first, which anything is better than.
  const Answer& best() const { return best_; }
  // All of them, the best first.
  std::vector<Answer> ranked() const;

  bool parses(const Answer& answer) const;
  bool is_clean(const Answer& answer) const;      // and nothing near it is in error
  bool is_faultless(const Answer& answer) const;  // parses, and no check has anything to say

  // Has the checks look at an answer that is not in the pool. Errors: those of the parser.
  Status look_at(Answer& answer) const;
  // What the product would show of a generated text; empty: nothing, and silence() says why.
  std::string fitted(std::string_view generated);

  // Of answers that are as good as each other, drafts compete by their likelihood; later ones do
  // not take the place of what the model said first.
  void end_drafts() { drafting_ = false; }
  // Errors of all below: those of the model and of the parser.
  Status add(Answer answer);
  // The first is the likeliest answer, the others are drawn; what came to nothing is not begun
  // again.
  Status add_sample();
  // What the best could have been with matching brackets.
  Status add_bracket_repairs();
  // The lines of the best that parse: a small model does not know where to end, and runs out of
  // tokens within a line.
  Status add_cut_back();
  // When nothing that the model says parses: what does, and is the likeliest of that.
  Status add_other_ends();
  // Samples and what they could have been, until the best is good, `n_samples` at most.
  Status draw_until(Judge good, int32_t n_samples);
  // Makes this one the best, whatever the others are.
  void choose(Answer answer) { best_ = std::move(answer); }

 private:
  Status add_scored(std::string text);

  Drafter& drafter_;
  const StepParams& params_;
  AnswerCheck& check_;
  const std::stop_token stop_;
  const workspace::Text cut_;
  const Surroundings around_;  // of the hole, views cut_

  bool drafting_ = true;
  uint64_t n_samples_ = 0;
  Answer best_;
  std::vector<Answer> others_;
  engine::TokenIds useless_;  // first tokens of answers that were none
  std::string silence_ = "the model has nothing to add here";
};

// How deep a line is indented, in bytes.
int64_t indentation(std::string_view line);
// The lines of `answer` up to one that is indented less than `least` and not blank.
std::string_view block_of(std::string_view answer, int64_t least);

}  // namespace rondo::assist
