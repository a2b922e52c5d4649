// The eight AMX tile registers, all configured as 16 rows of 64 bytes. A tile instruction names its
// registers by constants, so they are fixed:
//
//   0..3  C: sums, 16 x 16 of 32 bits       4, 5  A: 16 rows of the left factor
//   6, 7  B: 16 lines of the right one, each 4 bytes of 16 columns (panels.h)
//
// Thread: the configuration belongs to the thread that sets it; release it before other code runs,
// since a thread with tiles in use is slower to switch.
#pragma once

#include <hwy/base.h>
#include <immintrin.h>

#include <cstdint>

#include "kernels/cpu/panels.h"

HWY_PUSH_ATTRIBUTES("amx-tile")

namespace rondo::kernels {

inline constexpr int32_t kTileBytes = 1024;

class TileScope {
 public:
  TileScope() {
    alignas(64) uint8_t config[64] = {1};  // palette 1: bytes a row from 16 on, rows from 48 on
    for (int tile = 0; tile < 8; ++tile) {
      config[16 + 2 * tile] = 64;
      config[48 + tile] = 16;
    }
    // g++ 12 believes that _tile_loadconfig reads 8 bytes and drops the stores to the others.
    asm volatile("" ::"r"(config) : "memory");
    _tile_loadconfig(config);
  }
  ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// What was stored before this is in memory when a tile is loaded after it: g++ 12's _tile_loadd
// does not say that it reads memory.
inline void tile_loads_read_memory() { asm volatile("" ::: "memory"); }

}  // namespace rondo::kernels

HWY_POP_ATTRIBUTES
