// SyntaxQuery and QueryCursor: tree-sitter's queries behind types that own their memory.
//
// Thread: a SyntaxQuery is immutable; a QueryCursor belongs to one thread.
#pragma once

#include <tree_sitter/api.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/languages.h"

namespace rondo::workspace {

// The state of one thread's questions.
class QueryCursor {
 public:
  QueryCursor() : cursor_(ts_query_cursor_new()) {}
  TSQueryCursor* get() const { return cursor_.get(); }

 private:
  struct Deleter {
    void operator()(TSQueryCursor* cursor) const { ts_query_cursor_delete(cursor); }
  };
  std::unique_ptr<TSQueryCursor, Deleter> cursor_;
};

class SyntaxQuery {
 public:
  // The language's query of a name ("blocks"). REQUIRES: language.grammar.
  SyntaxQuery(const Language& language, std::string_view name);

  const TSQuery* get() const { return query_.get(); }
  // By tree-sitter's capture id.
  const std::vector<std::string>& capture_names() const { return capture_names_; }

 private:
  struct Deleter {
    void operator()(TSQuery* query) const { ts_query_delete(query); }
  };

  std::unique_ptr<TSQuery, Deleter> query_;
  std::vector<std::string> capture_names_;
};

}  // namespace rondo::workspace
