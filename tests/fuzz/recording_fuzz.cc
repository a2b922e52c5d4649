// Any text as a recording: events and answers, or a Status.
#include "lsp/recorded_answers.h"
#include "lsp/recording.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rondo;
  const auto recording =
      lsp::parse_recording({reinterpret_cast<const char*>(data), size}, "the recording");
  if (!recording.ok()) {
    CHECK(!recording.status().message().empty(), "a refusal has a reason");
    return 0;
  }
  int64_t last = 0;
  for (const lsp::RecordedEvent& event : recording->events) {
    CHECK(event.n >= last, "events are in their order");
    last = event.n;
  }
  (void)lsp::RecordedAnswers::create(*recording).ok();
  return 0;
}
