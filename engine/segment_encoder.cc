#include "engine/segment_encoder.h"

#include <algorithm>

namespace rondo::engine {
namespace {

using kernels::kPageTokens;

int32_t n_tokens_of(const SegmentInput& input) {
  return static_cast<int32_t>(input.tokens->size());
}

}  // namespace

bool SegmentEncoder::grow(PageList& pages, int32_t n_tokens) {
  while (!pages.grow(pages_for(n_tokens))) {
    if (!store_.evict_one()) return false;
  }
  return true;
}

bool SegmentEncoder::add(const SegmentInput& input) {
  Job job = {.input = input, .pages = PageList(pages_)};
  if (!grow(job.pages, n_tokens_of(input))) return false;
  copy_beginning(job);
  jobs_.push_back(std::move(job));
  return true;
}

// Whole pages; what lies in the last behind the tokens that agree is written over when they are
// computed, at least the last of them.
void SegmentEncoder::copy_beginning(Job& job) {
  const SegmentStore::Relative relative = store_.nearest(*job.input.tokens);
  job.n_done = std::min(relative.n_equal, n_tokens_of(job.input) - 1);
  for (int32_t i = 0; i < pages_for(job.n_done); ++i) {
    model_.device().copy(pages_.page(job.pages[i]), pages_.page(relative.segment->pages[i]),
                         pages_.page_bytes());
  }
}

void SegmentEncoder::leave_out_beyond(int64_t n_tokens) {
  std::erase_if(jobs_, [&](const Job& job) {
    const int32_t n_left = n_tokens_of(job.input) - job.n_done;
    if (!job.begun && n_left > n_tokens) return true;
    n_tokens -= n_left;
    return false;
  });
}

Step SegmentEncoder::next_step(int32_t max_tokens) {
  Step step;
  for (Job& job : jobs_) {
    const int32_t n_rows =
        std::min(n_tokens_of(job.input) - job.n_done, max_tokens - step.n_rows());
    if (n_rows <= 0) break;
    step.base_spans.push_back({.first_row = step.n_rows(),
                               .n_rows = n_rows,
                               .first_slot = job.n_done,
                               .own_pages = job.pages.data()});
    for (int32_t i = job.n_done; i < job.n_done + n_rows; ++i) {
      step.tokens.push_back((*job.input.tokens)[i]);
      step.positions.push_back(i);
      step.base_slots.push_back(job.pages[i / kPageTokens] * kPageTokens + i % kPageTokens);
    }
    job.n_done += n_rows;
    job.begun = true;
  }
  n_computed_ += step.n_rows();
  // A step of few rows runs on other kernels, whose sums may differ in the last bit. A Segment's
  // K/V must not depend on what it was encoded with, so short steps are filled up.
  while (step.n_rows() <= model_.device().kernels().few_rows) {
    step.tokens.push_back(0);
    step.positions.push_back(0);
    step.base_slots.push_back(-1);
  }
  return step;
}

std::vector<std::shared_ptr<const Segment>> SegmentEncoder::step(int32_t max_tokens) {
  std::vector<std::shared_ptr<const Segment>> complete;
  if (jobs_.empty()) return complete;
  const Step step = next_step(max_tokens);
  std::vector<LayerRows> rows(model_.config().n_layers);
  rows.back().outputs_from = step.n_rows();
  const StepView view = model_.place(step);
  float* x = model_.hidden(view.n_rows);
  model_.embed(view, x);
  model_.run_loop(0, view, rows, pages_, x);
  while (!jobs_.empty() && jobs_.front().n_done == n_tokens_of(jobs_.front().input)) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (auto segment = finish(std::move(job))) complete.push_back(std::move(segment));
  }
  return complete;
}

// A released Segment keeps its head and its anchors, copied into pages of their own.
std::shared_ptr<const Segment> SegmentEncoder::finish(Job job) {
  const int32_t n_tokens = n_tokens_of(job.input);
  const int32_t n_kept = kept_tokens(job.input, n_anchors(model_.config()));
  if (n_kept == n_tokens) return store_.insert(job.input, n_kept, std::move(job.pages));
  PageList kept(pages_);
  if (!grow(kept, n_kept)) return nullptr;
  for (int32_t i = 0; i < n_kept; ++i) {
    const int32_t from = i < job.input.n_released_head ? i : n_tokens - (n_kept - i);
    pages_.copy_token(job.pages[from / kPageTokens] * kPageTokens + from % kPageTokens,
                      kept[i / kPageTokens] * kPageTokens + i % kPageTokens, model_.device());
  }
  return store_.insert(job.input, n_kept, std::move(kept));
}

}  // namespace rondo::engine
