// What a chat model's answer holds that can be used. Models wrap code into prose and fences, think
// aloud before, stop in the middle, write of other files and leave out what "stays the same"; what
// is not plainly the code that was asked for is refused with the reason.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "workspace/languages.h"

namespace rondo::assist {

// A chat model's answer.
struct ChatReply {
  std::string text;
  bool was_cut = false;  // ended by the limit of tokens
};

struct WantedCode {
  const workspace::Language& language;
  // Of the file it belongs to, relative to the workspace; empty: it is new code, whatever file the
  // answer thinks of.
  std::string_view path;
  std::string_view original;  // what it replaces; LF line ends
};

struct AnsweredCode {
  std::string text;        // LF line ends, none at its end; indented as the original
  bool is_fenced = false;  // else it is all that was answered, which may be no code at all
};

// `text` without what the model thought before it answered. Errors: NotFound when it never came to
// an answer.
Result<std::string> without_thoughts(const ChatReply& reply);

// The answer as Markdown to be read: without thoughts and without a fence around all of it. One
// that was cut off has its last fence closed and says so at its end. Errors: as without_thoughts.
Result<std::string> markdown_in(const ChatReply& reply);

// Errors: NotFound with a sentence about the answer: it is empty or cut off, holds no code in this
// language or several pieces, is about another file, or leaves out parts of the original.
Result<AnsweredCode> code_in(const ChatReply& reply, const WantedCode& wanted);

// `code` moved to the left edge, without blank lines at its end.
std::string without_margin(std::string_view code);

}  // namespace rondo::assist
