#include "assist/compiled_recipe.h"

#include <algorithm>
#include <utility>

namespace rondo::assist {
namespace {

using workspace::ByteRange;

constexpr uint32_t kMaxOpenMatches = 65'536;  // of a query at one time; more is a query without end

int64_t line_at(std::string_view text, int64_t offset) {
  return 1 + std::count(text.begin(), text.begin() + offset, '\n');
}

// "no node is called 'calll'": what tree-sitter's error kinds mean.
std::string query_problem(TSQueryError error, std::string_view at) {
  const std::string word(at.substr(0, at.find_first_of(" \n()[]:@\"")));
  switch (error) {
    case TSQueryErrorNodeType:
      return "the grammar has no node '" + word + "'";
    case TSQueryErrorField:
      return "the grammar has no field '" + word + "'";
    case TSQueryErrorCapture:
      return "nothing is captured as '@" + word + "'";
    case TSQueryErrorStructure:
      return "the grammar never has this here: '" + std::string(at.substr(0, at.find('\n'))) + "'";
    default:
      return "this is no tree-sitter query from here on: '" +
             std::string(at.substr(0, at.find('\n'))) + "'";
  }
}

// A glob as a regular expression over whole paths; one without '/' is about names.
std::string regex_of_glob(std::string_view glob) {
  std::string regex = glob.find('/') == glob.npos ? "\\A(?:.*/)?" : "\\A";
  for (size_t i = 0; i < glob.size(); ++i) {
    if (glob.substr(i).starts_with("**/")) {
      regex += "(?:.*/)?";
      i += 2;
    } else if (glob.substr(i).starts_with("**")) {
      regex += ".*";
      ++i;
    } else if (glob[i] == '*') {
      regex += "[^/]*";
    } else if (glob[i] == '?') {
      regex += "[^/]";
    } else {
      if (std::string_view(".^$+(){}[]|\\").find(glob[i]) != std::string_view::npos) regex += '\\';
      regex += glob[i];
    }
  }
  return regex + "\\z";
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

constexpr std::string_view kHole = "{hole}";

// Where a template has its hole; npos: nowhere. "{{" is a brace.
size_t find_hole(std::string_view with) {
  for (size_t i = 0; i < with.size(); ++i) {
    if (with.substr(i).starts_with("{{")) {
      ++i;
    } else if (with.substr(i).starts_with(kHole)) {
      return i;
    }
  }
  return with.npos;
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

Result<std::shared_ptr<const CompiledRecipe>> CompiledRecipe::compile(Recipe recipe) {
  std::shared_ptr<CompiledRecipe> compiled(new CompiledRecipe(std::move(recipe)));
  for (const NameSet& set : compiled->recipe_.names) compiled->needs_names_ |= set.stray;
  RETURN_IF_ERROR(compiled->compile_rules());
  RETURN_IF_ERROR(compiled->compile_globs());
  for (const std::string& id : compiled->recipe_.languages) {
    const workspace::Language& language = *workspace::language_by_id(id);
    if (language.grammar == nullptr) {
      return recipe_error(compiled->recipe_, 1, id + " has no grammar; name another language");
    }
    ASSIGN_OR_RETURN(LanguageQuery query, compiled->compile_query(language));
    RETURN_IF_ERROR(compiled->check_captures(query));
    compiled->queries_.emplace(&language, std::move(query));
  }
  return std::shared_ptr<const CompiledRecipe>(std::move(compiled));
}

Status CompiledRecipe::compile_rules() {
  for (const Rule& rule : recipe_.rules) {
    CompiledRule compiled;
    if (rule.look == Rule::Look::kRegex) {
      Result<Regex> regex = Regex::compile(rule.pattern.text);
      if (!regex.ok()) return recipe_error(recipe_, rule.pattern.line, regex.status().message());
      compiled.regex = std::move(*regex);
    }
    int n_holes = 0;
    for (const RecipeEdit& edit : rule.edits) {
      ASSIGN_OR_RETURN(CompiledEdit made, compile_edit(edit));
      compiled.edits.push_back(std::move(made));
      needs_names_ |= edit.among_similar;
      n_holes += edit.kind == RecipeEdit::Kind::kTemplate ? 0 : 1;
    }
    if (n_holes > 1) {
      return recipe_error(recipe_, rule.line, "a rule has one edit that needs a model, not more");
    }
    rules_.push_back(std::move(compiled));
  }
  return {};
}

Result<RecipeTemplate> CompiledRecipe::compile_template(const RecipeText& with,
                                                        std::string_view text) const {
  Result<RecipeTemplate> made = RecipeTemplate::parse(text, recipe_.tables);
  if (!made.ok()) return recipe_error(recipe_, with.line, made.status().message());
  return made;
}

Result<CompiledRecipe::CompiledEdit> CompiledRecipe::compile_edit(const RecipeEdit& edit) const {
  CompiledEdit compiled;
  if (edit.kind != RecipeEdit::Kind::kHole) {
    ASSIGN_OR_RETURN(compiled.head, compile_template(edit.with, edit.with.text));
    return compiled;
  }
  const std::string_view with = edit.with.text;
  const size_t hole = find_hole(with);
  if (hole == with.npos || find_hole(with.substr(hole + kHole.size())) != with.npos) {
    return recipe_error(recipe_, edit.with.line,
                        "'with' of a hole has {hole} once: where the model writes");
  }
  ASSIGN_OR_RETURN(compiled.head, compile_template(edit.with, with.substr(0, hole)));
  ASSIGN_OR_RETURN(compiled.tail, compile_template(edit.with, with.substr(hole + kHole.size())));
  if (!edit.must.text.empty()) {
    Result<Regex> must = Regex::compile("\\A(?:" + edit.must.text + ")\\z");
    if (!must.ok()) return recipe_error(recipe_, edit.must.line, must.status().message());
    compiled.must = std::move(*must);
  }
  return compiled;
}

Status CompiledRecipe::compile_globs() {
  for (const std::string& glob : recipe_.paths) {
    ASSIGN_OR_RETURN(Regex regex, Regex::compile(regex_of_glob(glob)));
    globs_.push_back(std::move(regex));
  }
  return {};
}

// The queries in the order in which they are answered: names, guards, rules.
std::vector<CompiledRecipe::Source> CompiledRecipe::sources(std::string& joined) const {
  std::vector<Source> all;
  const auto add = [&](Pattern::Role role, size_t index, const RecipeText& text) {
    all.push_back({.role = role, .index = index, .text = &text, .begin = joined.size()});
    joined += text.text + "\n";
  };
  for (size_t i = 0; i < recipe_.names.size(); ++i) {
    for (const RecipeText& query : recipe_.names[i].queries) add(Pattern::Role::kNames, i, query);
  }
  for (size_t i = 0; i < recipe_.guards.size(); ++i) {
    add(Pattern::Role::kGuard, i, recipe_.guards[i].query);
  }
  for (size_t i = 0; i < recipe_.rules.size(); ++i) {
    const Rule& rule = recipe_.rules[i];
    if (rule.look == Rule::Look::kQuery) add(Pattern::Role::kRule, i, rule.pattern);
  }
  return all;
}

Result<CompiledRecipe::LanguageQuery> CompiledRecipe::compile_query(
    const workspace::Language& language) const {
  std::string joined;
  const std::vector<Source> all = sources(joined);
  const auto source_at = [&](size_t byte) -> const Source& {
    return *(std::upper_bound(all.begin(), all.end(), byte,
                              [](size_t b, const Source& s) { return b < s.begin; }) -
             1);
  };
  LanguageQuery made;
  uint32_t offset = 0;
  TSQueryError error = TSQueryErrorNone;
  made.query.reset(ts_query_new(language.grammar(), joined.data(),
                                static_cast<uint32_t>(joined.size()), &offset, &error));
  if (made.query == nullptr) {
    const Source& source = source_at(std::min<size_t>(offset, joined.size() - 1));
    const std::string_view before =
        std::string_view(joined).substr(source.begin, offset - source.begin);
    const int64_t line = source.text->line + std::count(before.begin(), before.end(), '\n');
    return recipe_error(recipe_, line,
                        std::string(language.id) + ": " +
                            query_problem(error, std::string_view(joined).substr(offset)));
  }
  const TSQuery* query = made.query.get();
  for (uint32_t id = 0; id < ts_query_capture_count(query); ++id) {
    uint32_t length = 0;
    const char* name = ts_query_capture_name_for_id(query, id, &length);
    made.capture_names.emplace_back(name, length);
  }
  for (uint32_t i = 0; i < ts_query_pattern_count(query); ++i) {
    const Source& source = source_at(ts_query_start_byte_for_pattern(query, i));
    if (joined.compare(ts_query_start_byte_for_pattern(query, i), 2, "(#") == 0) {
      return recipe_error(recipe_, source.text->line,
                          "a condition stands alone here; put it and its pattern into one pair of "
                          "parentheses: ((call) @a (#eq? @a \"b\"))");
    }
    Pattern pattern{.role = source.role, .index = source.index, .predicates = {}};
    ASSIGN_OR_RETURN(pattern.predicates, predicates_of(query, i, source));
    made.patterns.push_back(std::move(pattern));
  }
  return made;
}

Result<std::vector<Predicate>> CompiledRecipe::predicates_of(const TSQuery* query, uint32_t pattern,
                                                             const Source& source) const {
  // Names know those that were collected before them.
  std::vector<std::string> sets;
  const size_t n_sets = source.role == Pattern::Role::kNames ? source.index : recipe_.names.size();
  for (size_t i = 0; i < n_sets; ++i) sets.push_back(recipe_.names[i].name);
  uint32_t n_steps = 0;
  const TSQueryPredicateStep* steps = ts_query_predicates_for_pattern(query, pattern, &n_steps);
  std::vector<Predicate> predicates;
  std::vector<PredicateArgument> words;
  for (uint32_t i = 0; i < n_steps; ++i) {
    if (steps[i].type != TSQueryPredicateStepTypeDone) {
      const bool is_capture = steps[i].type == TSQueryPredicateStepTypeCapture;
      uint32_t length = 0;
      const char* word = is_capture
                             ? ts_query_capture_name_for_id(query, steps[i].value_id, &length)
                             : ts_query_string_value_for_id(query, steps[i].value_id, &length);
      words.push_back({.is_capture = is_capture, .text = std::string(word, length)});
      continue;
    }
    Result<Predicate> predicate = Predicate::parse(words, sets);
    if (!predicate.ok()) {
      return recipe_error(recipe_, source.text->line, predicate.status().message());
    }
    predicates.push_back(std::move(*predicate));
    words.clear();
  }
  return predicates;
}

// Every capture that a rule uses is made by its patterns, or at least by some.
Status CompiledRecipe::check_captures(const LanguageQuery& query) const {
  for (size_t i = 0; i < recipe_.rules.size(); ++i) {
    const Rule& rule = recipe_.rules[i];
    std::vector<std::string> known = query.capture_names;
    if (rules_[i].regex) known = rules_[i].regex->group_names();
    if (rule.look != Rule::Look::kQuery) known.emplace_back("match");
    const auto check = [&](const std::string& name, int64_t line) -> Status {
      if (std::find(known.begin(), known.end(), name) != known.end()) return {};
      return recipe_error(recipe_, line, "nothing is captured as '" + name + "'");
    };
    for (size_t e = 0; e < rule.edits.size(); ++e) {
      RETURN_IF_ERROR(check(rule.edits[e].target, rule.edits[e].line));
      for (const RecipeTemplate* part : {&rules_[i].edits[e].head, &rules_[i].edits[e].tail}) {
        for (const std::string& name : part->captures()) {
          RETURN_IF_ERROR(check(name, rule.edits[e].with.line));
        }
      }
    }
  }
  return {};
}

bool CompiledRecipe::is_about(std::string_view path, std::string_view text) const {
  const std::string_view id = workspace::language_of_file(path, text).id;
  const auto& ids = recipe_.languages;
  return std::find(ids.begin(), ids.end(), id) != ids.end() && concerns(path) && may_match(text);
}

bool CompiledRecipe::concerns(std::string_view path) const {
  if (globs_.empty()) return true;
  return std::any_of(globs_.begin(), globs_.end(), [&](const Regex& glob) {
    const auto match = glob.find(path, 0);
    return match.ok() && match->has_value();
  });
}

bool CompiledRecipe::may_match(std::string_view text) const {
  if (recipe_.contains.empty()) return true;
  return std::any_of(recipe_.contains.begin(), recipe_.contains.end(),
                     [&](const std::string& word) { return text.find(word) != text.npos; });
}

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
                                      const workspace::QueryCursor& cursor, Guards guards) const {
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
    look.names.emplace(recipe_.names[i].name, std::move(places));
  }
  for (size_t i = 0; i < recipe_.guards.size() && guards == Guards::kAsked; ++i) {
    each(Pattern::Role::kGuard, i, [&](const Captures& captures) {
      if (found.guarded.empty()) found.guarded = recipe_.guards[i].reason;
    });
  }
  for (size_t i = 0; i < recipe_.rules.size(); ++i) {
    if (rules_[i].regex) RETURN_IF_ERROR(add_regex_matches(look, i, found));
    if (recipe_.rules[i].look == Rule::Look::kBlocks) {
      RETURN_IF_ERROR(add_blocks(look, tree, language, i, found));
    }
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
Status CompiledRecipe::add_blocks(const Look& look, const workspace::SyntaxTree& tree,
                                  const workspace::Language& language, size_t rule,
                                  Findings& found) const {
  workspace::Chunker chunker(*block_queries_);
  ASSIGN_OR_RETURN(const workspace::Chunked chunked, chunker.chunk(language, tree.text));
  const std::vector<std::string>& kinds = recipe_.rules[rule].blocks;
  for (const workspace::Block& block : chunked.blocks) {
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
  return {};
}

}  // namespace rondo::assist
