// Token layouts that models were trained on: the FIM prompt of the active window, and a Block as a
// Segment. (Suffix first: <|fim_suffix|> enc(S) <|fim_prefix|> <|file_sep|> enc(path "\n") enc(P)
// <|fim_middle|>, every part encoded on its own.)
//
// Where the tokenizer begins every text with a space (as Code Llama's), the file has one at its
// beginning, and P, S and the generated text, which continue it, have none: so these models were
// trained, and so no part gains or loses a space.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "engine/model_config.h"
#include "engine/request.h"
#include "engine/tokenizer.h"

namespace rondo::assist {

// What the model sees of the file: text with LF line ends, before and after the hole.
struct ActiveWindow {
  std::string path;  // workspace-relative with '/'
  std::string prefix;
  std::string suffix;
};

// The prompt of `window` in `order`. REQUIRES: config.fim.
engine::TokenIds fim_prompt(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                            engine::FimOrder order, const ActiveWindow& window);

// <|file_sep|> enc(path "\n" text): left-to-right text. REQUIRES: config.fim with a file_sep token.
engine::TokenIds plain_prompt(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                              std::string_view path, std::string_view text);

// A Block as Segment: <|block|> enc(path "\n" text[:6000 characters]) as one encoding, cut to the
// model's limit, then the anchors. n_released_head stays 0. REQUIRES: config.segment.
engine::SegmentInput block_segment(const engine::ModelConfig& config,
                                   const engine::Tokenizer& tokenizer, std::string_view path,
                                   std::string_view text);

// How many leading tokens of `segment` stay when it is released: up to and with the one that holds
// the second newline; 0 when there is none (all stay).
int32_t released_head(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                      const engine::TokenIds& segment);

}  // namespace rondo::assist
