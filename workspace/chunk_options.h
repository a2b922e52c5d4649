// Bounds of Blocks and of the texts that are cut into them.
#pragma once

#include <cstdint>

namespace rondo::workspace {

struct ChunkOptions {
  int64_t max_block_bytes = 6000;      // of a definition: as the embedded model was trained with
  int64_t max_run_bytes = 2000;        // of everything else; less, since a run has many subjects
  int64_t max_file_bytes = 4 << 20;    // longer texts are data, or generated
  int64_t max_text_bytes = 256 << 10;  // as are longer texts without a grammar or headings
  int64_t max_line_bytes = 20'000;     // as are texts with longer lines
};

}  // namespace rondo::workspace
