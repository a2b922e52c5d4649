// Recipe: a refactoring as a file says it: what to look for, what to write there instead, and what
// is left alone. docs/refactor.md describes the format.
//
// Thread: values and pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "assist/check.h"
#include "base/status.h"

namespace rondo::assist {

// A text of a recipe, and where it stands there.
struct RecipeText {
  std::string text;
  int64_t line = 0;  // of its first character, counted from 1
};

// Names that a query collects in a file before any rule is tried: what it captures as @name.
struct NameSet {
  std::string name;
  std::vector<RecipeText> queries;
  bool stray = false;    // no queries: the names that nothing brings (stray_names.h)
  RecipeText elsewhere;  // no queries: what other files say of its names (names_elsewhere.h)
  std::vector<std::string> contains;  // words; `elsewhere` is looked for where one of them stands
  std::set<std::string> found;        // dotted names, by `elsewhere`
};

// A file in which `query` finds something is left as it is; nothing is said of it where no rule
// would have changed it.
struct Guard {
  RecipeText query;
  std::string reason;  // a part of a sentence: "sets handlers by itself"
};

// What a piece of a file becomes.
struct RecipeEdit {
  enum class Kind {
    kTemplate,  // `with`, its {captures} filled in
    kHole,      // the same, and at {hole} what a model writes that fills in the middle
    kInstruct,  // rewritten by a model that follows `instruction`
  };
  Kind kind = Kind::kTemplate;
  std::string target;  // the capture that is replaced
  RecipeText with;
  std::string instruction;
  // Of holes:
  std::vector<std::string> until;  // the model's text ends before the first of these
  RecipeText must;                 // a regular expression that all of it matches; empty: any text
  int64_t max_tokens = 64;
  bool among_similar = false;  // it is a known name like the one that is replaced (stray_names.h)
  int64_t line = 0;
};

// How a hole may be filled, for the model to see beside the file.
struct RecipeExample {
  std::string path;
  std::string text;
};

struct Rule {
  enum class Look {
    kQuery,  // for what a tree-sitter query matches
    kRegex,  // for what a regular expression (PCRE2) matches; its named groups are captures
    kBlocks  // for Blocks of these kinds (workspace/block.h), each as @match
  };
  std::string name;
  std::string why;  // in reports
  Look look = Look::kQuery;
  RecipeText pattern;
  std::vector<std::string> blocks;
  std::vector<RecipeEdit> edits;
  std::string leave;  // not empty: there are no edits, the places stay, for this part of a sentence
  int64_t line = 0;
};

// Declared edits of a file's imports, made when a rule has changed it.
struct ImportEdit {
  enum class Kind {
    kEnsure,  // `what` is a statement, added when the file uses `name` and does not have it
    kDrop     // `what` is a module: what is imported of it and not used any more goes
  };
  Kind kind = Kind::kEnsure;
  std::string what;
  std::string name;
  int64_t line = 0;
};

struct Recipe {
  std::string file;  // its path, as errors name it
  std::string name;
  std::string about;                   // a sentence
  std::vector<std::string> leaves;     // what it leaves alone, a sentence each
  std::vector<std::string> languages;  // ids of workspace/languages.h
  std::vector<std::string> paths;      // globs; a file must match one. Empty: all files
  std::vector<std::string> contains;   // words; a file must have one. Empty: all files
  std::map<std::string, std::map<std::string, std::string>> tables;  // filters: what becomes what
  std::vector<NameSet> names;
  std::vector<Guard> guards;
  std::vector<Rule> rules;
  std::vector<ImportEdit> imports;
  std::vector<RecipeExample> examples;
  std::vector<Check> checks;  // run only in trees that the user trusts

  // Whether an edit needs a model; whether one needs such a kind of model.
  bool needs_model() const;
  bool needs(RecipeEdit::Kind kind) const;
};

// "Use pathlib instead of os.path" as a recipe: every Block of every language, one after the other,
// is what a model makes of it that follows instructions.
Recipe instruction_recipe(const std::string& instruction);

// The recipe in `text`, the content of `file`. Queries and templates are not looked into: that is
// CompiledRecipe::compile(). Errors: InvalidArgument, as "file:line: what is wrong and what to do".
Result<Recipe> parse_recipe(std::string_view text, std::string_view file);

// Whether `text` has one of `words`, or there are none.
bool contains_any(std::string_view text, const std::vector<std::string>& words);

// "file:line: sentence".
Status recipe_error(const Recipe& recipe, int64_t line, const std::string& sentence);

}  // namespace rondo::assist
