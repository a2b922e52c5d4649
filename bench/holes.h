// Single-line holes: pieces of real code cut out, to see whether the model puts them back. Cut as
// for the tables of the model card.
//
//   rest   from a random point of a line to its end: 60% at a border between words and signs, 40%
//          at any character
//   line   a whole line: 65% without its indentation, 35% with it
//
// Thread: pure functions, the same holes for the same corpus and seed on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/corpus.h"

namespace rondo::bench {

enum class HoleKind {
  kRest,
  kLine,
  kBody,  // of a function (bodies.h)
};

struct Hole {
  HoleKind kind = HoleKind::kRest;
  int64_t repository = 0;  // index into Corpus::repositories
  int64_t file = 0;        // index into Repository::files
  int64_t begin = 0;       // bytes of the file's text; end is the end of a line
  int64_t end = 0;

  bool operator==(const Hole&) const = default;
};

// At most `n_holes` holes, half of each kind, as many in every group that the corpus has, spread
// over its repositories; in the order of the corpus, no two in one line. Middles have 4 to 120
// characters and at least 100 before them. Fewer come back when the corpus has no more.
std::vector<Hole> cut_holes(const Corpus& corpus, int64_t n_holes, uint64_t seed);

// The file as the user would have it before writing the middle.
std::string cut_text(std::string_view text, const Hole& hole);

// The whole line that the hole was cut into; of a body, its lines.
std::string_view line_of(std::string_view text, const Hole& hole);

// Whether the cut goes through a word.
bool cuts_word(std::string_view text, const Hole& hole);

}  // namespace rondo::bench
