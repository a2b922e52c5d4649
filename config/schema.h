// The options of Rondo: the one table that files, editors and the command line are checked against
// and that docs/configuration.md is generated from.
//
// Thread: an immutable table and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace rondo::config {

enum class Kind {
  kBoolean,
  kInteger,  // from `low` to `high`
  kSeconds,  // a number from `low` to `high`, with fractions
  kText,     // one of `choices`
  kFolder    // a path; relative to the folder of the file that says it
};

// Who may set an option.
enum class SetBy {
  kAnybody,  // the user, a workspace, an editor
  kTrusted,  // the user; a workspace that the user has approved
  kUser      // the user alone: it is about the machine
};

struct Option {
  std::string_view name;
  Kind kind = Kind::kBoolean;
  Json value;  // the default
  int64_t low = 0;
  int64_t high = 0;
  std::vector<std::string_view> choices;
  SetBy set_by = SetBy::kAnybody;
  std::string_view sentence;  // what it does
};

const std::vector<Option>& schema();

// Null when there is none of this name.
const Option* find_option(std::string_view name);
// The option whose name is most like `name`, if somebody may have meant it.
std::optional<std::string_view> nearest_option(std::string_view name);

// "true or false", "an integer from 1 to 8": what `option` may be.
std::string expected(const Option& option);
// Whether `value` is that.
bool fits(const Option& option, const Json& value);

// The schema as the table of docs/configuration.md, in Markdown.
std::string reference_table();

}  // namespace rondo::config
