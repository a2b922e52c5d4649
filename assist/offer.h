// Offer: what was last shown at a cursor. While its beginning is being typed, the rest of it is the
// answer, and the model need not be asked.
//
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "assist/completion.h"
#include "workspace/text.h"

namespace rondo::assist {

struct Offer {
  workspace::TextSnapshot text;  // the document it was made for; null: nothing was offered
  int64_t offset = 0;            // of the cursor in it
  CompletionOutcome outcome;

  // What is left for a cursor at `offset_now` of `now`, when all that happened is that the
  // beginning of a candidate was typed; else nothing.
  std::optional<CompletionOutcome> rest(std::string_view now, int64_t offset_now) const;
};

}  // namespace rondo::assist
