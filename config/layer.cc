#include "config/layer.h"

#include <filesystem>
#include <optional>
#include <utility>

namespace rondo::config {
namespace {

constexpr size_t kMaxShownBytes = 60;

// A value as a sentence can show it.
std::string shown(const Json& value) {
  std::string text = dump_json(value);
  if (text.size() > kMaxShownBytes) text = text.substr(0, kMaxShownBytes) + "...";
  return text;
}

Json as_kept(const Option& option, const Json& value, const Source& source) {
  if (option.kind == Kind::kInteger) return static_cast<int64_t>(value.get<double>());
  if (option.kind != Kind::kFolder || value == "") return value;
  const std::filesystem::path path = value.get<std::string>();
  return (source.folder / path).lexically_normal().string();
}

// What is wrong with the member `name`; nothing when it counts.
std::optional<std::string> problem(const std::string& name, const Json& value,
                                   const Source& source) {
  const Option* option = find_option(name);
  if (option == nullptr) {
    const auto nearest = nearest_option(name);
    if (source.has_others && !nearest) return std::nullopt;
    return "there is no option '" + name + "'; " +
           (nearest ? "is " + std::string(*nearest) + " meant?" : "`rondo config` lists them all");
  }
  if (option->set_by > source.may_set) {
    const bool approvable = option->set_by == SetBy::kTrusted && !source.approval.empty();
    return name + " counts only in " + source.user_file +
           (approvable ? ", or after `" + source.approval + "`" : "");
  }
  if (!fits(*option, value)) {
    return name + " is " + shown(value) + " and must be " + expected(*option);
  }
  return std::nullopt;
}

}  // namespace

Layer read_layer(const Json& json, const Source& source) {
  Layer layer = {.source = source.name};
  // Lua has one empty table: its editors write an empty object as [].
  if (json.is_null() || (json.is_array() && json.empty())) return layer;
  if (!json.is_object()) {
    layer.problems.push_back(source.name + ": options must be an object, {\"name\": value, ...}");
    return layer;
  }
  for (const auto& [name, value] : json.items()) {
    if (value.is_null()) continue;
    if (auto sentence = problem(name, value, source)) {
      layer.problems.push_back(source.name + ": " + std::move(*sentence));
    } else if (const Option* option = find_option(name)) {
      layer.values[name] = as_kept(*option, value, source);
    }
  }
  return layer;
}

}  // namespace rondo::config
