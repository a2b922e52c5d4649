// The names on the wire of the units in which positions count.
//
// Thread: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "workspace/text.h"

namespace rondo::lsp {

std::string_view encoding_name(workspace::PositionEncoding encoding);
// Nothing for names that we do not know.
std::optional<workspace::PositionEncoding> encoding_named(std::string_view name);

}  // namespace rondo::lsp
