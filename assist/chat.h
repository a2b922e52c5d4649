// Questions to a model that was trained to be talked to, and what can be made of its answers: a new
// text of a piece of code, or an explanation. Nothing here applies an edit.
//
// Thread: each call blocks its caller, any thread but the engine's. Borrows the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "assist/chat_answer.h"
#include "base/status.h"
#include "engine/engine.h"

namespace rondo::assist {

struct ChatQuestion {
  std::string system;
  std::string user;
  int32_t max_tokens = 1024;
  engine::Priority priority = engine::Priority::kInteractive;
  // Pieces of the answer as they come, on the engine's thread; may be empty.
  std::function<void(std::string_view text)> on_text;
};

// The whole answer. Errors: InvalidArgument when the model has no chat, with the reason, or the
// question is too long for it; Cancelled; those of the engine.
Result<ChatReply> ask_chat(engine::Engine& engine, ChatQuestion question, std::stop_token stop);

// A piece of a file that stands beside the one a question is about.
struct ChatContext {
  std::string path;
  std::string text;
};

// A piece of code and what shall become of it.
struct InstructedEdit {
  std::string instruction;  // what a person or a recipe says
  const workspace::Language* language = nullptr;
  std::string path;  // of its file, relative to the workspace
  std::string text;  // whole lines
  std::vector<ChatContext> context;
  int32_t max_tokens = 0;  // 0: enough for twice the text
  engine::Priority priority = engine::Priority::kInteractive;
};

// What takes the place of edit.text, with its line ends and indentation, and a line end where it
// has one. It parses at least as well as the text did.
// Errors: as ask_chat; NotFound with a sentence about an answer that cannot be used.
Result<std::string> edit_by_instruction(engine::Engine& engine, const InstructedEdit& edit,
                                        std::stop_token stop);

// New code in the language of about.path that about.instruction asks for, about the code of
// about.text. It parses by itself, and is at the left edge, without a line end at its end.
// Errors: as above.
Result<std::string> write_code(engine::Engine& engine, const InstructedEdit& about,
                               std::stop_token stop);

// Markdown about edit.text, whose instruction is the question; empty: what it does.
// Errors: as above.
Result<std::string> explain(engine::Engine& engine, const InstructedEdit& about,
                            std::stop_token stop);

}  // namespace rondo::assist
