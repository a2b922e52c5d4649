// choose: the plain way, by sorting (contract in kernels.h).

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/drawing.h"
#include "kernels/launch.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels::reference {
namespace {

struct Candidate {
  int32_t id = 0;
  uint32_t key = 0;
  uint32_t weight = 0;
};

int32_t likeliest(const float* logits, int32_t n) {
  int32_t best = 0;
  for (int32_t id = 1; id < n; ++id) {
    if (logits[id] > logits[best] || std::isnan(logits[best])) best = id;
  }
  return best;
}

std::vector<Candidate> candidates(const float* logits, int32_t n, float largest, const Draw& draw) {
  const float octaves = octaves_per_unit(draw.temperature);
  std::vector<Candidate> all;
  for (int32_t id = 0; id < n; ++id) {
    const uint32_t key = drawing_key(logits[id], largest, octaves);
    if (key != kNoKey) all.push_back({.id = id, .key = key, .weight = drawing_weight(key)});
  }
  return all;
}

uint64_t total(const std::vector<Candidate>& candidates) {
  return std::accumulate(candidates.begin(), candidates.end(), uint64_t{0},
                         [](uint64_t sum, const Candidate& one) { return sum + one.weight; });
}

// The token that draw.point falls on; `otherwise` when none has weight.
int32_t drawn(std::vector<Candidate> kept, const Draw& draw, int32_t otherwise) {
  std::sort(kept.begin(), kept.end(), [](const Candidate& a, const Candidate& b) {
    return a.key != b.key ? a.key < b.key : a.id < b.id;
  });
  if (draw.top_k > 0 && draw.top_k < std::ssize(kept)) kept.resize(draw.top_k);
  if (draw.top_p < 1) {
    const uint64_t wanted = drawing_target(draw.top_p, total(kept));
    uint64_t covered = 0;
    size_t n = 0;
    while (n < kept.size() && covered < wanted) covered += kept[n++].weight;
    kept.resize(n);
  }
  uint64_t point = high_product(draw.point, total(kept));
  std::sort(kept.begin(), kept.end(),
            [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
  for (const Candidate& one : kept) {
    if (point < one.weight) return one.id;
    point -= one.weight;
  }
  return otherwise;
}

}  // namespace

int choose(const ChooseParams& p, Stream stream) {
  if (!valid(p)) return kBadArguments;
  parallel_for(stream, p.n_rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* logits = p.logits + t * p.n_vocabulary;
      const int32_t best = likeliest(logits, p.n_vocabulary);
      double sum = 0;
      for (int32_t id = 0; id < p.n_vocabulary; ++id) sum += std::exp(logits[id] - logits[best]);
      const Draw draw = p.draws != nullptr ? p.draws[t] : Draw();
      int32_t id = best;
      if (draw.temperature > 0)
        id = drawn(candidates(logits, p.n_vocabulary, logits[best], draw), draw, best);
      p.ids[t] = id;
      p.choices[t] = {.id = id,
                      .log_prob = static_cast<float>(logits[id] - logits[best] - std::log(sum))};
    }
  });
  return kOk;
}

}  // namespace rondo::kernels::reference
