#include "lsp/members.h"

#include <cmath>

namespace rondo::lsp {

// Lua has one empty table: its clients write an empty object as [].
Members::Members(const Json& json, std::string where, Status& status)
    : json_(json), where_(std::move(where)), status_(status) {
  const bool empty = json_.is_array() && json_.empty();
  if (!json_.is_object() && !empty) fail(where_, "an object");
}

const Json* Members::find(std::string_view key) const {
  if (!status_.ok()) return nullptr;
  const auto it = json_.find(key);
  return it == json_.end() || it->is_null() ? nullptr : &*it;
}

void Members::missing(std::string_view key) {
  if (status_.ok()) status_ = invalid_argument_error(name(key) + " is missing");
}

void Members::fail(const std::string& what, std::string_view wanted) {
  if (status_.ok()) status_ = invalid_argument_error(what + " is not " + std::string(wanted));
}

void Members::read(const Json& json, const std::string& what, std::string& out) {
  if (!json.is_string()) return fail(what, "a string");
  out = json.get<std::string>();
}

void Members::read(const Json& json, const std::string& what, bool& out) {
  if (!json.is_boolean()) return fail(what, "true or false");
  out = json.get<bool>();
}

// Some clients write 3.0 for 3.
void Members::read(const Json& json, const std::string& what, int64_t& out) {
  constexpr double kExact = 9007199254740992.0;  // 2^53: above it a double is no exact integer
  const double value = json.is_number() ? json.get<double>() : 0.5;
  if (value != std::floor(value) || std::abs(value) > kExact) return fail(what, "an integer");
  out = static_cast<int64_t>(value);
}

void Members::read(const Json& json, const std::string&, Json& out) { out = json; }

void Members::read(const Json& json, const std::string& what, RequestId& out) {
  const std::optional<RequestId> id = read_id(json);
  if (!id) return fail(what, "an integer or a string");
  out = *id;
}

void read_object(Members& members, workspace::Position& out) {
  members.required("line", out.line);
  members.required("character", out.character);
}

void read_object(Members& members, workspace::PositionRange& out) {
  members.required("start", out.begin);
  members.required("end", out.end);
}

}  // namespace rondo::lsp
