// nlohmann/json behind functions that return Status: the library throws (parse_error, but also
// out_of_range for 1e999 and type_error in get<T>), our code does not.
//
// Thread: pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace rondo {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // keeps keys as written: files that people read

// The parsed document. `what` names the text in the error ("config.json").
// Errors: InvalidArgument with the byte offset.
Result<Json> parse_json(std::string_view text, std::string_view what);

// The same, and no object may name a key twice: for file formats in which a second entry would hide
// the first.
Result<Json> parse_json_unique(std::string_view text, std::string_view what);

Result<OrderedJson> parse_ordered_json(std::string_view text, std::string_view what);

// The JSON text; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump_json(const Json& json, int indent = -1);
std::string dump_json(const OrderedJson& json, int indent = -1);

// The member `key` of object `json` as a T, or nothing when it is absent, null or of another type.
template <typename T>
std::optional<T> json_get(const Json& json, std::string_view key) {
  if (!json.is_object()) return std::nullopt;
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return std::nullopt;
  if constexpr (std::is_same_v<T, bool>) {
    if (!it->is_boolean()) return std::nullopt;
  } else if constexpr (std::is_arithmetic_v<T>) {
    if (!it->is_number()) return std::nullopt;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!it->is_string()) return std::nullopt;
  }
  try {
    return it->template get<T>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace rondo
