// The choice of context: which Blocks of the workspace the model should read beside the text around
// the cursor.
//
// Each candidate has a score, the sum of named parts:
//
//   definition  of a name used near the cursor: by how often and how near it is used and by how few
//               Blocks define it; more so in the same folder, as the embedded model was trained
//               with
//   import      what imports add to that: they say which of several Blocks is meant
//   caller      it uses the function that the cursor is in
//   test        the same in a test; or it belongs to the tests of the file, by its path
//   edit        what was changed lately, as a diff; files that were
//   file        of the active file; open: of an open one; folder: of one in the same folder
//
// What the model sees anyway or nearly so (near_copies.h), and what it must not see, is never
// chosen.
//
// Thread: any; the index locks itself, nothing is kept.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/block_index.h"

namespace rondo::workspace {

// A part of a score.
struct ScorePart {
  std::string name;  // as in the list above
  double value = 0;

  bool operator==(const ScorePart&) const = default;
};

// One chosen Block.
struct ContextBlock {
  std::string path;
  std::string text;              // its lines end in LF
  Hash128 hash;                  // of the Block's bytes
  double score = 0;              // the sum of its parts
  std::string reason;            // "defines add_item, total": for people
  std::vector<ScorePart> parts;  // in the order of the list above; none is 0
};

// What was changed lately in one file (edit_history.h).
struct RecentEdit {
  std::string path;
  std::string diff;  // lines with '+', '-' or ' ' before them

  bool operator==(const RecentEdit&) const = default;
};

// Where context may come from: a measurement leaves one out at a time.
struct ContextSources {
  bool definitions = true;
  bool imports = true;
  bool callers = true;  // and tests
  bool edits = true;
  bool open = true;

  bool operator==(const ContextSources&) const = default;
};

struct ContextQuery {
  std::string path;  // of the active document
  const Language* language = nullptr;
  TextSnapshot text;
  int64_t cursor = 0;  // byte offset in text
  ByteRange window;    // what of the text the model sees anyway; holds the cursor
  // Lines that no chosen Block may have, blanks around them aside: those that a measurement wants
  // the model to find. Lines without letters and digits are ignored.
  std::vector<std::string> forbidden_lines;
  std::vector<RecentEdit>
      edits;  // the latest first; those of files that are not indexed do not count
  std::vector<std::string> open_paths;
  int64_t max_tokens = 0;
  int64_t max_blocks = 24;
  // What a Block costs, with all that is put around it.
  std::function<int64_t(const ContextBlock&)> count_tokens;
  // What was chosen for this cursor before. It is chosen again as long as all of it may be and no
  // other choice is clearly better: what was read with the one is not read with the other.
  std::vector<Hash128> previous;
  ContextSources sources;
  // Told the path of each Block that would have been tried but for being nearly what the window
  // shows; of some twice. May be empty.
  std::function<void(const std::string& path)> on_near_copy;
};

// The best Blocks that fit the budget together, best first. The same index and query always give
// the same answer. REQUIRES: language, text and count_tokens are set, window is inside text.
std::vector<ContextBlock> choose_context(const ContextQuery& query, const BlockIndex& index);

}  // namespace rondo::workspace
