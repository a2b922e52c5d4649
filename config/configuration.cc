#include "config/configuration.h"

#include <cmath>

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

std::chrono::milliseconds Configuration::time(std::string_view name) const {
  return std::chrono::milliseconds(std::llround(1000 * (*this)[name].value.get<double>()));
}

}  // namespace rondo::config
