// Typing as editors make it: lines of a text are deleted and typed again, key by key, with brackets
// and quotes that close by themselves, line ends that indent, undo, and jumps to somewhere else.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::bench {

enum class Action {
  kJump,    // lines were deleted somewhere else, nothing typed yet
  kKey,     // a character, with what the editor closed by itself
  kEnter,   // a line end, and the next line's indentation
  kDelete,  // a closer that nobody wanted
  kUndo     // the last keys taken back
};

struct TypingTraceOptions {
  int32_t n_actions = 200;
  int32_t most_lines = 2;   // that are typed at one place
  int32_t most_keys = 0;    // typed at one place before the cursor goes on; 0: all
  int32_t undo_every = 40;  // keys; 0: never
  uint32_t seed = 1;
};

// A document after an action, the cursor behind what was typed.
struct TypingState {
  Action action = Action::kJump;
  const std::string& text;
  int64_t offset = 0;
};

// Types in `text` until there were options.n_actions, or `act` returns false. Each place is typed
// to its end, and then the text is what it was; where the cursor went on before, what was left to
// type is there at once. Returns the text after the last action.
std::string type_trace(const std::string& text, const TypingTraceOptions& options,
                       const std::function<bool(const TypingState& state)>& act);

}  // namespace rondo::bench
