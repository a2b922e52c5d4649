#include "engine/prefill.h"

#include <algorithm>

#include "base/check.h"

namespace rondo::engine {
namespace {

// Absolute ranges as rows of a step that begins at slot `from`.
std::vector<LayerRows> layer_rows(std::span<const LayerRange> ranges, int32_t from,
                                  int32_t n_rows) {
  std::vector<LayerRows> rows;
  for (const LayerRange& range : ranges) {
    rows.push_back({.keys_from = std::clamp(range.keys_from - from, 0, n_rows),
                    .outputs_from = std::clamp(range.outputs_from - from, 0, n_rows)});
  }
  return rows;
}

}  // namespace

Prefill::Prefill(Model& model, PagePool& pages, Sequence& sequence, std::span<const int32_t> prompt,
                 int32_t first_output, int32_t chunk_tokens, Loop1Rows loop1_rows)
    : model_(model),
      pages_(pages),
      sequence_(sequence),
      prompt_(prompt.begin(), prompt.end()),
      first_output_(first_output),
      chunk_tokens_(chunk_tokens),
      loop1_rows_(loop1_rows),
      exits_(model.device()),
      outputs_(model.device()) {
  const auto n_tokens = static_cast<int32_t>(prompt_.size());
  const PrefillGoal goal = {.n_tokens = n_tokens,
                            .n_matching = sequence.n_matching(prompt_),
                            .n_shared = sequence.n_shared(),
                            .first_output = first_output,
                            .margin = kTruncationMargin,
                            .loop1_rows = loop1_rows};
  plan_ = plan_prefill(model.config(), goal, sequence.valid_from());
  if (plan_.restarts) {
    sequence.rewind(plan_.n_cached);
  } else {
    sequence.truncate(plan_.n_cached);
  }
  sequence.begin_window(plan_.window_from);
  next0_ = plan_.n_cached;
  next1_ = plan_.loop1.empty() ? n_tokens : plan_.loop1.front().keys_from;
}

bool Prefill::runs_both_at_once() const {
  return loop1_rows_ == Loop1Rows::kAll && !plan_.loop1.empty();
}

// Of loop 1, where both loops run at once: the keys that the next chunk reads, and those that a
// prompt that changes near its end finds.
int32_t Prefill::window_start() const {
  return std::max(next0_ - (model_.config().loop_window - 1) - kTruncationMargin, 0);
}

bool Prefill::reserve(int32_t n_tokens) {
  if (!runs_both_at_once()) return sequence_.reserve(n_tokens);
  const int32_t n_behind = n_tokens - static_cast<int32_t>(prompt_.size());
  const int32_t n_window = model_.config().loop_window + kTruncationMargin + chunk_tokens_;
  return sequence_.reserve(n_tokens, n_window + n_behind);
}

bool Prefill::step() {
  const auto n_tokens = static_cast<int32_t>(prompt_.size());
  if (is_few_rows()) {
    step_few_rows();
  } else if (runs_both_at_once()) {
    step_both();
  } else if (next0_ < n_tokens) {
    step_loop0();
  } else if (next1_ < n_tokens) {
    step_loop1();
  }
  return next0_ == n_tokens && next1_ == n_tokens;
}

void Prefill::append(const Step& step) {
  const bool many = step.n_rows() > model_.device().kernels().few_rows;
  sequence_.append(step.tokens,
                   many ? Sequence::RowFamily::kManyRows : Sequence::RowFamily::kFewRows);
}

// All that is left is one step of few rows, which both loops compute, but for the last layer.
bool Prefill::is_few_rows() const {
  const auto n_tokens = static_cast<int32_t>(prompt_.size());
  if (runs_both_at_once() || next0_ >= n_tokens || chunk_end(next0_) < n_tokens) return false;
  if (n_tokens - next0_ > model_.device().kernels().few_rows) return false;
  const auto computes_all = [&](const LayerRange& range) {
    return range.keys_from <= next0_ && range.outputs_from <= next0_;
  };
  const bool loops = !plan_.loop1.empty();
  const std::span<const LayerRange> last = loops ? plan_.loop1 : plan_.loop0;
  return (!loops || (next1_ == next0_ && computes_all(plan_.loop0.back()))) &&
         last.back().keys_from <= next0_ && std::all_of(last.begin(), last.end() - 1, computes_all);
}

void Prefill::step_few_rows() {
  const auto n_tokens = static_cast<int32_t>(prompt_.size());
  const Step step = rows(next0_, n_tokens);
  const StepView view = model_.place(step);
  float* x = model_.hidden(view.n_rows);
  model_.run_few_rows(view, std::max(first_output_ - next0_, 0), pages_, x);
  append(step);
  keep(next0_, n_tokens, x, first_output_, outputs_);
  next0_ = next1_ = n_tokens;
  if (!plan_.loop1.empty()) sequence_.note_window_keys(plan_.loop1, plan_.n_cached);
}

void Prefill::step_both() {
  const int32_t to = chunk_end(next0_);
  sequence_.slide_window(window_start());
  const Step step = rows(next0_, to);
  const StepView view = model_.place(step);
  float* x = model_.hidden(view.n_rows);
  model_.embed(view, x);
  model_.run_loop(0, view, layer_rows(plan_.loop0, next0_, view.n_rows), pages_, x);
  model_.run_loop(1, view, layer_rows(plan_.loop1, next0_, view.n_rows), pages_, x);
  append(step);
  keep(next0_, to, x, first_output_, outputs_);
  n_computed_ += 2 * (to - next0_);
  next0_ = next1_ = to;
  if (to == static_cast<int32_t>(prompt_.size()))
    sequence_.note_window_keys(plan_.loop1, plan_.n_cached);
}

void Prefill::step_loop0() {
  const int32_t to = chunk_end(next0_);
  const Step step = rows(next0_, to);
  const StepView view = model_.place(step);
  float* x = model_.hidden(view.n_rows);
  model_.embed(view, x);
  model_.run_loop(0, view, layer_rows(plan_.loop0, next0_, view.n_rows), pages_, x);
  append(step);
  if (plan_.loop1.empty()) {
    keep(next0_, to, x, first_output_, outputs_);
  } else {
    keep(next0_, to, x, plan_.loop1.front().keys_from, exits_);
  }
  n_computed_ += to - next0_;
  next0_ = to;
}

void Prefill::step_loop1() {
  const int32_t to = chunk_end(next1_);
  const Step step = rows(next1_, to);
  const int64_t c = model_.config().hidden_size;
  float* x = exits_.data() + (next1_ - plan_.loop1.front().keys_from) * c;
  model_.run_loop(1, model_.place(step), layer_rows(plan_.loop1, next1_, step.n_rows()), pages_, x);
  keep(next1_, to, x, first_output_, outputs_);
  n_computed_ += to - next1_;
  next1_ = to;
  if (to == static_cast<int32_t>(prompt_.size()))
    sequence_.note_window_keys(plan_.loop1, plan_.n_cached);
}

void Prefill::abandon() {
  if (plan_.loop1.empty() || next1_ == static_cast<int32_t>(prompt_.size())) return;
  // Loop 1 is not through. Either loop 0's work of this prefill goes, or loop 1's of before: keep
  // what costs more.
  const int32_t n_new = sequence_.n_tokens() - plan_.n_cached;
  if (n_new < chunk_tokens_) {
    sequence_.truncate(plan_.n_cached);
  } else {
    sequence_.rewind(sequence_.n_tokens());
  }
}

Step Prefill::rows(int32_t from, int32_t to) const {
  Step step;
  sequence_.add_rows(from, std::span(prompt_).subspan(from, to - from), step);
  return step;
}

int32_t Prefill::chunk_end(int32_t from) const {
  return std::min<int32_t>((from / chunk_tokens_ + 1) * chunk_tokens_,
                           static_cast<int32_t>(prompt_.size()));
}

// Appends the rows of x, slots [from, to), that are at or behind slot `first_kept` to `kept`.
void Prefill::keep(int32_t from, int32_t to, const float* x, int32_t first_kept,
                   DeviceFloats& kept) const {
  const int32_t first_row = std::clamp(first_kept - from, 0, to - from);
  const int64_t c = model_.config().hidden_size;
  if (first_row < to - from) kept.append(x + first_row * c, (to - from - first_row) * c);
}

}  // namespace rondo::engine
