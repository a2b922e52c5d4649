// Which names of a text nothing defines, by tools that are not ours: pyflakes3 says it of Python,
// tsc of TypeScript and JavaScript. Each runs in a sandbox (assist/sandbox.h), where it is
// installed.
//
// Thread: the functions block.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::bench {

struct JudgedText {
  std::string path;  // tells the language
  std::string text;
};

struct UndefinedUse {
  std::string name;
  int64_t line = 0;  // from 1

  bool operator==(const UndefinedUse&) const = default;
};
// In the order of the text; nothing: no tool judges it.
using UndefinedUses = std::optional<std::vector<UndefinedUse>>;

// The tools that are here, as people read them: "pyflakes3, tsc"; empty: none.
std::string name_judges();

// [i]: of texts[i]. Not judged are other languages, what the tool cannot parse, and scripts without
// imports and exports, whose names come from other files. Errors: those of the sandbox; Unavailable
// when a tool does not end.
Result<std::vector<UndefinedUses>> undefined_uses(std::span<const JudgedText> texts);

// What the tools say, as they print it of files named by their place in the list: "12.py:3:5:
// undefined name 'x'", "12.ts(3,5): error TS2304: Cannot find name 'x'.". [i]: of file i.
std::vector<UndefinedUses> read_pyflakes(std::string_view output, size_t n_files);
std::vector<UndefinedUses> read_tsc(std::string_view output, size_t n_files);

}  // namespace rondo::bench
