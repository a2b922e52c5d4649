#include "workspace/text.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>

#include "base/check.h"

namespace rondo::workspace {
namespace {

struct Character {
  int64_t n_bytes;
  int64_t n_utf16;
};

// The character at the front of `bytes` (not empty). The ranges are table 3-7 of the Unicode
// standard.
Character first_character(std::string_view bytes) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = byte(0);
  size_t length = 1;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  size_t n = 1;
  for (; n < length && n < bytes.size() && byte(n) >= low && byte(n) <= high; ++n) {
    low = 0x80;
    high = 0xBF;
  }
  return {.n_bytes = static_cast<int64_t>(n), .n_utf16 = n == 4 ? 2 : 1};
}

// The number of bytes < 0x80 at the front of `bytes`, in whole words.
int64_t ascii_words(std::string_view bytes) {
  size_t n = 0;
  for (uint64_t word; n + sizeof word <= bytes.size(); n += sizeof word) {
    std::memcpy(&word, bytes.data() + n, sizeof word);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return static_cast<int64_t>(n);
}

bool is_ascii(std::string_view bytes) {
  const auto tail = static_cast<size_t>(ascii_words(bytes));
  return std::all_of(bytes.begin() + tail, bytes.end(),
                     [](char c) { return static_cast<uint8_t>(c) < 0x80; });
}

// Appends where lines begin in (from, to]: after each LF, and after each CR that no LF follows.
void find_lines(std::string_view bytes, int64_t from, int64_t to, std::vector<int64_t>& begins) {
  const bool has_cr = std::memchr(bytes.data() + from, '\r', to - from) != nullptr;
  if (!has_cr) {
    const char* const end = bytes.data() + to;
    for (const char* p = bytes.data() + from; p != end;) {
      p = static_cast<const char*>(std::memchr(p, '\n', end - p));
      if (p == nullptr) return;
      begins.push_back(++p - bytes.data());
    }
    return;
  }
  for (int64_t i = from; i < to; ++i) {
    const bool ends_line =
        bytes[i] == '\n' || (bytes[i] == '\r' && !bytes.substr(i + 1).starts_with('\n'));
    if (ends_line) begins.push_back(i + 1);
  }
}

// The code units of `bytes`; or, when they are more than `limit`, those of the longest run of whole
// characters that has at most `limit`. Only for kUtf16 and kUtf32.
struct Counted {
  int64_t n_bytes = 0;
  int64_t n_units = 0;
};
Counted count_units(std::string_view bytes, int64_t limit, PositionEncoding encoding) {
  Counted counted;
  while (counted.n_bytes < static_cast<int64_t>(bytes.size())) {
    const std::string_view rest = bytes.substr(counted.n_bytes);
    const int64_t n_ascii = std::min(ascii_words(rest.substr(0, 4096)), limit - counted.n_units);
    counted.n_bytes += n_ascii;
    counted.n_units += n_ascii;
    if (n_ascii > 0) continue;
    const Character next = first_character(rest);
    const int64_t n_units = encoding == PositionEncoding::kUtf16 ? next.n_utf16 : 1;
    if (counted.n_units + n_units > limit) break;
    counted.n_bytes += next.n_bytes;
    counted.n_units += n_units;
  }
  return counted;
}

// Edits change a few bytes of long texts: what is equal is compared in pieces.
constexpr size_t kComparedBytes = 256;

// With how many equal bytes both begin. REQUIRES: a is not longer than b.
int64_t common_front(std::string_view a, std::string_view b) {
  size_t n = 0;
  while (n + kComparedBytes <= a.size() &&
         a.substr(n, kComparedBytes) == b.substr(n, kComparedBytes))
    n += kComparedBytes;
  return std::mismatch(a.begin() + n, a.end(), b.begin() + n).first - a.begin();
}

// With how many they end. REQUIRES: a is not longer than b.
int64_t common_back(std::string_view a, std::string_view b) {
  size_t n = 0;
  while (n + kComparedBytes <= a.size() &&
         a.substr(a.size() - n - kComparedBytes, kComparedBytes) ==
             b.substr(b.size() - n - kComparedBytes, kComparedBytes))
    n += kComparedBytes;
  return std::mismatch(a.rbegin() + n, a.rend(), b.rbegin() + n).first - a.rbegin();
}

// The start of the character that holds `offset`. Only a lead byte at most 3 bytes before can begin
// it.
int64_t character_begin(std::string_view bytes, int64_t offset) {
  if (offset == static_cast<int64_t>(bytes.size())) return offset;
  for (int64_t back = 1; back <= 3 && back <= offset; ++back) {
    if (static_cast<uint8_t>(bytes[offset - back + 1]) >> 6 != 2) break;  // not a continuation byte
    if (first_character(bytes.substr(offset - back)).n_bytes > back) return offset - back;
  }
  return offset;
}

}  // namespace

Text::Text(std::string bytes)
    : bytes_(std::move(bytes)), line_begins_{0}, ascii_(is_ascii(bytes_)) {
  find_lines(bytes_, 0, size(), line_begins_);
}

std::string_view Text::slice(ByteRange range) const {
  CHECK(0 <= range.begin && range.begin <= range.end && range.end <= size(),
        "range inside the text");
  return std::string_view(bytes_).substr(range.begin, range.size());
}

int64_t Text::line_at(int64_t offset) const {
  return std::upper_bound(line_begins_.begin(), line_begins_.end(), offset) - line_begins_.begin() -
         1;
}

ByteRange Text::line_with_end(int64_t line) const {
  const bool last = line + 1 == line_count();
  return {.begin = line_begins_[line], .end = last ? size() : line_begins_[line + 1]};
}

ByteRange Text::line(int64_t line) const {
  ByteRange range = line_with_end(line);
  if (line + 1 == line_count()) return range;
  const std::string_view bytes = slice(range);
  range.end -= bytes.ends_with("\r\n") ? 2 : 1;
  return range;
}

int64_t Text::offset_at(Position position, PositionEncoding encoding) const {
  if (position.line < 0) return 0;
  if (position.line >= line_count()) return size();
  const ByteRange range = line(position.line);
  const int64_t character = std::max<int64_t>(position.character, 0);
  if (ascii_ || encoding == PositionEncoding::kUtf8) {
    if (character >= range.size()) return range.end;
    return character_begin(bytes_, range.begin + character);
  }
  return range.begin + count_units(slice(range), character, encoding).n_bytes;
}

Position Text::position_at(int64_t offset, PositionEncoding encoding) const {
  const int64_t line_number = line_at(offset);
  const ByteRange range = line(line_number);
  const int64_t end = character_begin(bytes_, std::min(offset, range.end));
  if (ascii_ || encoding == PositionEncoding::kUtf8) {
    return {.line = line_number, .character = end - range.begin};
  }
  const std::string_view before = slice({.begin = range.begin, .end = end});
  constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  return {.line = line_number, .character = count_units(before, kNoLimit, encoding).n_units};
}

// Lines that begin at or before the first changed byte, and those that begin after the byte behind
// the change, depend on no changed byte; only those between are looked for.
Text Text::replace(ByteRange range, std::string_view with) const {
  CHECK(0 <= range.begin && range.begin <= range.end && range.end <= size(),
        "range inside the text");
  std::string bytes;
  bytes.reserve(bytes_.size() - range.size() + with.size());
  bytes.append(bytes_, 0, range.begin).append(with).append(bytes_, range.end);

  const int64_t shift = static_cast<int64_t>(with.size()) - range.size();
  const auto kept = std::lower_bound(line_begins_.begin() + 1, line_begins_.end(), range.begin);
  const auto moved = std::upper_bound(kept, line_begins_.end(), range.end);
  std::vector<int64_t> begins;
  begins.reserve(line_begins_.size() + 16);
  begins.assign(line_begins_.begin(), kept);
  find_lines(bytes, std::max<int64_t>(range.begin - 1, 0), range.end + shift, begins);
  std::transform(moved, line_begins_.end(), std::back_inserter(begins),
                 [shift](int64_t begin) { return begin + shift; });
  const bool ascii = ascii_ && is_ascii(with);
  return Text(std::move(bytes), std::move(begins), ascii);
}

Difference difference(const Text& before, const Text& after) {
  const std::string_view a = before.bytes();
  const std::string_view b = after.bytes();
  const size_t shorter = std::min(a.size(), b.size());
  const int64_t n_front = common_front(a.substr(0, shorter), b);
  const int64_t n_back = common_back(a.substr(a.size() - (shorter - n_front)), b);
  return {.removed = {n_front, before.size() - n_back},
          .inserted = {n_front, after.size() - n_back}};
}

std::string with_lf(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const bool crlf = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (!crlf) lines += text[i] == '\r' ? '\n' : text[i];
  }
  return lines;
}

}  // namespace rondo::workspace
