#include "lsp/encodings.h"

#include <array>
#include <utility>

namespace rondo::lsp {

using workspace::PositionEncoding;

namespace {

constexpr std::array<std::pair<std::string_view, PositionEncoding>, 3> kEncodings = {{
    {"utf-16", PositionEncoding::kUtf16},
    {"utf-8", PositionEncoding::kUtf8},
    {"utf-32", PositionEncoding::kUtf32},
}};

}  // namespace

std::string_view encoding_name(PositionEncoding encoding) {
  for (const auto& [name, value] : kEncodings) {
    if (value == encoding) return name;
  }
  return kEncodings[0].first;
}

std::optional<PositionEncoding> encoding_named(std::string_view name) {
  for (const auto& [known, encoding] : kEncodings) {
    if (name == known) return encoding;
  }
  return std::nullopt;
}

}  // namespace rondo::lsp
