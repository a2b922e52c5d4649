// Token layouts that models were trained on: the FIM prompt of the active window, other files
// before it for models that read their context so, and a Block as a Segment. Suffix first, every
// part encoded on its own:
//
//   <|file_sep|> enc(path "\n" text) ...
//   <|fim_suffix|> enc(S) <|fim_prefix|> <|file_sep|> enc(path "\n") enc(P) <|fim_middle|>
//
// What changes rarely stands first: the name of the repository, files, then S where the family
// allows it, and P, which a keystroke appends to. engine::FileMarks and FimOrder have the layouts
// of the families.
//
// Where the tokenizer begins every text with a space (as Code Llama's), a file has one at its
// beginning, and P, S and the generated text, which continue it, have none: so these models were
// trained, and so no part gains or loses a space.
//
// Thread: pure functions.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model_config.h"
#include "engine/request.h"
#include "engine/tokenizer.h"

namespace rondo::assist {

// What the model sees: of the file, text with LF line ends before and after the hole.
struct ActiveWindow {
  std::string path;  // workspace-relative with '/'
  std::string prefix;
  std::string suffix;
  // What the prompt says before it, for models that read their context as files: the name of the
  // repository, which may be empty, and files, each as file_part() gives it.
  std::string repository = {};
  std::vector<std::shared_ptr<const engine::TokenIds>> files = {};
};

// A file, or a Block that stands for it, as prompts have it before the active one: its path and
// text[:6000 characters]. REQUIRES: config.fim.
engine::TokenIds file_part(const engine::ModelConfig& config, const engine::Tokenizer& tokenizer,
                           std::string_view path, std::string_view text);

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
