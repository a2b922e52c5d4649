// Members: reads the members of one JSON object of the protocol: lenient in what may be missing,
// strict in types.
//
// Thread: values and pure functions; a Members borrows its JSON and its Status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "lsp/json_rpc.h"
#include "workspace/text.h"

namespace rondo::lsp {

// Keeps the first error, InvalidArgument naming the member; once there is one, nothing more is
// read. Types that are objects of the protocol have a function read_object(Members&, T&).
class Members {
 public:
  // `where` names the object in errors.
  Members(const Json& json, std::string where, Status& status);

  template <typename T>
  void required(std::string_view key, T& out) {
    const Json* member = find(key);
    if (member == nullptr) return missing(key);
    read(*member, name(key), out);
  }

  // Absent or null: `out` stays as it is.
  template <typename T>
  void optional(std::string_view key, T& out) {
    if (const Json* member = find(key)) read(*member, name(key), out);
  }

  // `visit` reads the members of the object `key`.
  template <typename Visit>
  void required_object(std::string_view key, Visit visit) {
    if (find(key) == nullptr) return missing(key);
    optional_object(key, visit);
  }
  template <typename Visit>
  void optional_object(std::string_view key, Visit visit) {
    const Json* member = find(key);
    if (member == nullptr) return;
    Members members(*member, name(key), status_);
    if (status_.ok()) visit(members);
  }

  // Whether there is a member `key`, null or not.
  bool has(std::string_view key) const { return json_.is_object() && json_.contains(key); }

 private:
  const Json* find(std::string_view key) const;
  void missing(std::string_view key);
  std::string name(std::string_view key) const { return where_ + "." + std::string(key); }
  void fail(const std::string& what, std::string_view wanted);

  void read(const Json& json, const std::string& what, std::string& out);
  void read(const Json& json, const std::string& what, bool& out);
  void read(const Json& json, const std::string& what, int64_t& out);
  void read(const Json& json, const std::string& what, Json& out);
  void read(const Json& json, const std::string& what, RequestId& out);
  template <typename T>
  void read(const Json& json, const std::string& what, T& out) {
    Members members(json, what, status_);
    if (status_.ok()) read_object(members, out);
  }
  template <typename T>
  void read(const Json& json, const std::string& what, std::optional<T>& out) {
    read(json, what, out.emplace());
  }
  template <typename T>
  void read(const Json& json, const std::string& what, std::vector<T>& out) {
    if (!json.is_array()) return fail(what, "an array");
    out.clear();
    for (size_t i = 0; i < json.size() && status_.ok(); ++i) {
      read(json[i], what + "[" + std::to_string(i) + "]", out.emplace_back());
    }
  }

  const Json& json_;
  const std::string where_;
  Status& status_;
};

void read_object(Members& members, workspace::Position& out);
void read_object(Members& members, workspace::PositionRange& out);

// Runs `visit` on the members of `params`.
template <typename Visit>
Status read_members(const Json& params, Visit visit) {
  Status status;
  Members members(params, "params", status);
  if (status.ok()) visit(members);
  return status;
}

}  // namespace rondo::lsp
