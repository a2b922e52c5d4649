// CompiledRecipe: a recipe that is ready to look at files: its queries compiled for each of its
// languages, its templates taken apart.
//
// Thread: immutable after compile(); any thread, each with a cursor of its own.
#pragma once

#include <tree_sitter/api.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assist/query_predicate.h"
#include "assist/recipe.h"
#include "assist/recipe_template.h"
#include "assist/stray_names.h"
#include "assist/text_edits.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/languages.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {

// What of a match only a model can write.
struct MatchHole {
  size_t edit = 0;             // the one of RuleMatch::edits that it is in
  workspace::ByteRange range;  // in the text of that edit: empty, or what is to be rewritten
  const RecipeEdit* made = nullptr;
  const Regex* must = nullptr;  // the whole answer matches it; null: any does
  std::vector<std::string> choices;
};

// A place that a rule would change; all of its edits are made, or none.
struct RuleMatch {
  const Rule* rule = nullptr;
  workspace::ByteRange range;   // of the edits together
  std::vector<TextEdit> edits;  // in the order of the text
  std::optional<MatchHole> hole;
};

// A place that a rule had to leave as it is.
struct LeftMatch {
  const Rule* rule = nullptr;
  int64_t line = 0;    // counted from 1
  std::string reason;  // a part of a sentence: "unpacks its arguments"
};

// What a recipe finds in a text.
struct Findings {
  std::string guarded;             // why the whole file stays as it is; else empty
  std::vector<RuleMatch> matches;  // outer before inner, in the order of the text
  std::vector<LeftMatch> left;
};

enum class Guards { kAsked, kIgnored };

struct FindOptions {
  std::string_view path;  // of the file; what other files say of its names is told by it
  Guards guards = Guards::kAsked;
};

class CompiledRecipe {
 public:
  // Errors: InvalidArgument, with file and line.
  static Result<std::shared_ptr<const CompiledRecipe>> compile(Recipe recipe);

  const Recipe& recipe() const { return recipe_; }

  // Whether the recipe is about this file: its language, its path, and whether it has one of the
  // words that every match needs.
  bool is_about(std::string_view path, std::string_view text) const;

  // Errors: ResourceExhausted when a query or regular expression finds no end in this text.
  Result<Findings> find(const workspace::SyntaxTree& tree, const workspace::Language& language,
                        const workspace::QueryCursor& cursor, const FindOptions& options) const;

  // The Blocks of a text, without what they refer to.
  std::vector<workspace::Block> blocks(const workspace::SyntaxTree& tree,
                                       const workspace::Language& language) const;

 private:
  // Which part of the recipe a pattern of a query belongs to.
  struct Pattern {
    enum class Role { kNames, kGuard, kRule };
    Role role = Role::kRule;
    size_t index = 0;  // in names, guards or rules
    std::vector<Predicate> predicates;
  };
  struct QueryDeleter {
    void operator()(TSQuery* query) const { ts_query_delete(query); }
  };
  // All queries of the recipe as one, for one grammar.
  struct LanguageQuery {
    std::unique_ptr<TSQuery, QueryDeleter> query;
    std::vector<Pattern> patterns;
    std::vector<std::string> capture_names;  // by tree-sitter's id
  };
  // What stands before and behind the hole; a template is all head.
  struct CompiledEdit {
    RecipeTemplate head;
    RecipeTemplate tail;
    std::optional<Regex> must;
  };
  struct CompiledRule {
    std::optional<Regex> regex;
    std::vector<CompiledEdit> edits;  // as the rule's
  };
  // A query in the text that is compiled.
  struct Source {
    Pattern::Role role;
    size_t index = 0;
    const RecipeText* text = nullptr;
    size_t begin = 0;  // in the joined text
  };
  struct RawMatch {
    size_t pattern = 0;
    Captures captures;
  };
  struct Look;  // one find() on its way

  bool concerns(std::string_view path) const;
  explicit CompiledRecipe(Recipe recipe) : recipe_(std::move(recipe)) {}
  Status compile_rules();
  Result<CompiledEdit> compile_edit(const RecipeEdit& edit) const;
  Result<RecipeTemplate> compile_template(const RecipeText& with, std::string_view text) const;
  Status compile_globs();
  std::vector<Source> sources(std::string& joined) const;
  Result<LanguageQuery> compile_query(const workspace::Language& language) const;
  Result<std::vector<Predicate>> predicates_of(const TSQuery* query, uint32_t pattern,
                                               const Source& source) const;
  Status check_captures(const LanguageQuery& query) const;
  Result<std::vector<RawMatch>> raw_matches(const LanguageQuery& query,
                                            const workspace::SyntaxTree& tree,
                                            const workspace::QueryCursor& cursor) const;
  void add_match(const Look& look, size_t rule, const Captures& captures, Findings& found) const;
  Result<RuleMatch> match_of(const Look& look, size_t rule, const Captures& captures) const;
  Result<std::string> filled(const Look& look, const CompiledEdit& edit, const Captures& captures,
                             workspace::ByteRange target, workspace::ByteRange& hole) const;
  Status add_regex_matches(const Look& look, size_t rule, Findings& found) const;
  void add_blocks(const Look& look, const workspace::SyntaxTree& tree,
                  const workspace::Language& language, size_t rule, Findings& found) const;

  Recipe recipe_;
  std::vector<CompiledRule> rules_;
  std::vector<Regex> globs_;
  std::map<const workspace::Language*, LanguageQuery> queries_;
  bool needs_names_ = false;
  const std::unique_ptr<workspace::NameQueries> names_ =
      std::make_unique<workspace::NameQueries>();  // locked inside, as are
  const std::unique_ptr<workspace::BlockQueries> block_queries_ =
      std::make_unique<workspace::BlockQueries>();
};

}  // namespace rondo::assist
