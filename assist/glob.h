// Globs: '*' and '?' stand for what is in a name, "**" for any folders.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace rondo::assist {

// A glob as a regular expression (regex.h) over whole paths; one without '/' is about names.
std::string regex_of_glob(std::string_view glob);

}  // namespace rondo::assist
