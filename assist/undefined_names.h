// The undefined names at a scene: those that diagnostics of other tools tell of, and, when somebody
// asked for actions, those of the line that nothing brings as far as we can see.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assist/action_scene.h"

namespace rondo::assist {

struct UndefinedName {
  std::string name;
  workspace::ByteRange bytes;
  bool is_member = false;            // of something: behind a dot
  std::optional<size_t> diagnostic;  // that tells of it
};

std::vector<UndefinedName> undefined_names(const ActionScene& scene);

// Whether a diagnostic is of a name that is not defined, by the words of the tool that says it.
bool tells_of_undefined_name(const Diagnostic& diagnostic);

// The name that stands at `bytes`, whole, defined or not.
std::optional<UndefinedName> name_at(const ActionScene& scene, workspace::ByteRange bytes);

}  // namespace rondo::assist
