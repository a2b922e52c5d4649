// Tokenizers in SentencePiece's format: tokenizer.model, and the added tokens of
// tokenizer_config.json.
//
// Bytes that are not valid UTF-8, and U+2581 (SentencePiece's own mark of a space), are encoded by
// their byte tokens, so every byte sequence comes back exactly; a model that cannot promise that
// (no byte tokens, or a normaliser that changes text) is refused. Where text spells a special token
// the byte tokens of its letters stand.
//
// Cuts. Where no piece of the BPE vocabulary holds two neighbouring characters, no merge ever
// crosses the gap between them, and the two sides are encoded independently. The encoder cuts there
// and remembers the ids of short units, which makes encoding a whole window again at every
// keystroke cheap (docs/performance.md). (A unigram model, whose scores are summed from the start
// of the text, has no such places and is refused.)
//
// Thread: any.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/token_encoder.h"

namespace rondo::engine {

// Of the model `folder`. Errors: NotFound without tokenizer.model; Corruption and InvalidArgument
// naming the file.
Result<TokenizerParts> load_sentencepiece(const std::string& folder);

}  // namespace rondo::engine
