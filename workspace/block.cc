#include "workspace/block.h"

namespace rondo::workspace {

std::string_view kind_name(BlockKind kind) {
  switch (kind) {
    case BlockKind::kFunction:
      return "function";
    case BlockKind::kMethod:
      return "method";
    case BlockKind::kClass:
      return "class";
    case BlockKind::kRun:
      return "run";
    case BlockKind::kSection:
      return "section";
    case BlockKind::kLogGroup:
      return "log";
    case BlockKind::kText:
      return "text";
  }
  return "unknown";
}

}  // namespace rondo::workspace
