#include "engine/sequence.h"

#include <algorithm>

#include "base/check.h"

namespace rondo::engine {
namespace {

using kernels::kPageTokens;

int32_t slot_in(const PageList& pages, int32_t first_page, int32_t slot) {
  return pages[slot / kPageTokens - first_page] * kPageTokens + slot % kPageTokens;
}

}  // namespace

Sequence::Sequence(const ModelConfig& config, PagePool& pool,
                   std::vector<std::shared_ptr<const Segment>> segments)
    : config_(config), segments_(std::move(segments)), base_pages_(pool), window_pages_(pool) {
  std::sort(segments_.begin(), segments_.end(),
            [](const auto& a, const auto& b) { return a->key < b->key; });
  for (const auto& segment : segments_) {
    int32_t n_left = segment->n_kept;
    for (int32_t i = 0; i < segment->pages.size(); ++i, n_left -= kPageTokens) {
      context_.push_back({.page = segment->pages[i], .n_valid = std::min(n_left, kPageTokens)});
    }
    n_segment_tokens_ += segment->n_kept;
  }
  if (config_.n_loops > 1) valid_from_.assign(config_.n_layers, 0);
}

int32_t Sequence::n_matching(std::span<const int32_t> prompt) const {
  const auto end =
      std::mismatch(tokens_.begin(), tokens_.end(), prompt.begin(), prompt.end()).first;
  return static_cast<int32_t>(end - tokens_.begin());
}

void Sequence::adopt(std::span<const int32_t> tokens, std::span<const int32_t> pages) {
  CHECK(tokens_.empty() && base_pages_.size() == 0, "a sequence that has tokens adopts pages");
  CHECK(tokens.size() == pages.size() * kPageTokens, "a page that is adopted is not full");
  for (const int32_t page : pages) base_pages_.share(page);
  append(tokens, RowFamily::kManyRows);
  n_shared_pages_ = static_cast<int32_t>(pages.size());
  if (config_.n_loops > 1) rewind(n_tokens());
}

const PageList& Sequence::share(int32_t n_pages) {
  CHECK(n_pages <= n_tokens() / kPageTokens, "a page that is shared is not full");
  n_shared_pages_ = std::max(n_shared_pages_, n_pages);
  return base_pages_;
}

void Sequence::append(std::span<const int32_t> tokens, RowFamily family) {
  if (family == RowFamily::kManyRows && n_of_many_rows_ == n_tokens())
    n_of_many_rows_ += static_cast<int32_t>(tokens.size());
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

// What comes next is written to pages of its own.
void Sequence::forget_behind(int32_t n_tokens) {
  CHECK(n_tokens >= n_shared() || n_tokens % kPageTokens == 0, "a shared page would be written to");
  tokens_.resize(n_tokens);
  n_of_many_rows_ = std::min(n_of_many_rows_, n_tokens);
  if (n_tokens >= n_shared()) return;
  n_shared_pages_ = n_tokens / kPageTokens;
  base_pages_.shrink(n_shared_pages_);
}

void Sequence::begin_window(int32_t slot) {
  const int32_t first_page = slot / kPageTokens;
  if (config_.n_loops == 1 || first_page <= first_window_page_) return;
  window_pages_.drop_front(std::min(first_page - first_window_page_, window_pages_.size()));
  move_window(first_page);
}

void Sequence::move_window(int32_t first_page) {
  first_window_page_ = first_page;
  for (int32_t& from : valid_from_) from = std::max(from, first_page * kPageTokens);
}

bool Sequence::reserve(int32_t n_tokens) {
  const int32_t n_pages = pages_for(n_tokens);
  if (!base_pages_.grow(n_pages)) return false;
  return config_.n_loops == 1 || window_pages_.grow(n_pages - first_window_page_);
}

bool Sequence::reserve(int32_t n_tokens, int32_t n_window) {
  if (config_.n_loops == 1 || n_window >= n_tokens) return reserve(n_tokens);
  // A window may begin and end within a page.
  return base_pages_.grow(pages_for(n_tokens)) && window_pages_.grow(pages_for(n_window) + 1);
}

void Sequence::slide_window(int32_t slot) {
  const int32_t n_gone = slot / kPageTokens - first_window_page_;
  if (config_.n_loops == 1 || n_gone <= 0) return;
  window_pages_.move_to_back(std::min(n_gone, window_pages_.size()));
  move_window(first_window_page_ + n_gone);
}

void Sequence::truncate(int32_t n_tokens) {
  CHECK(n_tokens <= this->n_tokens(), "a sequence is truncated to fewer tokens");
  if (config_.n_loops > 1 && n_tokens < first_window_page_ * kPageTokens) return rewind(n_tokens);
  forget_behind(n_tokens);
  for (int32_t& from : valid_from_) from = std::min(from, n_tokens);
}

void Sequence::rewind(int32_t n_tokens) {
  forget_behind(n_tokens);
  window_pages_.shrink(0);
  first_window_page_ = n_tokens / kPageTokens;
  std::fill(valid_from_.begin(), valid_from_.end(), n_tokens);
}

void Sequence::note_window_keys(std::span<const LayerRange> ranges, int32_t n_cached) {
  for (int32_t l = 0; l < config_.n_layers; ++l) {
    const bool joins = ranges[l].keys_from == n_cached && valid_from_[l] <= n_cached;
    if (!joins) valid_from_[l] = std::max(ranges[l].keys_from, first_window_page_ * kPageTokens);
  }
}

void Sequence::trim(int32_t n_window_kept) {
  base_pages_.shrink(pages_for(n_tokens()));
  if (config_.n_loops == 1) return;
  window_pages_.shrink(std::max(pages_for(n_tokens()) - first_window_page_, 0));
  begin_window(std::max(n_tokens() - n_window_kept, 0));
}

void Sequence::add_rows(int32_t from, std::span<const int32_t> tokens, Step& step) const {
  const auto n_rows = static_cast<int32_t>(tokens.size());
  const int32_t offset = config_.segment ? config_.segment->active_position_offset : 0;
  kernels::QuerySpan span = {.first_row = step.n_rows(),
                             .n_rows = n_rows,
                             .first_slot = from,
                             .context = context_.data(),
                             .n_context = static_cast<int32_t>(context_.size()),
                             .own_pages = base_pages_.data(),
                             .first_own_page = 0};
  step.base_spans.push_back(span);
  span.context = nullptr;
  span.n_context = 0;
  span.own_pages = window_pages_.data();
  span.first_own_page = first_window_page_;
  const bool in_window = from >= first_window_page_ * kPageTokens;
  if (config_.n_loops > 1 && in_window) step.window_spans.push_back(span);
  for (int32_t slot = from; slot < from + n_rows; ++slot) {
    step.tokens.push_back(tokens[slot - from]);
    step.positions.push_back(offset + slot);
    step.base_slots.push_back(slot_in(base_pages_, 0, slot));
    if (config_.n_loops == 1) continue;
    step.window_slots.push_back(in_window ? slot_in(window_pages_, first_window_page_, slot) : -1);
  }
}

}  // namespace rondo::engine
