// What a compiled recipe finds in a text.

#include <algorithm>
#include <utility>

#include "assist/compiled_recipe.h"
#include "assist/names_elsewhere.h"

namespace rondo::assist {
namespace {

using workspace::ByteRange;

constexpr uint32_t kMaxOpenMatches = 65'536;  // of a query at one time; more is a query without end

int64_t line_at(std::string_view text, int64_t offset) {
  return 1 + std::count(text.begin(), text.begin() + offset, '\n');
}

bool any_broken(const Captures& captures) {
  return std::any_of(captures.all().begin(), captures.all().end(), [](const Capture& capture) {
    return capture.node && (ts_node_has_error(*capture.node) || ts_node_is_missing(*capture.node));
  });
}

// The blanks that the line of `offset` begins with.
std::string_view indentation_at(std::string_view text, int64_t offset) {
  const size_t begin = offset == 0 ? 0 : text.rfind('\n', static_cast<size_t>(offset) - 1) + 1;
  const size_t end = std::min(text.find_first_not_of(" \t", begin), text.size());
  return text.substr(begin, end - begin);
}

// What a line break of a template becomes there: the text's own, and as deep as the line that the
// template is put into.
std::string line_break_at(std::string_view text, int64_t offset) {
  const size_t end = text.find('\n');
  const bool crlf = end != text.npos && end > 0 && text[end - 1] == '\r';
  return (crlf ? "\r\n" : "\n") + std::string(indentation_at(text, offset));
}

}  // namespace

struct CompiledRecipe::Look {
  std::string_view text;
  CollectedNames names;
  std::optional<StrayNames> stray;  // where the recipe needs them
};

Result<std::vector<CompiledRecipe::RawMatch>> CompiledRecipe::raw_matches(
    const LanguageQuery& query, const workspace::SyntaxTree& tree,
    const workspace::QueryCursor& cursor) const {
  std::vector<RawMatch> all;
  ts_query_cursor_set_match_limit(cursor.get(), kMaxOpenMatches);
  ts_query_cursor_set_byte_range(cursor.get(), 0, UINT32_MAX);  // names may have set another
  ts_query_cursor_exec(cursor.get(), query.query.get(), ts_tree_root_node(tree.tree.get()));
  for (TSQueryMatch match; ts_query_cursor_next_match(cursor.get(), &match);) {
    RawMatch raw{.pattern = match.pattern_index, .captures = {}};
    for (uint16_t i = 0; i < match.capture_count; ++i) {
      const TSQueryCapture& capture = match.captures[i];
      raw.captures.add({.name = query.capture_names[capture.index],
                        .range = range_of(capture.node),
                        .node = capture.node});
    }
    all.push_back(std::move(raw));
  }
  if (ts_query_cursor_did_exceed_match_limit(cursor.get())) {
    return resource_exhausted_error("the recipe's queries find too much here at one time");
  }
  return all;
}

Result<Findings> CompiledRecipe::find(const workspace::SyntaxTree& tree,
                                      const workspace::Language& language,
                                      const workspace::QueryCursor& cursor,
                                      const FindOptions& options) const {
  Findings found;
  const auto query = queries_.find(&language);
  if (query == queries_.end()) return found;
  ASSIGN_OR_RETURN(const std::vector<RawMatch> raw, raw_matches(query->second, tree, cursor));
  Look look{.text = tree.text->bytes(), .names = {}, .stray = {}};
  if (needs_names_) look.stray.emplace(*names_, language, tree, cursor);
  // Calls `use` for the captures of each match of that part whose predicates hold.
  const auto each = [&](Pattern::Role role, size_t index, const auto& use) {
    for (const RawMatch& match : raw) {
      const Pattern& pattern = query->second.patterns[match.pattern];
      if (pattern.role != role || pattern.index != index) continue;
      const bool holds = std::all_of(
          pattern.predicates.begin(), pattern.predicates.end(),
          [&](const Predicate& p) { return p.holds(match.captures, look.text, look.names); });
      if (holds) use(match.captures);
    }
  };
  for (size_t i = 0; i < recipe_.names.size(); ++i) {
    std::vector<NamedPlace> places;
    each(Pattern::Role::kNames, i, [&](const Captures& captures) {
      for (const Capture& capture : captures.named("name")) {
        places.push_back({std::string(slice(look.text, capture.range)), capture.range});
      }
    });
    if (recipe_.names[i].stray) {
      for (const auto& use : look.stray->all()) places.push_back({use.name, use.bytes});
    }
    for (std::string& name : names_in_module(recipe_.names[i].found, options.path)) {
      places.push_back({std::move(name), {}});
    }
    look.names.emplace(recipe_.names[i].name, std::move(places));
  }
  for (size_t i = 0; i < recipe_.guards.size() && options.guards == Guards::kAsked; ++i) {
    each(Pattern::Role::kGuard, i, [&](const Captures& captures) {
      if (found.guarded.empty()) found.guarded = recipe_.guards[i].reason;
    });
  }
  for (size_t i = 0; i < recipe_.rules.size(); ++i) {
    if (rules_[i].regex) RETURN_IF_ERROR(add_regex_matches(look, i, found));
    if (recipe_.rules[i].look == Rule::Look::kBlocks) add_blocks(look, tree, language, i, found);
    each(Pattern::Role::kRule, i,
         [&](const Captures& captures) { add_match(look, i, captures, found); });
  }
  if (found.matches.empty()) found.guarded.clear();  // nothing would have been changed anyway
  std::stable_sort(found.matches.begin(), found.matches.end(),
                   [](const RuleMatch& a, const RuleMatch& b) {
                     if (a.range.begin != b.range.begin) return a.range.begin < b.range.begin;
                     return a.range.end > b.range.end;
                   });
  return found;
}

void CompiledRecipe::add_match(const Look& look, size_t index, const Captures& captures,
                               Findings& found) const {
  const Rule& rule = recipe_.rules[index];
  if (any_broken(captures)) return;
  if (!rule.leave.empty()) {
    const int64_t begin = captures.all().empty() ? 0 : captures.all().front().range.begin;
    found.left.push_back({.rule = &rule, .line = line_at(look.text, begin), .reason = rule.leave});
    return;
  }
  Result<RuleMatch> match = match_of(look, index, captures);
  if (!match.ok()) {
    const auto target = captures.range(rule.edits.front().target);
    const int64_t begin = target ? target->begin : captures.all().front().range.begin;
    found.left.push_back(
        {.rule = &rule, .line = line_at(look.text, begin), .reason = match.status().message()});
    return;
  }
  if (match->edits.empty()) return;
  for (size_t i = 1; i < match->edits.size(); ++i) {
    if (conflict(match->edits[i - 1], match->edits[i])) return;
  }
  match->range = {.begin = match->edits.front().range.begin, .end = match->edits.back().range.end};
  found.matches.push_back(std::move(*match));
}

// The edits of a match in the order of the text. Errors: InvalidArgument, why the place stays.
Result<RuleMatch> CompiledRecipe::match_of(const Look& look, size_t index,
                                           const Captures& captures) const {
  const Rule& rule = recipe_.rules[index];
  RuleMatch match{.rule = &rule};
  ByteRange holed;  // what the edit with the hole replaces
  for (size_t i = 0; i < rule.edits.size(); ++i) {
    const RecipeEdit& edit = rule.edits[i];
    const auto target = captures.range(edit.target);
    if (!target) continue;  // an optional part that is not there
    const CompiledEdit& compiled = rules_[index].edits[i];
    MatchHole hole{.made = &edit, .must = compiled.must ? &*compiled.must : nullptr};
    TextEdit made{.range = *target};
    if (edit.kind == RecipeEdit::Kind::kInstruct) {
      made.with = slice(look.text, *target);
      hole.range = {.begin = 0, .end = target->size()};
    } else {
      ASSIGN_OR_RETURN(made.with, filled(look, compiled, captures, *target, hole.range));
    }
    if (edit.among_similar) {
      hole.choices = look.stray->meant(std::string(slice(look.text, *target)), target->begin);
      if (hole.choices.empty()) return invalid_argument_error("is like no name that is known here");
    }
    if (edit.kind != RecipeEdit::Kind::kTemplate) {
      match.hole = std::move(hole);
      holed = *target;
    } else if (slice(look.text, *target) == made.with) {
      continue;
    }
    match.edits.push_back(std::move(made));
  }
  std::sort(match.edits.begin(), match.edits.end(), [](const TextEdit& a, const TextEdit& b) {
    return a.range.begin != b.range.begin ? a.range.begin < b.range.begin
                                          : a.range.end < b.range.end;
  });
  for (size_t i = 0; match.hole && i < match.edits.size(); ++i) {
    if (match.edits[i].range == holed) match.hole->edit = i;
  }
  return match;
}

// What an edit that is no instruction writes; `hole` becomes where its hole is in that.
Result<std::string> CompiledRecipe::filled(const Look& look, const CompiledEdit& edit,
                                           const Captures& captures, ByteRange target,
                                           ByteRange& hole) const {
  const bool has_lines = edit.head.has_lines() || edit.tail.has_lines();
  const std::string line_break = has_lines ? line_break_at(look.text, target.begin) : std::string();
  ASSIGN_OR_RETURN(std::string text, edit.head.fill(captures, look.text, line_break));
  hole = {.begin = static_cast<int64_t>(text.size()), .end = static_cast<int64_t>(text.size())};
  ASSIGN_OR_RETURN(const std::string tail, edit.tail.fill(captures, look.text, line_break));
  return text + tail;
}

Status CompiledRecipe::add_regex_matches(const Look& look, size_t rule, Findings& found) const {
  const Regex& regex = *rules_[rule].regex;
  for (int64_t from = 0; from <= static_cast<int64_t>(look.text.size());) {
    ASSIGN_OR_RETURN(const auto match, regex.find(look.text, from));
    if (!match) return {};
    Captures captures;
    captures.add({.name = "match", .range = match->whole, .node = std::nullopt});
    for (size_t i = 0; i < match->groups.size(); ++i) {
      if (!match->groups[i]) continue;
      captures.add({.name = regex.group_names()[i], .range = *match->groups[i], .node = {}});
    }
    add_match(look, rule, captures, found);
    from = std::max(match->whole.end, from + 1);
    while (from < static_cast<int64_t>(look.text.size()) && (look.text[from] & 0xC0) == 0x80)
      ++from;
  }
  return {};
}

// Without the blank lines and line ends behind them.
void CompiledRecipe::add_blocks(const Look& look, const workspace::SyntaxTree& tree,
                                const workspace::Language& language, size_t rule,
                                Findings& found) const {
  const std::vector<std::string>& kinds = recipe_.rules[rule].blocks;
  for (const workspace::Block& block : blocks(tree, language)) {
    if (std::find(kinds.begin(), kinds.end(), workspace::kind_name(block.kind)) == kinds.end()) {
      continue;
    }
    const std::string_view text = slice(look.text, block.bytes);
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) continue;
    const size_t last = text.find_last_not_of(" \t\r\n");
    Captures captures;
    captures.add({.name = "match",
                  .range = {.begin = block.bytes.begin + static_cast<int64_t>(first),
                            .end = block.bytes.begin + static_cast<int64_t>(last) + 1},
                  .node = std::nullopt});
    add_match(look, rule, captures, found);
  }
}

std::vector<workspace::Block> CompiledRecipe::blocks(const workspace::SyntaxTree& tree,
                                                     const workspace::Language& language) const {
  return workspace::Chunker(*block_queries_).chunk_tree(language, tree).blocks;
}

}  // namespace rondo::assist
