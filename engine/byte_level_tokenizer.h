// Tokenizers in the format of HuggingFace's library: tokenizer.json with a byte-level BPE, as
// Qwen2.5-Coder, StarCoder2, DeepSeek-Coder and Llama 3 have.
//
//     text -> added tokens that are plain text are taken out
//          -> words (pre_tokenizer.h) -> bytes -> merges (byte_pairs.h) -> ids
//
// The ids are those of that library, but for what would not give every text back or would let a
// text steer the model:
// - Marks (added tokens that are special, or named <...>) stand in no text. Where one is spelt, the
//   tokens of its letters stand.
// - Unicode normalisation (NFC) is not done: text that is not in that form stays what it is.
// - A byte that is no UTF-8 is its own token. Where the vocabulary has none for a byte that UTF-8
//   never has, those of U+FFFD stand for it; it is the one thing that does not come back.
// What the file says about marks around a text (post_processor), truncation and padding does not
// count: prompts are laid out elsewhere.
//
// Thread: any.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/token_encoder.h"

namespace rondo::engine {

// Of the model `folder`. Errors: NotFound without tokenizer.json; InvalidArgument naming the file
// and what in it is wrong or not supported.
Result<TokenizerParts> load_byte_level(const std::string& folder);

}  // namespace rondo::engine
