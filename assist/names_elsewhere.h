// NamesElsewhere: what the files of a tree say of names in other files, as a test does that puts a
// mock in the place of "compose.service.log". A recipe looks for that with a regular expression in
// every file before any is changed: its group `name` is a dotted name, and its group `module`, when
// it has one, stands before that. Groups may be there twice, "(?J)".
//
// Thread: one.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "assist/recipe.h"
#include "assist/regex.h"
#include "base/status.h"

namespace rondo::assist {

class NamesElsewhere {
 public:
  // What is found becomes NameSet::found of `recipe`, which must outlive this.
  // Errors: InvalidArgument, with file and line, where an expression is wrong or has no `name`.
  static Result<NamesElsewhere> of(Recipe& recipe);

  // Whether the recipe looks for nothing.
  bool empty() const { return looks_.empty(); }

  // Looks at the text of one file; at nothing when that is not UTF-8.
  // Errors: ResourceExhausted when an expression finds no end.
  Status look_at(std::string_view text);

 private:
  struct Look {
    NameSet* set = nullptr;
    Regex regex;
  };
  std::vector<Look> looks_;
};

// The last parts of those dotted names that may be of the module at `path`: "log" of
// "compose.service.log" for src/compose/service.py, and of "service.log". Of a name without a
// module nobody knows, so it is of every module.
std::vector<std::string> names_in_module(const std::set<std::string>& dotted,
                                         std::string_view path);

}  // namespace rondo::assist
