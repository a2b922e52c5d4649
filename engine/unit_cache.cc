#include "engine/unit_cache.h"

#include <utility>

#include "base/check.h"

namespace rondo::engine {

bool UnitCache::append(std::string_view unit, std::vector<int32_t>& ids) {
  Shard& shard = shard_of(unit);
  const std::lock_guard lock(shard.mutex);
  const auto it = shard.units.find(unit);
  if (it == shard.units.end()) return false;
  ids.insert(ids.end(), it->second.begin(), it->second.end());
  return true;
}

void UnitCache::remember(std::string_view unit, std::vector<int32_t> ids) {
  DCHECK(unit.size() <= kMaxUnitBytes, "only short units are worth their memory");
  Shard& shard = shard_of(unit);
  const std::lock_guard lock(shard.mutex);
  if (shard.units.size() >= kShardUnits) shard.units.clear();
  shard.units.insert_or_assign(std::string(unit), std::move(ids));
}

}  // namespace rondo::engine
