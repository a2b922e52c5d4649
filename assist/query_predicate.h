// Predicates: conditions in the queries of recipes, "(#eq? @name \"x\")". docs/refactor.md lists
// them. tree-sitter only keeps them; here they are checked and answered.
//
// Thread: immutable after parsing; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assist/captures.h"
#include "assist/regex.h"
#include "base/status.h"

namespace rondo::assist {

// A name that a query has collected.
struct NamedPlace {
  std::string text;
  workspace::ByteRange range;
};
using CollectedNames = std::map<std::string, std::vector<NamedPlace>, std::less<>>;

// An argument of a predicate: a capture or a text.
struct PredicateArgument {
  bool is_capture = false;
  std::string text;  // without '@'
};

class Predicate {
 public:
  // `words` begins with the predicate's name. `sets` are the names that may be asked for.
  // Errors: InvalidArgument, a sentence.
  static Result<Predicate> parse(const std::vector<PredicateArgument>& words,
                                 const std::vector<std::string>& sets);

  // Whether it holds. Of a capture that is not there, as in an optional part of a pattern,
  // everything does.
  bool holds(const Captures& captures, std::string_view text, const CollectedNames& names) const;

 private:
  enum class Question {
    kEqual,     // @a is the same text as "b" or @b
    kMatch,     // @a has a match of the regular expression "b"
    kAnyOf,     // @a is one of the texts
    kIn,        // @a is in the names "set"
    kInside,    // an ancestor of @a has one of the types
    kParent,    // the parent of @a has one of the types
    kHas,       // @a or a node in it has one of the types
    kChild,     // a child of @a has one of the types
    kOwnLine,   // only blanks stand before @a on its line
    kMentions,  // a variable in @b has the text of @a
    kNamesIn,   // a name of "set" with the text of @a lies in @b
    kOnceIn,    // exactly one does
    kConfined,  // in the innermost ancestor of these types around @b (else in the file), every
                // variable with the text of @a lies in @b, none before @a, and none in a function
                // that @b declares: it may be called before @a
  };

  bool asks(const Capture& capture, const Captures& captures, std::string_view text,
            const CollectedNames& names) const;
  bool has_type(TSNode node) const;
  bool is_confined(const Capture& name, TSNode block, std::string_view text) const;
  int64_t count_names(std::string_view own, std::optional<workspace::ByteRange> in,
                      const CollectedNames& names) const;

  Question question_ = Question::kEqual;
  bool negated_ = false;
  std::string capture_;
  std::string other_;               // another capture
  std::string set_;                 // of names
  std::vector<std::string> texts_;  // texts or types
  std::optional<Regex> regex_;
};

}  // namespace rondo::assist
