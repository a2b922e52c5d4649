#include "engine/key_reader.h"

namespace rondo::engine {

void KeyReader::fail(std::string_view key, const std::string& reason) {
  if (!status_.ok()) return;
  status_ = invalid_argument_error(where_ + ": \"" + std::string(key) + "\" " + reason);
}

const Json& KeyReader::at(std::string_view key) const {
  static const Json null;
  const auto it = object_.find(key);
  return it == object_.end() ? null : *it;
}

std::vector<int32_t> KeyReader::integers(std::string_view key, Range range) {
  std::vector<int32_t> values;
  const Json& json = at(key);
  if (json.is_null()) return values;
  if (!json.is_array()) return {as_integer(key, json, range)};
  for (const Json& element : json) values.push_back(as_integer(key, element, range));
  return values;
}

float KeyReader::positive_number(std::string_view key) {
  const Json& json = at(key);
  const double value = json.is_number() ? json.get<double>() : 0;
  if (value > 1e-30 && value < 1e30) return static_cast<float>(value);
  fail(key, "must be a positive number, not " + dump_json(json));
  return 1;
}

bool KeyReader::boolean_or(std::string_view key, bool absent) {
  const Json& json = at(key);
  if (json.is_null()) return absent;
  if (!json.is_boolean()) fail(key, "must be true or false, not " + dump_json(json));
  return json.is_boolean() && json.get<bool>();
}

int32_t KeyReader::as_integer(std::string_view key, const Json& json, Range range) {
  // Above int64_t an unsigned value turns negative here, which no range admits.
  const int64_t value = json.is_number_integer() ? json.get<int64_t>() : -1;
  if (json.is_number_integer() && range.min <= value && value <= range.max) {
    return static_cast<int32_t>(value);
  }
  fail(key, "must be an integer from " + std::to_string(range.min) + " to " +
                std::to_string(range.max) + ", not " + dump_json(json));
  return static_cast<int32_t>(range.min);
}

}  // namespace rondo::engine
