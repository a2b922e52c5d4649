#include "bench/bodies.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "base/characters.h"
#include "bench/random.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"

namespace rondo::bench {
namespace {

constexpr int64_t kMinLines = 2;
constexpr int64_t kMaxLines = 8;
constexpr int64_t kMaxBytes = 400;
constexpr int64_t kMinPrefixBytes = 100;

// The lines between a function's opening and its closing one.
std::optional<workspace::ByteRange> body_of(const workspace::Text& text,
                                            const workspace::Block& block) {
  const auto line = [&](int64_t i) { return trimmed(text.slice(text.line(i)), " \t"); };
  int64_t first = block.first_line;
  while (first <= block.last_line && line(first).find(block.name) == std::string_view::npos) {
    ++first;
  }
  while (first <= block.last_line && !line(first).ends_with('{') && !line(first).ends_with(':')) {
    ++first;
  }
  int64_t last = block.last_line;
  if (line(last).starts_with('}')) --last;
  ++first;
  if (last - first + 1 < kMinLines || last - first + 1 > kMaxLines) return std::nullopt;
  const workspace::ByteRange range = {.begin = text.line(first).begin, .end = text.line(last).end};
  const std::string_view opening = text.slice(text.line(first));
  const size_t indentation = opening.find_first_not_of(" \t");
  if (indentation == opening.npos || range.size() > kMaxBytes) return std::nullopt;
  return workspace::ByteRange{range.begin + static_cast<int64_t>(indentation), range.end};
}

}  // namespace

std::vector<Hole> cut_bodies(const Corpus& corpus, int64_t n_holes, uint64_t seed) {
  workspace::BlockQueries queries;
  workspace::Chunker chunker(queries);
  std::map<Group, std::vector<Hole>> by_group;
  for (size_t r = 0; r < corpus.repositories.size(); ++r) {
    const std::vector<CorpusFile>& files = corpus.repositories[r].files;
    for (size_t f = 0; f < files.size(); ++f) {
      const auto text = std::make_shared<const workspace::Text>(files[f].text);
      const auto chunked =
          chunker.chunk(workspace::language_of_file(files[f].path, text->bytes()), text);
      if (!chunked.ok()) continue;
      for (const workspace::Block& block : chunked->blocks) {
        const bool is_function = block.kind == workspace::BlockKind::kFunction ||
                                 block.kind == workspace::BlockKind::kMethod;
        if (!is_function || block.part != 0 || block.name.empty()) continue;
        const auto body = body_of(*text, block);
        if (!body || body->begin < kMinPrefixBytes) continue;
        by_group[files[f].group].push_back({HoleKind::kBody, static_cast<int64_t>(r),
                                            static_cast<int64_t>(f), body->begin, body->end});
      }
    }
  }
  Random random(seed);
  for (auto& [group, holes] : by_group) random.shuffle(holes);
  std::vector<Hole> chosen;
  bool more = true;
  for (size_t i = 0; more && static_cast<int64_t>(chosen.size()) < n_holes; ++i) {
    more = false;
    for (const auto& [group, holes] : by_group) {
      if (i >= holes.size() || static_cast<int64_t>(chosen.size()) == n_holes) continue;
      chosen.push_back(holes[i]);
      more = true;
    }
  }
  std::sort(chosen.begin(), chosen.end(), [](const Hole& a, const Hole& b) {
    return std::tie(a.repository, a.file, a.begin) < std::tie(b.repository, b.file, b.begin);
  });
  return chosen;
}

}  // namespace rondo::bench
