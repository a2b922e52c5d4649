#include "base/json.h"

#include <set>
#include <vector>

namespace rondo {

namespace {

template <typename AnyJson>
Result<AnyJson> parse(std::string_view text, std::string_view what) {
  try {
    return AnyJson::parse(text);
  } catch (const nlohmann::json::exception& error) {
    return invalid_argument_error(std::string(what) + " is not valid JSON: " + error.what());
  }
}

template <typename AnyJson>
std::string dump(const AnyJson& json, int indent) {
  return json.dump(indent, ' ', /*ensure_ascii=*/false, AnyJson::error_handler_t::replace);
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view what) {
  return parse<Json>(text, what);
}

Result<OrderedJson> parse_ordered_json(std::string_view text, std::string_view what) {
  return parse<OrderedJson>(text, what);
}

Result<Json> parse_json_unique(std::string_view text, std::string_view what) {
  std::vector<std::set<std::string>> open_objects;
  std::optional<std::string> repeated;
  const auto watch_keys = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) open_objects.emplace_back();
    if (event == Json::parse_event_t::object_end) open_objects.pop_back();
    if (event == Json::parse_event_t::key && !repeated) {
      const auto& key = value.get_ref<const std::string&>();
      if (!open_objects.back().insert(key).second) repeated = key;
    }
    return true;
  };
  try {
    Json json = Json::parse(text, watch_keys);
    if (repeated) {
      return invalid_argument_error(std::string(what) + " names \"" + *repeated + "\" twice");
    }
    return json;
  } catch (const nlohmann::json::exception& error) {
    return invalid_argument_error(std::string(what) + " is not valid JSON: " + error.what());
  }
}

std::string dump_json(const Json& json, int indent) { return dump(json, indent); }

std::string dump_json(const OrderedJson& json, int indent) { return dump(json, indent); }

}  // namespace rondo
