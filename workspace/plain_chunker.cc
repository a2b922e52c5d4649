#include "workspace/plain_chunker.h"

#include <cctype>
#include <string>

#include "workspace/block_builder.h"

namespace rondo::workspace {
namespace {

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\v\f") == line.npos; }

// Lines begin Blocks: those of depth 0 below a blank line, then other lines.
std::vector<Border> paragraph_borders(const Text& text, ByteRange range) {
  std::vector<Border> borders;
  const int64_t last = text.line_at(range.end);
  for (int64_t line = text.line_at(range.begin) + 1; line <= last; ++line) {
    const bool below_blank = is_blank(text.slice(text.line(line - 1)));
    borders.push_back({.offset = text.line(line).begin, .depth = below_blank ? 0 : 1});
  }
  return borders;
}

// "2026-11-22T06:43:01", "Nov 22 06:43:01", "[1763793781.004]", "06:43:01.5", "I1122 06:43:01"
// somewhere near the start.
bool has_time_stamp(std::string_view line) {
  const std::string_view head = line.substr(0, 48);
  const auto digit = [&](size_t i) {
    return i < head.size() && std::isdigit(static_cast<unsigned char>(head[i]));
  };
  if (head.empty() || head[0] == ' ' || head[0] == '\t') return false;
  for (size_t i = 0; i < head.size(); ++i) {
    const bool clock = digit(i) && digit(i + 1) && head.substr(i + 2).starts_with(':') &&
                       digit(i + 3) && digit(i + 4);
    const bool date = digit(i) && digit(i + 1) && digit(i + 2) && digit(i + 3) &&
                      i + 4 < head.size() && (head[i + 4] == '-' || head[i + 4] == '/') &&
                      digit(i + 5) && digit(i + 6);
    if (clock || date) return true;
  }
  size_t n_digits = 0;  // seconds since the epoch, or since the start, in brackets
  while (digit(head[0] == '[' ? n_digits + 1 : n_digits)) ++n_digits;
  return n_digits >= 10 ||
         (head[0] == '[' && head.find_first_not_of("[ 0123456789.") != head.npos &&
          head[head.find_first_not_of("[ 0123456789.")] == ']');
}

std::vector<Border> entry_borders(const Text& text, ByteRange range) {
  std::vector<Border> borders;
  const int64_t last = text.line_at(range.end);
  for (int64_t line = text.line_at(range.begin) + 1; line <= last; ++line) {
    const ByteRange bytes = text.line(line);
    borders.push_back({.offset = bytes.begin, .depth = has_time_stamp(text.slice(bytes)) ? 0 : 1});
  }
  return borders;
}

// The words of "## Heading ##"; empty for other lines.
std::string_view heading_of(std::string_view line) {
  const size_t level = std::min(line.find_first_not_of('#'), line.size());
  if (level == 0 || level > 6 || level == line.size() ||
      (line[level] != ' ' && line[level] != '\t'))
    return {};
  const size_t begin = line.find_first_not_of(" \t", level);
  const size_t end = line.find_last_not_of(" \t#");
  if (begin == line.npos || end == line.npos || end < begin) return {};
  return line.substr(begin, end + 1 - begin);
}

std::vector<Block> chunk_markdown(const Text& text, const ChunkOptions& options) {
  BlockBuilder builder(text);
  Draft section{.kind = BlockKind::kSection, .max_bytes = options.max_run_bytes};
  const auto end_section = [&](int64_t end) {
    section.bytes.end = end;
    builder.add(section, [&](ByteRange range) { return paragraph_borders(text, range); });
  };
  bool in_fence = false;
  for (int64_t line = 0; line < text.line_count(); ++line) {
    const ByteRange bytes = text.line(line);
    const std::string_view words = text.slice(bytes);
    if (words.starts_with("```") || words.starts_with("~~~")) in_fence = !in_fence;
    const std::string_view heading = in_fence ? std::string_view() : heading_of(words);
    if (heading.empty()) continue;
    end_section(bytes.begin);
    section.bytes.begin = bytes.begin;
    section.name = heading;
    section.qualified_name = heading;
  }
  end_section(text.size());
  return builder.take();
}

}  // namespace

std::vector<Block> chunk_plain(const Text& text, Chunking chunking, const ChunkOptions& options) {
  if (chunking == Chunking::kMarkdown) return chunk_markdown(text, options);
  const bool is_log = chunking == Chunking::kLog;
  BlockBuilder builder(text);
  builder.add({.kind = is_log ? BlockKind::kLogGroup : BlockKind::kText,
               .bytes = {.begin = 0, .end = text.size()},
               .max_bytes = options.max_run_bytes},
              [&](ByteRange range) {
                return is_log ? entry_borders(text, range) : paragraph_borders(text, range);
              });
  return builder.take();
}

}  // namespace rondo::workspace
