#include "engine/placed_step.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "engine/page_pool.h"

namespace rondo::engine {
namespace {

using kernels::PageRef;
using kernels::QuerySpan;

constexpr int64_t kFirstBytes = 1 << 20;

// Pages behind own_pages that the rows of `span` may see.
int32_t n_own_pages(const QuerySpan& span) {
  return pages_for(span.first_slot + span.n_rows) - span.first_own_page;
}

int32_t most_entries(std::span<const QuerySpan> spans) {
  int32_t n = 0;
  for (const QuerySpan& span : spans) {
    n = std::max(n, span.n_context + n_own_pages(span));
  }
  return n;
}

LoopView view_of(const std::vector<int32_t>& slots, const std::vector<QuerySpan>& spans) {
  return {.slots = slots.data(),
          .spans = spans.data(),
          .n_spans = static_cast<int32_t>(spans.size()),
          .n_entries = most_entries(spans)};
}

// Puts arrays one behind the other into a block, and knows where they will lie in its copy.
class Writer {
 public:
  Writer(std::byte* bytes, std::byte* copy) : bytes_(bytes), copy_(copy) {}

  template <class T>
  const T* add(const T* from, int64_t n) {
    size_ = (size_ + alignof(T) - 1) / alignof(T) * alignof(T);
    std::byte* to = bytes_ + size_;
    const T* place = reinterpret_cast<const T*>(copy_ + size_);
    size_ += static_cast<size_t>(n) * sizeof(T);
    if (n > 0) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    return place;
  }
  int64_t size() const { return static_cast<int64_t>(size_); }

 private:
  std::byte* bytes_;
  std::byte* copy_;
  size_t size_ = 0;
};

// The spans come before what they point to: their place depends on how many there are alone.
void add_tables(std::vector<QuerySpan>& spans, Writer& writer) {
  for (QuerySpan& span : spans) {
    span.context = writer.add(span.context, span.n_context);
    span.own_pages = writer.add(span.own_pages, n_own_pages(span));
  }
}

// Of all arrays, with what their alignment may cost.
int64_t bytes_of(const Step& step) {
  int64_t n =
      step.n_rows() * int64_t{4} * 4 + std::ssize(step.draws) * int64_t{sizeof(kernels::Draw)} + 64;
  for (const auto* spans : {&step.base_spans, &step.window_spans}) {
    for (const QuerySpan& span : *spans) {
      n += static_cast<int64_t>(sizeof(QuerySpan)) + span.n_context * int64_t{sizeof(PageRef)} +
           n_own_pages(span) * int64_t{4};
    }
  }
  return n;
}

}  // namespace

StepView PlacedStep::place(const Step& step) {
  if (!device_->is_cpu()) return send(step);
  return {.n_rows = step.n_rows(),
          .tokens = step.tokens.data(),
          .positions = step.positions.data(),
          .base = view_of(step.base_slots, step.base_spans),
          .window = view_of(step.window_slots, step.window_spans),
          .draws = step.draws.empty() ? nullptr : step.draws.data()};
}

StepView PlacedStep::send(const Step& step) {
  const int64_t n_bytes = bytes_of(step);
  if (n_bytes > memory_.size()) {
    Result<DeviceMemory> larger = device_->allocate(std::max(2 * n_bytes, kFirstBytes));
    if (!larger.ok()) {
      device_->fail(larger.status());
      return {};
    }
    memory_ = std::move(*larger);
    ++epoch_;
  }
  PinnedBuffer& staging = staging_[next_++ % staging_.size()];
  std::byte* bytes = staging.claim(n_bytes);
  if (bytes == nullptr) return {};
  Writer writer(bytes, memory_.data());
  const auto add = [&](const auto& values) {
    return writer.add(values.data(), std::ssize(values));
  };
  StepView view = {.n_rows = step.n_rows(),
                   .tokens = add(step.tokens),
                   .positions = add(step.positions),
                   .base = view_of(step.base_slots, step.base_spans),
                   .window = view_of(step.window_slots, step.window_spans)};
  view.base.slots = add(step.base_slots);
  view.window.slots = add(step.window_slots);
  if (!step.draws.empty()) view.draws = add(step.draws);
  // Room for the spans now, their bytes when their tables' places are known.
  std::vector<QuerySpan> base = step.base_spans, window = step.window_spans;
  view.base.spans = add(base);
  view.window.spans = add(window);
  add_tables(base, writer);
  add_tables(window, writer);
  const auto fill = [&](const QuerySpan* place, const std::vector<QuerySpan>& spans) {
    const auto at = reinterpret_cast<const std::byte*>(place) - memory_.data();
    if (!spans.empty()) std::memcpy(bytes + at, spans.data(), spans.size() * sizeof(QuerySpan));
  };
  fill(view.base.spans, base);
  fill(view.window.spans, window);
  device_->copy(memory_.data(), bytes, writer.size());
  staging.mark();
  return view;
}

}  // namespace rondo::engine
