#include "bench/pools.h"

#include <utility>

namespace rondo::bench {
namespace {

constexpr int64_t kMinShare = 50;

std::vector<Pool> pools_of(const Corpus& corpus, Group group) {
  std::vector<Pool> pools;
  for (size_t r = 0; r < corpus.repositories.size(); ++r) {
    Pool pool{static_cast<int64_t>(r), {}};
    const std::vector<CorpusFile>& files = corpus.repositories[r].files;
    int64_t bytes = 0, all_bytes = 0;
    for (size_t f = 0; f < files.size(); ++f) {
      const auto size = static_cast<int64_t>(files[f].text.size());
      all_bytes += size;
      if (files[f].group != group) continue;
      bytes += size;
      pool.files.push_back(static_cast<int64_t>(f));
    }
    if (bytes * kMinShare > all_bytes) pools.push_back(std::move(pool));
  }
  return pools;
}

}  // namespace

std::vector<std::vector<Pool>> pools_by_group(const Corpus& corpus) {
  std::vector<std::vector<Pool>> groups;
  for (const Group group : kGroups) {
    std::vector<Pool> pools = pools_of(corpus, group);
    if (!pools.empty()) groups.push_back(std::move(pools));
  }
  return groups;
}

}  // namespace rondo::bench
