// How lines of a language can begin and end: what a hole in a line, or in place of one, may have
// to hold so that the text around it parses.
//
// Thread: constant tables.
#pragma once

#include <span>
#include <string_view>

#include "workspace/languages.h"

namespace rondo::assist {

// What may stand behind a name at the end of a line; the first is nothing.
std::span<const std::string_view> line_ends(const workspace::Language& language);

// Whole lines that open, go on with or end something, with `x` for every name.
std::span<const std::string_view> line_heads(const workspace::Language& language);

}  // namespace rondo::assist
