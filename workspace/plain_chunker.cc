#include "workspace/plain_chunker.h"

#include <algorithm>
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

// Whether a log entry begins here: a date, a time of day or seconds since the epoch or the start
// ("[   12.345678]") stands near the front of the line.
bool has_time_stamp(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t')) return false;
  std::string shape(line.substr(0, 48));
  for (char& c : shape) {
    if (c >= '0' && c <= '9') c = '0';
  }
  for (const char* stamp : {"00:00", "0000-00", "0000/00", "0000000000"}) {
    if (shape.find(stamp) != shape.npos) return true;
  }
  const size_t end = shape.find_first_not_of("[ 0.");
  return shape.starts_with("[") && end != shape.npos && shape[end] == ']';
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
