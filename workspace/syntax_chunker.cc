#include "workspace/syntax_chunker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "workspace/block_builder.h"
#include "workspace/symbol_name.h"

namespace rondo::workspace {
namespace {

// Containers nested deeper are not looked into: their text belongs to the run around them.
constexpr int kMaxContainers = 64;
// A run that declares nothing needs two lines and so many letters outside comments to be of
// interest.
constexpr int64_t kMinRunLetters = 16;
// Nodes shorter than this are not looked into for places to cut at.
constexpr int64_t kMinCutNodeBytes = 200;

std::string join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) {
    if (!joined.empty()) joined += '.';
    joined += part;
  }
  return joined;
}

bool is_blank(std::string_view bytes) {
  return bytes.find_first_not_of(" \t\r\n\v\f") == bytes.npos;
}

bool is_letter(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

// Whether the comment is a licence: it would fill the first run of every file with the same words.
bool is_licence(std::string_view comment) {
  for (const std::string_view word : {"opyright", "icense", "SPDX", "LICENSE", "COPYRIGHT"}) {
    if (comment.find(word) != comment.npos) return true;
  }
  return false;
}

// One pass over the containers of a tree, in the order of the text.
class SyntaxChunker {
 public:
  SyntaxChunker(const SyntaxTree& tree, const BlockQuery& query, const ChunkOptions& options)
      : tree_(tree), text_(*tree.text), query_(query), options_(options), builder_(text_) {}

  std::vector<Block> chunk() {
    cut_container(ts_tree_root_node(tree_.tree.get()), {});
    end_run(text_.size());
    return builder_.take();
  }

 private:
  // Where a container stands.
  struct Place {
    std::vector<std::string> path;  // names of what is around it
    bool in_type = false;           // its functions are methods
    int n_containers = 0;           // around it

    Place inside(const std::vector<std::string>& names, bool is_type) const {
      Place place = *this;
      place.path.insert(place.path.end(), names.begin(), names.end());
      place.in_type |= is_type;
      ++place.n_containers;
      return place;
    }
  };

  // What the text since done_ will become: a run, or the head of a class.
  struct Run {
    BlockKind kind = BlockKind::kRun;
    std::string name;
    std::string qualified_name;
    std::vector<Defined> defined;
    int64_t comment_bytes = 0;
  };

  void cut_container(TSNode container, const Place& place) {
    const std::vector<Item> items = query_.items_of(container, text_, cursor_);
    if (place.n_containers == 0) skip_licence(items);
    for (size_t i = 0; i < items.size(); ++i) {
      const Item& item = items[i];
      if (item.bytes.begin < done_) continue;  // a comment at the end of a definition's last line
      switch (item.kind) {
        case Capture::kFunction:
        case Capture::kClass:
          if (text_.line_at(item.bytes.begin) == text_.line_at(item.bytes.end)) {
            declare(item);
          } else {
            cut_definition(item,
                           {.begin = definition_begin(items, i), .end = definition_end(items, i)},
                           place);
          }
          break;
        case Capture::kType:
        case Capture::kScope:
          if (place.n_containers < kMaxContainers) {
            cut_container(item.body.value_or(item.node),
                          place.inside(names_of(item), item.kind == Capture::kType));
            leave_scope(item.bytes.end, definition_end(items, i));
          }
          break;
        case Capture::kDefine:
          declare(item);
          break;
        default:
          run_.comment_bytes += item.bytes.size();
      }
    }
  }

  void cut_definition(const Item& item, ByteRange bytes, const Place& place) {
    end_run(bytes.begin);
    const std::vector<std::string> names = names_of(item);
    const Place inside = place.inside(names, item.kind == Capture::kClass);
    std::string name = names.empty() ? "" : names.back();
    std::string qualified_name = join(inside.path);
    if (item.kind == Capture::kFunction) {
      const bool is_method = place.in_type || names.size() > 1;
      builder_.add({.kind = is_method ? BlockKind::kMethod : BlockKind::kFunction,
                    .bytes = bytes,
                    .name = std::move(name),
                    .qualified_name = std::move(qualified_name),
                    .defined = {},
                    .max_bytes = options_.max_block_bytes},
                   [this](ByteRange range) { return borders_in(range); });
      done_ = bytes.end;
      return;
    }
    const Run outer = std::exchange(run_, Run{.kind = BlockKind::kClass,
                                              .name = std::move(name),
                                              .qualified_name = std::move(qualified_name)});
    add_defined(item.defines);
    if (item.body && inside.n_containers < kMaxContainers) cut_container(*item.body, inside);
    end_run(bytes.end);
    run_ = outer;
  }

  // Adds what lies between the last definition and `end`, if it says something.
  void end_run(int64_t end) {
    const ByteRange bytes = {.begin = done_, .end = std::max(done_, end)};
    done_ = bytes.end;
    const bool is_head = run_.kind == BlockKind::kClass;
    if (is_head || is_of_interest(bytes)) {
      builder_.add({.kind = run_.kind,
                    .bytes = bytes,
                    .name = run_.name,
                    .qualified_name = run_.qualified_name,
                    .defined = std::move(run_.defined),
                    .max_bytes = is_head ? options_.max_block_bytes : options_.max_run_bytes},
                   [this](ByteRange range) { return borders_in(range); });
    }
    run_.kind = BlockKind::kRun;
    run_.defined.clear();
    run_.comment_bytes = 0;
  }

  bool is_of_interest(ByteRange bytes) const {
    if (!run_.defined.empty()) return true;
    bytes = trim_blank_lines(text_, bytes);
    if (bytes.empty() || text_.line_at(bytes.begin) == text_.line_at(bytes.end - 1)) return false;
    return count_letters(bytes) - run_.comment_bytes >= kMinRunLetters;
  }

  int64_t count_letters(ByteRange bytes) const {
    const std::string_view text = text_.slice(bytes);
    return std::count_if(text.begin(), text.end(), is_letter);
  }

  // Closing braces of a scope begin no run.
  void leave_scope(int64_t end, int64_t line_end) {
    if (done_ >= end) return;
    const std::string_view text = text_.slice({.begin = done_, .end = end});
    if (std::any_of(text.begin(), text.end(), is_letter)) return;
    done_ = line_end;
    run_.comment_bytes = 0;
  }

  void declare(const Item& item) {
    if (item.name) add_defined({*item.name});
    add_defined(item.defines);
  }

  void add_defined(const std::vector<TSNode>& names) {
    for (const TSNode name : names) {
      std::vector<std::string> parts = symbol_of(name, text_);
      if (parts.empty()) continue;
      run_.defined.push_back({.offset = ts_node_start_byte(name), .name = std::move(parts.back())});
    }
  }

  std::vector<std::string> names_of(const Item& item) const {
    std::vector<std::string> names;
    if (item.owner) names = symbol_of(*item.owner, text_);
    if (!item.name) return names;
    std::vector<std::string> own = symbol_of(*item.name, text_);
    names.insert(names.end(), own.begin(), own.end());
    return names;
  }

  // The start of the line if nothing but blanks stands before `offset`.
  int64_t own_line_begin(int64_t offset) const {
    const int64_t begin = std::max(done_, text_.line_with_end(text_.line_at(offset)).begin);
    return is_blank(text_.slice({.begin = begin, .end = offset})) ? begin : offset;
  }

  // Where items[i] begins, with the comments and attributes that end on the line above what they
  // belong to.
  int64_t definition_begin(const std::vector<Item>& items, size_t i) const {
    int64_t begin = own_line_begin(items[i].bytes.begin);
    for (; i > 0 && items[i - 1].kind == Capture::kAttached; --i) {
      const ByteRange attached = items[i - 1].bytes;
      if (attached.begin < done_ || attached.end > begin) break;
      const bool adjacent = text_.line_at(begin) - text_.line_at(attached.end) <= 1 &&
                            is_blank(text_.slice({.begin = attached.end, .end = begin}));
      const int64_t attached_begin = own_line_begin(attached.begin);
      const bool after_code =
          attached_begin == attached.begin && attached_begin != done_ &&
          text_.position_at(attached_begin, PositionEncoding::kUtf8).character != 0;
      if (!adjacent || after_code) break;
      begin = attached_begin;
    }
    return begin;
  }

  // Where items[i] ends, with the rest of its last line if that is a separator or a comment.
  int64_t definition_end(const std::vector<Item>& items, size_t i) const {
    int64_t end = items[i].bytes.end;
    const int64_t line = text_.line_at(end);
    int64_t line_end = text_.line(line).end;
    if (i + 1 < items.size() && items[i + 1].kind == Capture::kAttached) {
      const ByteRange comment = items[i + 1].bytes;
      if (comment.begin < line_end && is_separator({.begin = end, .end = comment.begin})) {
        end = comment.end;
        line_end = text_.line(text_.line_at(end)).end;
      }
    }
    if (!is_separator({.begin = end, .end = line_end})) return items[i].bytes.end;
    return text_.line_with_end(text_.line_at(line_end)).end;
  }

  bool is_separator(ByteRange range) const {
    const std::string_view bytes = text_.slice(range);
    return bytes.find_first_not_of(" \t;,") == bytes.npos;
  }

  // Leaves out the comments that the file begins with when they are a licence.
  void skip_licence(const std::vector<Item>& items) {
    int64_t end = 0;
    for (const Item& item : items) {
      const bool continues =
          end == 0 || is_blank(text_.slice({.begin = end, .end = item.bytes.begin}));
      if (item.kind != Capture::kAttached || !continues) break;
      if (end != 0 && text_.line_at(item.bytes.begin) - text_.line_at(end) > 1) break;
      end = item.bytes.end;
    }
    if (is_licence(text_.slice({.begin = 0, .end = end}))) done_ = end;
  }

  // Where the nodes begin that begin a line inside `range`; outer nodes and those below a blank
  // line first.
  std::vector<Border> borders_in(ByteRange range) const {
    std::vector<Border> borders;
    TSTreeCursor cursor = ts_tree_cursor_new(ts_tree_root_node(tree_.tree.get()));
    add_borders(cursor, range, 0, borders);
    ts_tree_cursor_delete(&cursor);
    return borders;
  }

  void add_borders(TSTreeCursor& cursor, ByteRange range, int32_t depth,
                   std::vector<Border>& borders) const {
    const auto from = static_cast<uint32_t>(range.begin);
    if (ts_tree_cursor_goto_first_child_for_byte(&cursor, from) < 0) return;
    do {
      const TSNode node = ts_tree_cursor_current_node(&cursor);
      const int64_t begin = ts_node_start_byte(node);
      if (begin >= range.end) break;
      add_border(begin, range, depth, borders);
      if (ts_node_end_byte(node) - begin >= kMinCutNodeBytes && depth < kMaxContainers) {
        add_borders(cursor, range, depth + 1, borders);
      }
    } while (ts_tree_cursor_goto_next_sibling(&cursor));
    ts_tree_cursor_goto_parent(&cursor);
  }

  void add_border(int64_t node_begin, ByteRange range, int32_t depth,
                  std::vector<Border>& borders) const {
    const int64_t line = text_.line_at(node_begin);
    const int64_t begin = text_.line_with_end(line).begin;
    if (begin <= range.begin || (!borders.empty() && begin <= borders.back().offset)) return;
    if (!is_blank(text_.slice({.begin = begin, .end = node_begin}))) return;
    const bool below_blank = is_blank(text_.slice(text_.line(line - 1)));
    borders.push_back({.offset = begin, .depth = 2 * depth + (below_blank ? 0 : 1)});
  }

  const SyntaxTree& tree_;
  const Text& text_;
  const BlockQuery& query_;
  const ChunkOptions& options_;
  QueryCursor cursor_;
  BlockBuilder builder_;
  int64_t done_ = 0;  // what lies before is in a Block, or in none
  Run run_;
};

}  // namespace

std::vector<Block> chunk_syntax(const SyntaxTree& tree, const BlockQuery& query,
                                const ChunkOptions& options) {
  return SyntaxChunker(tree, query, options).chunk();
}

}  // namespace rondo::workspace
