// Which build of Rondo this program is: its version, and the build id that the linker wrote into it
// (the same in every copy of one build; empty when the linker wrote none).
//
// Thread: pure.
#pragma once

#include "lsp/handshake.h"

namespace rondo::cli {

lsp::Identity build_identity();

}  // namespace rondo::cli
