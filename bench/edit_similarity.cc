#include "bench/edit_similarity.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace rondo::bench {

double edit_similarity(std::string_view a, std::string_view b) {
  if (a.empty() && b.empty()) return 1;
  std::vector<int64_t> row(b.size() + 1);  // [k]: distance of what was seen of a and k bytes of b
  std::iota(row.begin(), row.end(), int64_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = static_cast<int64_t>(i) + 1;
    for (size_t k = 0; k < b.size(); ++k) {
      const int64_t replaced = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k + 1] + 1, row[k] + 1});
    }
  }
  const auto longer = static_cast<double>(std::max(a.size(), b.size()));
  return 1 - static_cast<double>(row.back()) / longer;
}

}  // namespace rondo::bench
