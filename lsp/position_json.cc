#include "lsp/position_json.h"

namespace rondo::lsp {

Json to_json(const workspace::Position& position) {
  return {{"line", position.line}, {"character", position.character}};
}

Json to_json(const workspace::PositionRange& range) {
  return {{"start", to_json(range.begin)}, {"end", to_json(range.end)}};
}

}  // namespace rondo::lsp
