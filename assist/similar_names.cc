#include "assist/similar_names.h"

#include <algorithm>
#include <cstdlib>

namespace rondo::assist {

int edit_distance(std::string_view a, std::string_view b, int limit) {
  const auto n_a = static_cast<int>(a.size());
  const auto n_b = static_cast<int>(b.size());
  if (std::abs(n_a - n_b) > limit) return limit + 1;
  // Rows of the table of distances between beginnings of a and b.
  std::vector<int> above_that(n_b + 1);
  std::vector<int> above(n_b + 1);
  std::vector<int> row(n_b + 1);
  for (int j = 0; j <= n_b; ++j) row[j] = j;
  for (int i = 1; i <= n_a; ++i) {
    std::swap(above_that, above);
    std::swap(above, row);
    row[0] = i;
    for (int j = 1; j <= n_b; ++j) {
      const int changed = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({changed, above[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], above_that[j - 2] + 1);
    }
  }
  return std::min(row[n_b], limit + 1);
}

std::vector<std::string> similar_names(std::string_view name,
                                       const std::vector<std::string>& known) {
  constexpr size_t kLeastBytes = 3;
  constexpr size_t kLongBytes = 8;
  std::vector<std::string> nearest;
  if (name.size() < kLeastBytes) return nearest;
  int limit = name.size() >= kLongBytes ? 2 : 1;
  for (const std::string& other : known) {
    if (other == name || other.size() < kLeastBytes) continue;
    const int distance = edit_distance(name, other, limit);
    if (distance > limit) continue;
    if (distance < limit) nearest.clear();
    limit = distance;
    if (std::find(nearest.begin(), nearest.end(), other) == nearest.end()) nearest.push_back(other);
  }
  return nearest;
}

}  // namespace rondo::assist
