#include "workspace/text.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>

namespace rondo::workspace {
namespace {

constexpr std::array kEncodings = {PositionEncoding::kUtf8, PositionEncoding::kUtf16,
                                   PositionEncoding::kUtf32};

// ---- A naive model: characters by arithmetic on code points, lines by one loop, conversions by
// walking both.

std::optional<int> decode(std::string_view sequence) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) < 0x80 ? std::optional(byte(0)) : std::nullopt;
  constexpr std::array kLeadBits = {0, 0, 0xC0, 0xE0, 0xF0};
  constexpr std::array kFloor = {0, 0, 0x80, 0x800, 0x10000};
  const int n = static_cast<int>(sequence.size());
  if (byte(0) < kLeadBits[n] || byte(0) >= kLeadBits[n] + (0x80 >> n)) return std::nullopt;
  int code_point = byte(0) - kLeadBits[n];
  for (int i = 1; i < n; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return std::nullopt;
    code_point = code_point * 64 + byte(i) - 0x80;
  }
  const bool valid = code_point >= kFloor[n] && code_point <= 0x10FFFF &&
                     !(code_point >= 0xD800 && code_point <= 0xDFFF);
  return valid ? std::optional(code_point) : std::nullopt;
}

// Whether some well-formed sequence begins with `part`.
bool begins_sequence(const std::string& part) {
  if (decode(part)) return true;
  if (part.size() == 4) return false;
  for (const char next : {'\x80', '\x8F', '\x90', '\x9F', '\xA0', '\xBF'}) {
    if (begins_sequence(part + next)) return true;
  }
  return false;
}

struct Unit {
  int64_t begin, end, utf16;
};

std::vector<Unit> naive_characters(const std::string& bytes) {
  std::vector<Unit> units;
  for (size_t at = 0; at < bytes.size();) {
    size_t n = 1;
    while (n < 4 && at + n < bytes.size() && begins_sequence(bytes.substr(at, n + 1))) ++n;
    const auto code_point = decode(bytes.substr(at, n));
    units.push_back({.begin = static_cast<int64_t>(at),
                     .end = static_cast<int64_t>(at + n),
                     .utf16 = code_point.value_or(0) > 0xFFFF ? 2 : 1});
    at += n;
  }
  return units;
}

struct NaiveLine {
  int64_t begin = 0, end = 0;  // without the line end
};

std::vector<NaiveLine> naive_lines(const std::string& bytes) {
  std::vector<NaiveLine> lines(1);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\n' && bytes[i] != '\r') continue;
    lines.back().end = static_cast<int64_t>(i);
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
    lines.push_back({.begin = static_cast<int64_t>(i + 1)});
  }
  lines.back().end = static_cast<int64_t>(bytes.size());
  return lines;
}

int64_t width(const Unit& unit, PositionEncoding encoding) {
  switch (encoding) {
    case PositionEncoding::kUtf8:
      return unit.end - unit.begin;
    case PositionEncoding::kUtf16:
      return unit.utf16;
    case PositionEncoding::kUtf32:
      return 1;
  }
  return 0;
}

void expect_matches_model(const Text& text) {
  const std::vector<NaiveLine> lines = naive_lines(text.bytes());
  const std::vector<Unit> units = naive_characters(text.bytes());
  ASSERT_EQ(text.line_count(), static_cast<int64_t>(lines.size()));
  size_t first = 0;
  for (int64_t line = 0; line < text.line_count(); ++line) {
    const auto [begin, end] = lines[line];
    ASSERT_EQ(text.line(line), (ByteRange{begin, end}));
    while (first < units.size() && units[first].begin < begin) ++first;
    for (const PositionEncoding encoding : kEncodings) {
      int64_t character = 0;
      for (size_t i = first; i < units.size() && units[i].begin < end; ++i) {
        for (int64_t inside = 0; inside < width(units[i], encoding); ++inside) {
          ASSERT_EQ(text.offset_at({line, character + inside}, encoding), units[i].begin);
        }
        for (int64_t offset = units[i].begin; offset < units[i].end; ++offset) {
          ASSERT_EQ(text.position_at(offset, encoding), (Position{line, character}));
        }
        character += width(units[i], encoding);
      }
      ASSERT_EQ(text.offset_at({line, character}, encoding), end);
      ASSERT_EQ(text.offset_at({line, character + 7}, encoding), end);
      ASSERT_EQ(text.position_at(end, encoding), (Position{line, character}));
    }
  }
}

std::string random_bytes(std::mt19937& random, int n_pieces) {
  static const std::array<std::string, 20> kPieces = {
      "a",
      "hello world",
      "\n",
      "\r\n",
      "\r",
      "\t",
      "é",
      "\u4e2d\u6587",
      "😀",
      "👩‍💻",
      "\x80",
      "\xFF",
      "\xC3",
      "\xE4\xB8",
      "\xF0\x9F\x98",
      "\xED\xA0\x80",  // a surrogate half, ill-formed
      "\xC0\x80",      // overlong
      "\xF4\x90\x80\x80",
      std::string("\0", 1),
      "int main() { return 0; }"};
  std::string bytes;
  for (int i = 0; i < n_pieces; ++i) bytes += kPieces[random() % kPieces.size()];
  return bytes;
}

TEST(Text, ConvertsPositionsAsTheNaiveModel) {
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    const std::string bytes = random_bytes(random, static_cast<int>(random() % 40));
    SCOPED_TRACE(testing::PrintToString(bytes));
    expect_matches_model(Text(bytes));
    if (HasFatalFailure()) return;
  }
}

TEST(Text, EditsEqualTextBuiltAnew) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    Text text(random_bytes(random, static_cast<int>(random() % 30)));
    for (int edit = 0; edit < 10; ++edit) {
      int64_t begin = static_cast<int64_t>(random() % (text.size() + 1));
      int64_t end = static_cast<int64_t>(random() % (text.size() + 1));
      if (begin > end) std::swap(begin, end);
      if (random() % 2 == 0) end = std::min(begin + 2, text.size());
      const std::string with = random_bytes(random, static_cast<int>(random() % 4));
      std::string expected = text.bytes();
      expected.replace(begin, end - begin, with);
      text = text.replace({begin, end}, with);
      ASSERT_EQ(text.bytes(), expected);
      expect_matches_model(text);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Text, DifferenceTurnsOneTextIntoTheOther) {
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const Text before(
        random_bytes(random, static_cast<int>(random() % (round % 2 == 0 ? 10 : 2000))));
    const int64_t at = static_cast<int64_t>(random() % (before.size() + 1));
    const int64_t end = std::min<int64_t>(before.size(), at + random() % 9);
    const Text after =
        before.replace({at, end}, random_bytes(random, static_cast<int>(random() % 3)));
    const Difference changed = difference(before, after);
    EXPECT_EQ(changed.removed.begin, changed.inserted.begin);
    EXPECT_LE(changed.removed.size(), end - at);
    EXPECT_EQ(before.replace(changed.removed, after.slice(changed.inserted)), after);
  }
  EXPECT_TRUE(difference(Text("aa"), Text("aa")).removed.empty());
}

TEST(Text, CountsInTheUnitsOfTheEncoding) {
  const Text text("aé😀b");
  EXPECT_EQ(text.position_at(7, PositionEncoding::kUtf8), (Position{0, 7}));
  EXPECT_EQ(text.position_at(7, PositionEncoding::kUtf16), (Position{0, 4}));
  EXPECT_EQ(text.position_at(7, PositionEncoding::kUtf32), (Position{0, 3}));
  EXPECT_EQ(text.offset_at({0, 3}, PositionEncoding::kUtf16), 3) << "between the surrogate halves";
}

TEST(Text, TakesAnyPosition) {
  const Text text("ab\r\ncd");
  for (const PositionEncoding encoding : kEncodings) {
    EXPECT_EQ(text.offset_at({-1, 5}, encoding), 0);
    EXPECT_EQ(text.offset_at({0, -5}, encoding), 0);
    EXPECT_EQ(text.offset_at({0, 99}, encoding), 2) << "before the line end";
    EXPECT_EQ(text.offset_at({1, INT64_MAX}, encoding), 6);
    EXPECT_EQ(text.offset_at({INT64_MAX, INT64_MAX}, encoding), 6);
    EXPECT_EQ(text.position_at(3, encoding), (Position{0, 2})) << "between CR and LF";
  }
  EXPECT_EQ(Text("").line_count(), 1);
  EXPECT_EQ(Text("\n").line_count(), 2);
}

TEST(Text, KeepsLineWithItsEnd) {
  const Text text("a\r\nb\rc\n");
  EXPECT_EQ(text.slice(text.line_with_end(0)), "a\r\n");
  EXPECT_EQ(text.slice(text.line_with_end(1)), "b\r");
  EXPECT_EQ(text.slice(text.line_with_end(2)), "c\n");
  EXPECT_EQ(text.slice(text.line_with_end(3)), "");
  EXPECT_EQ(text.line_at(2), 0);
  EXPECT_EQ(text.line_at(3), 1);
  EXPECT_EQ(text.line_at(text.size()), 3);
}

TEST(Text, EveryLineEndCanBecomeLf) {
  EXPECT_EQ(with_lf("a\r\nb\rc\n\r\r\n"), "a\nb\nc\n\n\n");
  EXPECT_EQ(with_lf(""), "");
}

}  // namespace
}  // namespace rondo::workspace
