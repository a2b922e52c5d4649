#include "bench/holes.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/characters.h"
#include "bench/pools.h"
#include "bench/random.h"

namespace rondo::bench {
namespace {

constexpr int64_t kMinCharacters = 4;  // white space at both ends not counted
constexpr int64_t kMaxCharacters = 120;
constexpr int64_t kMinPrefixCharacters = 100;
constexpr int64_t kMaxTries = 2000;  // for one hole

struct Span {
  int64_t begin = 0;
  int64_t end = 0;
};

bool continues_character(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

bool is_space(char c) { return c == ' ' || c == '\t'; }

int64_t n_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); });
}

std::string_view strip(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The lines of a text, without their line feeds.
std::vector<Span> lines_of(std::string_view text) {
  std::vector<Span> lines;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back({static_cast<int64_t>(begin), static_cast<int64_t>(end)});
    begin = end + 1;
  }
  return lines;
}

// The places in `line`, behind its first character that is no space and before its end, where a
// word or a sign ends.
std::vector<int64_t> borders(std::string_view line, int64_t indentation) {
  std::vector<int64_t> places;
  for (auto i = static_cast<size_t>(indentation); i + 1 < line.size(); ++i) {
    const bool ends = !is_space(line[i]) && !(is_word_byte(line[i]) && is_word_byte(line[i + 1]));
    if (ends) places.push_back(static_cast<int64_t>(i) + 1);
  }
  return places;
}

std::optional<int64_t> cut_point(std::string_view line, int64_t indentation, Random& random) {
  if (random.percent(60)) {
    const std::vector<int64_t> places = borders(line, indentation);
    if (places.empty()) return std::nullopt;
    return places[random.below(static_cast<int64_t>(places.size()))];
  }
  const auto size = static_cast<int64_t>(line.size());
  int64_t place = indentation + 1 + random.below(size - indentation - 1);
  while (place < size && continues_character(line[place])) ++place;
  return place;
}

// A hole of `kind` in the line, when it has room for one.
std::optional<Span> cut_line(std::string_view text, Span line, HoleKind kind, Random& random) {
  const std::string_view bytes = text.substr(line.begin, line.end - line.begin);
  const auto indentation =
      static_cast<int64_t>(std::find_if_not(bytes.begin(), bytes.end(), is_space) - bytes.begin());
  if (line.end - line.begin - indentation < 3) return std::nullopt;
  std::optional<int64_t> place = random.percent(65) ? indentation : 0;
  if (kind == HoleKind::kRest) place = cut_point(bytes, indentation, random);
  if (!place) return std::nullopt;
  const int64_t n_middle = n_characters(strip(bytes.substr(*place)));
  if (n_middle < kMinCharacters || n_middle > kMaxCharacters) return std::nullopt;
  if (n_characters(text.substr(0, line.begin + *place)) < kMinPrefixCharacters) return std::nullopt;
  return Span{line.begin + *place, line.end};
}

// A file of the pool, drawn by size.
int64_t draw_file(const Corpus& corpus, const Pool& pool, Random& random) {
  const std::vector<CorpusFile>& files = corpus.repositories[pool.repository].files;
  int64_t n_bytes = 0;
  for (const int64_t file : pool.files) n_bytes += static_cast<int64_t>(files[file].text.size());
  int64_t byte = random.below(n_bytes);
  for (const int64_t file : pool.files) {
    byte -= static_cast<int64_t>(files[file].text.size());
    if (byte < 0) return file;
  }
  return pool.files.back();
}

using Line = std::tuple<int64_t, int64_t, int64_t>;  // repository, file, end

std::optional<Hole> draw_hole(const Corpus& corpus, const Pool& pool, HoleKind kind,
                              Random& random) {
  const int64_t file = draw_file(corpus, pool, random);
  const std::string& text = corpus.repositories[pool.repository].files[file].text;
  const std::vector<Span> lines = lines_of(text);
  const Span line = lines[random.below(static_cast<int64_t>(lines.size()))];
  const std::optional<Span> span = cut_line(text, line, kind, random);
  if (!span) return std::nullopt;
  return Hole{kind, pool.repository, file, span->begin, span->end};
}

}  // namespace

std::vector<Hole> cut_holes(const Corpus& corpus, int64_t n_holes, uint64_t seed) {
  const std::vector<std::vector<Pool>> groups = pools_by_group(corpus);
  Random random(seed);
  std::vector<Hole> holes;
  std::set<Line> taken;
  const auto n_groups = static_cast<int64_t>(groups.size());
  for (int64_t i = 0; n_groups > 0 && i < n_holes; ++i) {
    // i counts kinds fastest, then groups, then the repositories of a group.
    const HoleKind kind = i % 2 == 0 ? HoleKind::kRest : HoleKind::kLine;
    const std::vector<Pool>& pools = groups[i / 2 % n_groups];
    const Pool& pool = pools[i / 2 / n_groups % static_cast<int64_t>(pools.size())];
    for (int64_t tries = 0; tries < kMaxTries; ++tries) {
      const std::optional<Hole> hole = draw_hole(corpus, pool, kind, random);
      if (!hole || !taken.insert({hole->repository, hole->file, hole->end}).second) continue;
      holes.push_back(*hole);
      break;
    }
  }
  std::sort(holes.begin(), holes.end(), [](const Hole& a, const Hole& b) {
    return std::tie(a.repository, a.file, a.begin) < std::tie(b.repository, b.file, b.begin);
  });
  return holes;
}

std::string cut_text(std::string_view text, const Hole& hole) {
  std::string cut(text.substr(0, hole.begin));
  cut += text.substr(hole.end);
  return cut;
}

std::string_view line_of(std::string_view text, const Hole& hole) {
  const size_t before = text.substr(0, hole.begin).rfind('\n');
  const size_t begin = before == text.npos ? 0 : before + 1;
  return text.substr(begin, hole.end - begin);
}

bool cuts_word(std::string_view text, const Hole& hole) {
  return is_word_byte(text[hole.begin - 1]) && is_word_byte(text[hole.begin]);
}

}  // namespace rondo::bench
