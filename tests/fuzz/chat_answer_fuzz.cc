// Any text as a chat model's answer: code, or a reason; and something to read, or a reason.
#include "assist/chat_answer.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rondo;
  const assist::ChatReply reply = {.text = {reinterpret_cast<const char*>(data), size},
                                   .was_cut = size % 2 == 0};
  const auto markdown = assist::markdown_in(reply);
  CHECK(markdown.ok() ? !markdown->empty() : !markdown.status().message().empty(),
        "there is something to read, or a reason");
  const auto code = assist::code_in(reply, {.language = *workspace::language_by_id("python"),
                                            .path = "src/shapes.py",
                                            .original = "    def area(self):\n        pass\n"});
  if (!code.ok()) {
    CHECK(!code.status().message().empty(), "a refusal has a reason");
    return 0;
  }
  CHECK(code->text.find('\r') == std::string::npos || reply.text.find('\r') != std::string::npos,
        "no line ends are made up");
  CHECK(!code->text.ends_with('\n') && !code->text.empty(), "there is code, and no line end");
  return 0;
}
