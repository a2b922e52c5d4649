// The candidates for context and what each is worth; context.h says from where they come.
//
// Thread: any; nothing is kept.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workspace/context.h"

namespace rondo::workspace {

// The parts of a score, in the order in which they are shown.
enum class Part { kDefinition, kImport, kCaller, kTest, kEdit, kFile, kOpen, kFolder };
inline constexpr size_t kNumParts = 8;
std::string_view part_name(Part part);

// A Block of the index, or an edit.
struct Candidate {
  BlockRef ref;                      // ref.file is null for an edit
  const RecentEdit* edit = nullptr;  // of the query
  std::array<double, kNumParts> parts{};
  std::vector<std::pair<double, std::string>> names;  // that it defines, with what each adds

  void add(Part part, double value) { parts[static_cast<size_t>(part)] += value; }
  double score() const;
  // "defines a, b" or where it stands.
  std::string reason() const;
};

// Every candidate once. `own_file` is what the index has of the query's document, or null; its
// Blocks are among them, visible or not. The order is that of paths.
std::vector<Candidate> context_candidates(const ContextQuery& query, const BlockIndex& index,
                                          const FileBlocksSnapshot& own_file);

}  // namespace rondo::workspace
