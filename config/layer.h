// Layer: what one source says: the user's file, a workspace's, an editor, the command line. What is
// wrong in it does not count, and is told in a sentence each.
//
// Thread: values and pure functions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/schema.h"

namespace rondo::config {

struct Source {
  std::string name;  // in `rondo config --origin` and in sentences: a path, "the editor", ...
  // Options that only others may set do not count. Where they do, for sentences: the user's file,
  // and the command that lets this source set more, if there is one.
  SetBy may_set = SetBy::kUser;
  std::string user_file;
  std::string approval;
  std::string folder;  // that paths are relative to
  // It has options of its own beside ours: unknown ones are told only when ours are meant.
  bool has_others = false;
};

struct Layer {
  std::string source;                  // Source::name
  std::map<std::string, Json> values;  // by option; each fits
  std::vector<std::string> problems;   // sentences for the user
};

// Reads the object `json`; null says nothing.
Layer read_layer(const Json& json, const Source& source);

}  // namespace rondo::config
