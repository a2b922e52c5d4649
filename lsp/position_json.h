// Positions on the wire.
//
// Thread: pure functions.
#pragma once

#include "base/json.h"
#include "workspace/text.h"

namespace rondo::lsp {

Json to_json(const workspace::Position& position);
Json to_json(const workspace::PositionRange& range);

}  // namespace rondo::lsp
