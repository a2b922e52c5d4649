#include "engine/decoder.h"

#include <algorithm>
#include <span>

#include "base/check.h"

namespace rondo::engine {

bool Decoder::continues(const Batch& batch) const {
  return model_.n_queued() == 0 ||
         std::is_permutation(rows_.begin(), rows_.end(), batch.begin(), batch.end());
}

Decoder::Batch Decoder::step(const Batch& batch, bool may_run_ahead) {
  CHECK(continues(batch), "a step follows one of other rows that was not read");
  if (model_.n_queued() == 0) {
    rows_ = batch;
    queue(StepTokens::kGiven);
  }
  if (may_run_ahead && runs_ahead()) queue(StepTokens::kChosen);
  return take();
}

Decoder::Batch Decoder::land() {
  Batch answered;
  while (model_.n_queued() > 0) {
    const Batch more = take();
    answered.insert(answered.end(), more.begin(), more.end());
  }
  return answered;
}

void Decoder::drop(const Generation& generation) {
  const auto row = std::find(rows_.begin(), rows_.end(), &generation);
  if (row == rows_.end()) return;
  *row = nullptr;
  if (model_.n_queued() > 0) chunk_lane_.follow(model_.device());
}

// Behind what is queued already.
void Decoder::queue(StepTokens tokens) {
  Step step;
  for (const Generation* row : rows_) row->add_row(model_.n_queued(), step);
  model_.queue_decode(step, tokens, pages_);
}

// The CPU has no queue: a step is done when it is queued.
bool Decoder::runs_ahead() const {
  return !model_.device().is_cpu() &&
         std::all_of(rows_.begin(), rows_.end(),
                     [](const Generation* row) { return row->runs_ahead(); });
}

// The step that was queued first, for those who are still there.
Decoder::Batch Decoder::take() {
  const bool some_want_logits = std::any_of(rows_.begin(), rows_.end(), [](const Generation* row) {
    return row != nullptr && row->decoding() && row->wants_logits();
  });
  const auto v = static_cast<size_t>(model_.config().vocab_size);
  logits_.resize(rows_.size() * v);
  if (some_want_logits) model_.read_logits(static_cast<int32_t>(rows_.size()), logits_.data());
  const std::vector<Sample> likeliest = model_.take_choices();
  Batch answered;
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i] == nullptr || !rows_[i]->decoding()) continue;
    if (rows_[i]->take(likeliest[i], std::span(logits_).subspan(i * v, v)))
      answered.push_back(rows_[i]);
  }
  return answered;
}

}  // namespace rondo::engine
