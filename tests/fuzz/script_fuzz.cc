// Any text as a script: answers that an engine can give, or a Status.
#include "engine/script.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rondo;
  using namespace rondo::engine;
  static const Tokenizer tokenizer =
      Tokenizer::load(RONDO_SOURCE_DIR "/models/loopcoder-mini").value();
  Result<Script> script = Script::parse({reinterpret_cast<const char*>(data), size}, "the script");
  if (!script.ok()) {
    CHECK(!script.status().message().empty(), "a refusal has a reason");
    return 0;
  }
  const Request request = {.prompt = tokenizer.encode("def area("), .healing = "ar"};
  for (int i = 0; i < 3; ++i) {
    const Result<ScriptedAnswer> answer = script->take(request, tokenizer, 0);
    if (answer.ok()) CHECK(!answer->logprobs.empty(), "every token has a log-probability");
  }
  return 0;
}
