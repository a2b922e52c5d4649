#include "workspace/block_builder.h"

#include <algorithm>

namespace rondo::workspace {
namespace {

constexpr std::string_view kBlank = " \t\r\n\v\f";

// The end of the piece that begins at `begin` and has to end in (earliest, latest].
int64_t piece_end(const Text& text, int64_t begin, int64_t earliest, int64_t latest,
                  const std::vector<Border>& borders) {
  const Border* best = nullptr;
  const auto first =
      std::upper_bound(borders.begin(), borders.end(), earliest,
                       [](int64_t offset, const Border& border) { return offset < border.offset; });
  for (auto it = first; it != borders.end() && it->offset <= latest; ++it) {
    if (best == nullptr || it->depth <= best->depth) best = &*it;
  }
  if (best != nullptr) return best->offset;
  const int64_t line_begin = text.line_with_end(text.line_at(latest)).begin;
  if (line_begin > begin) return line_begin;
  const Position position = text.position_at(latest, PositionEncoding::kUtf8);
  return text.offset_at(position, PositionEncoding::kUtf8);
}

}  // namespace

ByteRange trim_blank_lines(const Text& text, ByteRange range) {
  const std::string_view bytes = text.slice(range);
  const size_t first = bytes.find_first_not_of(kBlank);
  if (first == bytes.npos) return {.begin = range.end, .end = range.end};
  const auto last = static_cast<int64_t>(bytes.find_last_not_of(kBlank));
  const ByteRange first_line = text.line_with_end(text.line_at(range.begin + first));
  const ByteRange last_line = text.line_with_end(text.line_at(range.begin + last));
  return {.begin = std::max(range.begin, first_line.begin),
          .end = std::min(range.end, last_line.end)};
}

std::vector<ByteRange> cut_range(const Text& text, ByteRange range, int64_t max_bytes,
                                 const std::vector<Border>& borders) {
  std::vector<ByteRange> pieces;
  while (range.size() > max_bytes) {
    const int64_t latest = range.begin + max_bytes;
    const int64_t end = piece_end(text, range.begin, latest - max_bytes / 2, latest, borders);
    pieces.push_back({.begin = range.begin, .end = end});
    range.begin = end;
  }
  pieces.push_back(range);
  return pieces;
}

void BlockBuilder::add(Draft draft, const std::function<std::vector<Border>(ByteRange)>& borders) {
  const ByteRange whole = trim_blank_lines(text_, draft.bytes);
  if (whole.empty()) return;
  if (whole.size() <= draft.max_bytes) return add_part(draft, whole, 0);
  int32_t part = 0;
  for (const ByteRange piece : cut_range(text_, whole, draft.max_bytes, borders(whole))) {
    const ByteRange bytes = trim_blank_lines(text_, piece);
    if (!bytes.empty()) add_part(draft, bytes, part++);
  }
}

void BlockBuilder::add_part(const Draft& draft, ByteRange bytes, int32_t part) {
  Block block{.kind = draft.kind,
              .bytes = bytes,
              .first_line = text_.line_at(bytes.begin),
              .last_line = text_.line_at(bytes.end - 1),
              .name = draft.name,
              .qualified_name = draft.qualified_name,
              .defines = {},
              .part = part,
              .hash = hash_text(text_.slice(bytes))};
  for (const Defined& defined : draft.defined) {
    const bool inside = defined.offset >= bytes.begin && defined.offset < bytes.end;
    const auto& names = block.defines;
    if (inside && std::find(names.begin(), names.end(), defined.name) == names.end()) {
      block.defines.push_back(defined.name);
    }
  }
  blocks_.push_back(std::move(block));
}

}  // namespace rondo::workspace
