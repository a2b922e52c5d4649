// Memory of the ids of short pieces of text: code repeats its words, and a look-up costs a tenth of
// an encoding. Bounded: a shard that is full starts anew.
//
// Thread: any thread; each shard has its lock.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rondo::engine {

class UnitCache {
 public:
  static constexpr size_t kMaxUnitBytes = 64;

  // Appends the ids of `unit` to `ids`, or says that they are not known.
  bool append(std::string_view unit, std::vector<int32_t>& ids);
  // REQUIRES: unit.size() <= kMaxUnitBytes.
  void remember(std::string_view unit, std::vector<int32_t> ids);

 private:
  struct Hasher {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct alignas(64) Shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::vector<int32_t>, Hasher, std::equal_to<>>
        units;  // under mutex
  };
  static constexpr size_t kShards = 16;
  static constexpr size_t kShardUnits = 8192;  // about 20 MB when all shards are full

  Shard& shard_of(std::string_view unit) { return shards_[Hasher{}(unit) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace rondo::engine
