// Text: the bytes of one document, immutable, with an index of its lines.
//
// Bytes are kept as given, valid UTF-8 or not. Lines end at LF, CRLF or a lone CR. A "character" is
// a well-formed UTF-8 sequence; bytes that are not well-formed count as editors show them, one
// U+FFFD for each maximal ill-formed subpart (Unicode 3.9), so that a position means the same place
// here and in the editor.
//
// Thread: immutable; any thread reads. Ownership: snapshots are shared as shared_ptr<const Text>.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::workspace {

// The code unit in which Position::character counts.
enum class PositionEncoding {
  kUtf8,   // bytes
  kUtf16,  // UTF-16 code units: 2 for a character beyond U+FFFF
  kUtf32,  // characters
};

// A place between two characters. Both numbers count from 0.
struct Position {
  int64_t line = 0;
  int64_t character = 0;  // code units from the start of the line

  auto operator<=>(const Position&) const = default;
};

struct PositionRange {
  Position begin;
  Position end;  // exclusive

  bool operator==(const PositionRange&) const = default;
};

struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;  // exclusive

  int64_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
  // Whether the two share a byte.
  bool overlaps(ByteRange other) const { return begin < other.end && other.begin < end; }

  bool operator==(const ByteRange&) const = default;
};

class Text {
 public:
  Text() : Text(std::string()) {}
  explicit Text(std::string bytes);

  const std::string& bytes() const { return bytes_; }
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }
  // REQUIRES: 0 <= range.begin <= range.end <= size().
  std::string_view slice(ByteRange range) const;

  // At least 1: a text that ends with a line end has an empty last line.
  int64_t line_count() const { return static_cast<int64_t>(line_begins_.size()); }
  // The line that holds the byte at `offset`; line ends belong to the line they end. O(log lines).
  // REQUIRES: 0 <= offset <= size().
  int64_t line_at(int64_t offset) const;
  // The bytes of a line without, or with, its line end. REQUIRES: 0 <= line < line_count().
  ByteRange line(int64_t line) const;
  ByteRange line_with_end(int64_t line) const;

  // The byte offset of a position. Any position is valid: one before the text or a line means its
  // start, a character beyond the end of its line the line's end, a line beyond the last the end of
  // the text, and a place inside a character (between the halves of a surrogate pair, between the
  // bytes of a sequence) that character's start.
  int64_t offset_at(Position position, PositionEncoding encoding) const;
  // The position of a byte offset; an offset inside a character means the character's start, one
  // inside a line end the end of the line's text. REQUIRES: 0 <= offset <= size().
  Position position_at(int64_t offset, PositionEncoding encoding) const;

  // This text with the bytes of `range` replaced. REQUIRES: as for slice().
  Text replace(ByteRange range, std::string_view with) const;

  bool operator==(const Text& other) const { return bytes_ == other.bytes_; }

 private:
  Text(std::string bytes, std::vector<int64_t> line_begins, bool ascii)
      : bytes_(std::move(bytes)), line_begins_(std::move(line_begins)), ascii_(ascii) {}

  std::string bytes_;
  std::vector<int64_t> line_begins_;  // offset of the first byte of each line
  bool ascii_ = true;                 // false: there may be bytes >= 0x80
};

using TextSnapshot = std::shared_ptr<const Text>;

// What changed between two texts, as one piece: `after` has the bytes `inserted` where `before` has
// `removed`. Both begin at the same offset.
struct Difference {
  ByteRange removed;
  ByteRange inserted;
};

Difference difference(const Text& before, const Text& after);

// `text` with LF for every line end: what models read.
std::string with_lf(std::string_view text);

}  // namespace rondo::workspace
