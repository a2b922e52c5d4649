#include "workspace/syntax_tree.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace rondo::workspace {
namespace {

// Where one is behind `bytes`, from `begin` on. tree-sitter's rows end at LF alone, other than
// Text's lines.
TSPoint point_behind(std::string_view bytes, TSPoint begin) {
  const auto n_rows = static_cast<uint32_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  const auto line_begin = bytes.rfind('\n') + 1;  // 0 where there is none
  const auto column = static_cast<uint32_t>(bytes.size() - line_begin);
  return {.row = begin.row + n_rows, .column = n_rows > 0 ? column : begin.column + column};
}

TSInputEdit edit_between(const Text& before, const Text& after, const Difference& edit) {
  const auto [removed, inserted] = edit;
  const TSPoint start = point_behind(before.slice({.begin = 0, .end = removed.begin}), {});
  return {.start_byte = static_cast<uint32_t>(removed.begin),
          .old_end_byte = static_cast<uint32_t>(removed.end),
          .new_end_byte = static_cast<uint32_t>(inserted.end),
          .start_point = start,
          .old_end_point = point_behind(before.slice(removed), start),
          .new_end_point = point_behind(after.slice(inserted), start)};
}

const char* read_text(void* payload, uint32_t offset, TSPoint, uint32_t* n_bytes) {
  const std::string& bytes = static_cast<const Text*>(payload)->bytes();
  const size_t begin = std::min<size_t>(offset, bytes.size());
  *n_bytes = static_cast<uint32_t>(bytes.size() - begin);
  return bytes.data() + begin;
}

// Where `tree` is not what `edited`, the tree before it after the edit, was; and the edit itself.
std::vector<ByteRange> changed_ranges(const TSTree* edited, const TSTree* tree,
                                      const Difference& edit) {
  std::vector<ByteRange> changed = {edit.inserted};
  uint32_t n_ranges = 0;
  TSRange* ranges = ts_tree_get_changed_ranges(edited, tree, &n_ranges);
  for (uint32_t i = 0; i < n_ranges; ++i) {
    changed.push_back({.begin = ranges[i].start_byte, .end = ranges[i].end_byte});
  }
  std::free(ranges);
  return changed;
}

bool must_end(TSParseState* state) {
  return !static_cast<const WorkLimits*>(state->payload)->check().ok();
}

}  // namespace

Status WorkLimits::check() const {
  if (stop.stop_requested()) return cancelled_error("parsing was cancelled");
  if (deadline && std::chrono::steady_clock::now() >= *deadline) {
    return unavailable_error("parsing took longer than it was given");
  }
  return {};
}

void TreeDeleter::operator()(TSTree* tree) const { ts_tree_delete(tree); }
void Parser::Deleter::operator()(TSParser* parser) const { ts_parser_delete(parser); }

Parser::Parser() : parser_(ts_parser_new()) {}
Parser::~Parser() = default;

Result<SyntaxTree> Parser::parse(const Language& language, TextSnapshot text,
                                 const SyntaxTree* before, const WorkLimits& limits) {
  CHECK(language.grammar != nullptr, "only languages with a grammar are parsed");
  CHECK(text->size() < (int64_t{1} << 31), "tree-sitter counts bytes in 32 bits");
  const bool fits = ts_parser_set_language(parser_.get(), language.grammar());
  CHECK(fits, "the grammar was built for this tree-sitter");

  std::unique_ptr<TSTree, TreeDeleter> edited;
  SyntaxTree tree;
  if (before != nullptr) {
    edited.reset(ts_tree_copy(before->tree.get()));
    tree.edit = difference(*before->text, *text);
    const TSInputEdit edit = edit_between(*before->text, *text, tree.edit);
    ts_tree_edit(edited.get(), &edit);
  }
  const TSInput input = {.payload = const_cast<Text*>(text.get()),
                         .read = read_text,
                         .encoding = TSInputEncodingUTF8,
                         .decode = nullptr};
  const TSParseOptions options = {.payload = const_cast<WorkLimits*>(&limits),
                                  .progress_callback = must_end};
  tree.text = std::move(text);
  tree.tree.reset(ts_parser_parse_with_options(parser_.get(), edited.get(), input, options));
  if (tree.tree == nullptr) {
    ts_parser_reset(parser_.get());
    Status ended = limits.check();
    return ended.ok() ? internal_error("tree-sitter gave no tree") : ended;
  }
  if (edited != nullptr) tree.changed = changed_ranges(edited.get(), tree.tree.get(), tree.edit);
  return tree;
}

}  // namespace rondo::workspace
