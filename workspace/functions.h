// Functions: where a function's parts are in a text, found by a language's query,
// workspace/queries/*/functions.scm. Its captures:
//
//   @function    a function with a body; its parts are of the same match, or of one that names it
//   too
//   @outer       what belongs to the function around it: decorators, export, template
//   @name  @parameters  @return (its type)  @body
//   @doc         a string at the beginning of the body that says what it does; in languages whose
//                query never captures one, that is a comment in front of the function
//
//   @parameter   one of the parameters, in a match of its own; @parameter.name and @parameter.type
//
// Thread: any; a FunctionQuery is immutable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "workspace/syntax_query.h"
#include "workspace/syntax_tree.h"

namespace rondo::workspace {

struct Parameter {
  ByteRange bytes;
  ByteRange name;  // as declared: in C with its stars
  std::optional<ByteRange> type;
};

struct Function {
  ByteRange whole;       // with what is @outer; the comment in front of it is outside
  ByteRange bytes;       // the definition alone
  ByteRange name;        // as it is written: a C declarator may be qualified
  ByteRange parameters;  // with their parentheses
  std::vector<Parameter> each_parameter;  // in their order
  std::optional<ByteRange> return_type;
  // With its braces; without any (Python) from the first to behind the last statement, empty where
  // there is none.
  ByteRange body;
  std::optional<ByteRange> doc;  // whole comments, or the string's statement
};

class FunctionQuery {
 public:
  // REQUIRES: has_functions(language).
  explicit FunctionQuery(const Language& language);

  // The functions of the text, the outer before the inner, in its order. REQUIRES: `tree` is of the
  // query's language.
  std::vector<Function> in(const SyntaxTree& tree, const QueryCursor& cursor) const;

  // Whether what a function does is said inside its body.
  bool doc_is_in_body() const { return doc_is_in_body_; }

 private:
  SyntaxQuery query_;
  bool doc_is_in_body_ = false;
};

// Whether there is a query of functions for the language.
bool has_functions(const Language& language);

// Queries of all languages, each compiled when first asked for, and shared by threads.
// Thread: any.
class FunctionQueries {
 public:
  // REQUIRES: has_functions(language).
  const FunctionQuery& of(const Language& language);

 private:
  std::mutex mutex_;
  std::map<const Language*, std::unique_ptr<const FunctionQuery>> queries_;  // guarded by mutex_
};

// The innermost of `functions` that holds `offset`, a decorator or the end of the body included;
// nullptr when there is none.
const Function* function_at(const std::vector<Function>& functions, int64_t offset);

}  // namespace rondo::workspace
