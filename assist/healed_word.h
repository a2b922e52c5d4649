// Where a prompt should really end: before the word that is being typed, which the model then
// spells again (engine/healing.h). Measured on the embedded model: matches inside a word rise from
// 6 to 20 of 56.
#pragma once

#include <string_view>

namespace rondo::assist {

// The end of `prefix` that matches [ ]?\w+ (letters, digits, _, and every non-ASCII character), or
// nothing: at a non-word character, or when the word has more than 60 characters. Whole characters
// only.
std::string_view healed_word(std::string_view prefix);

}  // namespace rondo::assist
