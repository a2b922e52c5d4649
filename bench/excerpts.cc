#include "bench/excerpts.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "bench/pools.h"
#include "bench/random.h"

namespace rondo::bench {
namespace {

constexpr int64_t kMinBytes = 800;
constexpr int64_t kMaxBytes = 2000;  // 384 tokens of the embedded model have about 1,300

// Cuts a file into excerpts, from its beginning.
void cut_file(std::string_view text, Excerpt place, std::vector<Excerpt>& excerpts) {
  const auto size = static_cast<int64_t>(text.size());
  while (size - place.begin >= kMinBytes) {
    place.end = size;
    if (size - place.begin > kMaxBytes) {
      const size_t newline = text.rfind('\n', place.begin + kMaxBytes - 1);
      place.end = static_cast<int64_t>(newline) + 1;
    }
    if (place.end - place.begin >= kMinBytes) excerpts.push_back(place);
    place.begin = std::max(place.end, place.begin + 1);
  }
}

// The excerpts of one pool, in random order.
std::vector<Excerpt> excerpts_of(const Corpus& corpus, const Pool& pool, Random& random) {
  std::vector<Excerpt> excerpts;
  for (const int64_t file : pool.files) {
    const std::string& text = corpus.repositories[pool.repository].files[file].text;
    cut_file(text, {.repository = pool.repository, .file = file}, excerpts);
  }
  random.shuffle(excerpts);
  return excerpts;
}

// `n` excerpts of one group: from each pool in turn, as long as it has any.
void take_group(const Corpus& corpus, const std::vector<Pool>& pools, int64_t n, Random& random,
                std::vector<Excerpt>& taken) {
  std::vector<std::vector<Excerpt>> left;
  for (const Pool& pool : pools) left.push_back(excerpts_of(corpus, pool, random));
  bool any = true;
  while (n > 0 && any) {
    any = false;
    for (std::vector<Excerpt>& excerpts : left) {
      if (excerpts.empty() || n == 0) continue;
      taken.push_back(excerpts.back());
      excerpts.pop_back();
      --n;
      any = true;
    }
  }
}

}  // namespace

std::vector<Excerpt> cut_excerpts(const Corpus& corpus, int64_t n_excerpts, uint64_t seed) {
  const std::vector<std::vector<Pool>> groups = pools_by_group(corpus);
  Random random(seed);
  std::vector<Excerpt> taken;
  const auto n_groups = static_cast<int64_t>(groups.size());
  for (int64_t g = 0; g < n_groups; ++g) {
    const int64_t n = n_excerpts * (g + 1) / n_groups - n_excerpts * g / n_groups;
    take_group(corpus, groups[g], n, random, taken);
  }
  std::sort(taken.begin(), taken.end(), [](const Excerpt& a, const Excerpt& b) {
    return std::tie(a.repository, a.file, a.begin) < std::tie(b.repository, b.file, b.begin);
  });
  return taken;
}

}  // namespace rondo::bench
