#include "assist/compiled_recipe.h"

#include <algorithm>
#include <utility>

#include "assist/glob.h"

namespace rondo::assist {
namespace {

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

}  // namespace

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
  return std::find(ids.begin(), ids.end(), id) != ids.end() && concerns(path) &&
         contains_any(text, recipe_.contains);
}

bool CompiledRecipe::concerns(std::string_view path) const {
  if (globs_.empty()) return true;
  return std::any_of(globs_.begin(), globs_.end(), [&](const Regex& glob) {
    const auto match = glob.find(path, 0);
    return match.ok() && match->has_value();
  });
}

}  // namespace rondo::assist
