// The live sequences that prompts probably continue, by cursor ("client:path"), least recently used
// first out.
//
// Thread: the engine thread. Owns the sequences that no generation has taken.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/sequence.h"

namespace rondo::engine {

class CursorTable {
 public:
  // The sequence of `cursor`, now the caller's; null when there is none.
  std::unique_ptr<Sequence> take(std::string_view cursor) {
    for (auto it = sequences_.begin(); it != sequences_.end(); ++it) {
      if (it->first != cursor) continue;
      auto sequence = std::move(it->second);
      sequences_.erase(it);
      return sequence;
    }
    return nullptr;
  }
  // Keeps `sequence` for the next prompt of `cursor`; one that is there already goes.
  void put(const std::string& cursor, std::unique_ptr<Sequence> sequence) {
    take(cursor);
    sequences_.emplace_back(cursor, std::move(sequence));
    if (sequences_.size() > kMaxSequences) evict_one();
  }
  // Drops the sequences of all cursors whose names begin with `prefix`.
  void forget(std::string_view prefix) {
    sequences_.remove_if([&](const auto& entry) { return entry.first.starts_with(prefix); });
  }
  // Drops all sequences that `is_gone` says.
  void forget_if(const std::function<bool(const Sequence&)>& is_gone) {
    sequences_.remove_if([&](const auto& entry) { return is_gone(*entry.second); });
  }
  // Drops the sequence that was put longest ago; false when there is none.
  bool evict_one() {
    if (sequences_.empty()) return false;
    sequences_.pop_front();
    return true;
  }

 private:
  // Documents that people switch between; more are rebuilt when they are seen again.
  static constexpr size_t kMaxSequences = 64;

  std::list<std::pair<std::string, std::unique_ptr<Sequence>>> sequences_;
};

}  // namespace rondo::engine
