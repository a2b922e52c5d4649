#include "bench/cases.h"

#include <algorithm>
#include <tuple>

#include "bench/bodies.h"

namespace rondo::bench {
namespace {

constexpr size_t kMinTellingBytes = 16;  // of a line of a body

}  // namespace

std::vector<Hole> cut_cases(const Corpus& corpus, int64_t n_cases, uint64_t seed, Part part) {
  const int64_t n_bodies = n_cases / 3;
  std::vector<Hole> cases = cut_holes(corpus, n_cases - n_bodies, seed);
  for (const Hole& body : cut_bodies(corpus, n_bodies, seed)) cases.push_back(body);
  std::stable_sort(cases.begin(), cases.end(), [](const Hole& a, const Hole& b) {
    return std::tie(a.repository, a.file) < std::tie(b.repository, b.file);
  });
  const auto n = static_cast<int64_t>(cases.size());
  return {cases.begin() + part.begin(n), cases.begin() + part.end(n)};
}

std::vector<std::string> forbidden_lines(std::string_view text, const Hole& hole) {
  std::string_view lines = line_of(text, hole);
  std::vector<std::string> forbidden;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const size_t begin = line.find_first_not_of(" \t");
    const size_t n_bytes = begin == line.npos ? 0 : line.size() - begin;
    if (hole.kind != HoleKind::kBody || n_bytes >= kMinTellingBytes) forbidden.emplace_back(line);
  }
  return forbidden;
}

}  // namespace rondo::bench
