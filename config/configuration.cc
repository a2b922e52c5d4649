#include "config/configuration.h"

#include "base/check.h"

namespace rondo::config {

Configuration::Configuration() {
  for (const Option& option : schema()) {
    settings_[std::string(option.name)] = {.value = option.value, .origin = "default"};
  }
}

void Configuration::add(const Layer& layer) {
  for (const auto& [name, value] : layer.values) {
    settings_[name] = {.value = value, .origin = layer.source};
  }
  problems_.insert(problems_.end(), layer.problems.begin(), layer.problems.end());
}

const Setting& Configuration::operator[](std::string_view name) const {
  const auto found = settings_.find(name);
  CHECK(found != settings_.end(), "who asks for an option knows its name");
  return found->second;
}

}  // namespace rondo::config
