#include "assist/candidates.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "assist/postprocess.h"

namespace rondo::assist {
namespace {

// How sure the model was of what it chose freely; of its last token when all had to spell what was
// typed.
Confidence free_confidence(const engine::Completion& completion) {
  const auto n_tokens = static_cast<int32_t>(completion.logprobs.size());
  if (n_tokens == 0) return {};
  const int32_t first = std::min(completion.n_healed_tokens, n_tokens - 1);
  return confidence_of(std::span(completion.logprobs).subspan(static_cast<size_t>(first)));
}

// Who asked sees everything.
bool is_let_through(const CompletionParams& params, const Confidence& confidence,
                    CompletionReport& report) {
  if (!params.automatic) return true;
  const bool shown = params.gate.shows(confidence);
  report.gate = {.confidence = confidence, .gate = params.gate, .shown = shown};
  if (!shown) report.silence = params.gate.reason(confidence);
  return shown;
}

bool has_text(const CompletionOutcome& outcome, std::string_view text) {
  return std::any_of(outcome.candidates.begin(), outcome.candidates.end(),
                     [&](const CompletionCandidate& other) { return other.text == text; });
}

}  // namespace

int64_t replaced_from(const CompletionParams& params) {
  const bool selected = !params.must_start_with.empty() && params.replace_begin >= 0;
  return selected ? std::min(params.replace_begin, params.offset) : params.offset;
}

void add_candidate(const CompletionParams& params, const engine::Completion& completion,
                   CompletionOutcome& outcome) {
  const workspace::Text& text = *params.document->text;
  const FittedText fitted = fit_text(completion.text, surroundings_of(text, params.offset));
  if (fitted.text.empty()) {
    outcome.report.silence = fitted.silence;
    return;
  }
  const Confidence confidence = free_confidence(completion);
  if (!is_let_through(params, confidence, outcome.report)) return;
  std::string shown = params.must_start_with + with_line_ends_of(text.bytes(), fitted.text);
  if (has_text(outcome, shown)) return;
  outcome.candidates.push_back({.text = std::move(shown),
                                .replace_begin = replaced_from(params),
                                .replace_end = params.offset,
                                .mean_logprob = confidence.mean});
}

void add_repaired(const CompletionParams& params, std::string text, float mean_logprob,
                  CompletionOutcome& outcome) {
  std::vector<CompletionCandidate>& all = outcome.candidates;
  std::erase_if(all, [&](const CompletionCandidate& other) { return other.text == text; });
  if (text.empty() || !is_let_through(params, {.mean = mean_logprob}, outcome.report)) return;
  all.insert(all.begin(), {.text = std::move(text),
                           .replace_begin = params.offset,
                           .replace_end = params.offset,
                           .mean_logprob = mean_logprob});
  if (params.automatic) all.resize(1);
}

void order_candidates(CompletionOutcome& outcome) {
  std::vector<CompletionCandidate>& all = outcome.candidates;
  const auto first = all.begin() + (outcome.report.steps.size() > 1 ? 1 : 0);
  std::stable_sort(std::min(first, all.end()), all.end(),
                   [](const auto& a, const auto& b) { return a.mean_logprob > b.mean_logprob; });
}

}  // namespace rondo::assist
