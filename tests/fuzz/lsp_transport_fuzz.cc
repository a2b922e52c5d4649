// Any bytes as input of the server: what is read does not depend on how they were cut into pieces,
// and every message that is read is one or says why not.
#include "base/check.h"
#include "lsp/json_rpc.h"
#include "lsp/transport.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using rondo::lsp::Frame;
  using rondo::lsp::FrameLimits;
  using rondo::lsp::FrameReader;
  if (size == 0) return 0;
  const size_t step = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const FrameLimits limits = {.header_bytes = 64, .body_bytes = 256, .kept_bytes = 16};
  const std::vector<Frame> whole = FrameReader(limits).feed(bytes);

  FrameReader reader(limits);
  std::vector<Frame> pieces;
  for (size_t at = 0; at < bytes.size(); at += step) {
    for (Frame& frame : reader.feed(bytes.substr(at, step))) pieces.push_back(std::move(frame));
  }
  CHECK(pieces == whole, "pieces give the same messages");
  for (const Frame& frame : whole) {
    (void)rondo::lsp::read_message(frame.text);
    (void)rondo::lsp::read_message_head(frame.text);
  }
  return 0;
}
