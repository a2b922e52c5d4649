// Names: which names a text uses, which it binds, and where they may be used, found by a language's
// query, workspace/queries/*/names.scm. Its captures:
//
//   @use         a name that something has to bind
//   @bind        a name that is bound in the innermost scope around it: parameters, variables,
//   imports
//   @define      the same in the scope around that one: a function's own name
//   @member      a name that is looked up in something else: attributes, keywords, parts of paths
//   @scope       names bound inside are not known outside
//   @class       a scope that functions inside do not look into
//   @everything  an import that brings nobody knows which names
//
// A node that several patterns capture is a member, else bound, else used. Scopes are those of
// functions: a name is known in all of the function that binds it, before it is bound too.
//
// Thread: any; a NameQuery is immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "workspace/syntax_query.h"
#include "workspace/syntax_tree.h"

namespace rondo::workspace {

struct UsedName {
  std::string name;
  ByteRange bytes;

  bool operator==(const UsedName&) const = default;
};

// The names of one text and their scopes.
class NameTable {
 public:
  // The uses of names that no scope around them binds, those with a byte in `range`, in the order
  // of the text.
  std::vector<UsedName> unbound_in(ByteRange range) const;
  // The names that the scopes around `offset` bind, the innermost first, in each by their place.
  std::vector<std::string> bound_at(int64_t offset) const;
  // The names that something outside of `range` uses and no scope around it binds: whatever knows
  // them knows them inside too.
  std::unordered_set<std::string> unbound_outside(ByteRange range) const;
  bool imports_everything() const { return imports_everything_; }

 private:
  friend class NameQuery;
  enum class Kind { kUse, kDefine, kBind, kMember };  // what outranks what
  struct Name {
    std::string name;
    ByteRange bytes;
    Kind kind = Kind::kUse;
    int32_t scope = 0;  // index into scopes_: the innermost around it, or where it is bound
  };
  struct Scope {
    ByteRange bytes;
    int32_t parent = -1;
    bool is_class = false;
    std::unordered_set<std::string> bound;
  };

  void place_scopes();
  int32_t innermost(ByteRange bytes) const;
  void bind_names();
  bool is_bound(const Name& use) const;

  std::vector<Scope> scopes_;  // by where they begin, the outer first; [0] is the whole text
  std::vector<Name> names_;    // in the order of the text
  bool imports_everything_ = false;
};

class NameQuery {
 public:
  // REQUIRES: has_names(language).
  explicit NameQuery(const Language& language);

  // REQUIRES: `tree` is of the query's language.
  NameTable table_of(const SyntaxTree& tree, const QueryCursor& cursor) const;

 private:
  SyntaxQuery query_;
};

// Whether there is a query of names for the language.
bool has_names(const Language& language);

// The names that every text of the language knows, workspace/queries/*/builtins.txt.
std::unordered_set<std::string> builtin_names(const Language& language);

// Queries and builtins of all languages, each made when first asked for, and shared by threads.
// Thread: any.
class NameQueries {
 public:
  // REQUIRES: has_names(language).
  const NameQuery& of(const Language& language) { return entry(language).query; }
  const std::unordered_set<std::string>& builtins_of(const Language& language) {
    return entry(language).builtins;
  }

 private:
  struct Entry {
    NameQuery query;
    std::unordered_set<std::string> builtins;
  };
  const Entry& entry(const Language& language);

  std::mutex mutex_;
  std::map<const Language*, std::unique_ptr<const Entry>> entries_;  // guarded by mutex_
};

}  // namespace rondo::workspace
