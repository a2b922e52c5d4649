// Configuration: every option's value and where it comes from: the defaults, and layers over them.
//
// Thread: a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/layer.h"

namespace rondo::config {

struct Setting {
  Json value;
  std::string origin;  // Layer::source; "default"
};

class Configuration {
 public:
  Configuration();

  // What `layer` says counts from now on.
  void add(const Layer& layer);

  // REQUIRES, of all: schema() has `name`, of that kind.
  const Setting& operator[](std::string_view name) const;
  bool boolean(std::string_view name) const { return (*this)[name].value.get<bool>(); }
  int64_t integer(std::string_view name) const { return (*this)[name].value.get<int64_t>(); }
  std::chrono::milliseconds time(std::string_view name) const;
  std::string text(std::string_view name) const { return (*this)[name].value.get<std::string>(); }

  // Of all layers.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  std::map<std::string, Setting, std::less<>> settings_;  // of all options
  std::vector<std::string> problems_;
};

}  // namespace rondo::config
