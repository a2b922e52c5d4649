// Typed reads of one JSON object. The first error is kept and later reads return something in
// range, so that a loader reads top to bottom and asks once.
//
// Thread: one. Borrows the object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace rondo::engine {

// Both ends count.
struct Range {
  int64_t min = 0;
  int64_t max = 0;
};

class KeyReader {
 public:
  // `where` begins every error: a file, or a file and the object inside it.
  KeyReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  // InvalidArgument with the first thing that was wrong, or ok.
  const Status& status() const { return status_; }
  // Records `where`: "key" `reason`, unless something was wrong before.
  void fail(std::string_view key, const std::string& reason);

  // The member, or null when it is absent.
  const Json& at(std::string_view key) const;
  bool has(std::string_view key) const { return !at(key).is_null(); }

  int32_t integer(std::string_view key, Range range) { return as_integer(key, at(key), range); }
  int32_t integer_or(std::string_view key, Range range, int32_t absent) {
    return has(key) ? integer(key, range) : absent;
  }
  // An integer or a list of them; none when absent.
  std::vector<int32_t> integers(std::string_view key, Range range);
  float positive_number(std::string_view key);
  bool boolean_or(std::string_view key, bool absent);

 private:
  int32_t as_integer(std::string_view key, const Json& json, Range range);

  const Json& object_;
  std::string where_;
  Status status_;
};

}  // namespace rondo::engine
