// How messages lie in the byte stream of the Language Server Protocol:
//
//     Content-Length: 17\r\n          header lines, ASCII; names without regard to case
//     Content-Type: ...\r\n           optional, ignored
//     \r\n
//     {"jsonrpc":"2.0"}               Content-Length bytes
//
// FrameReader cuts the stream, in whatever pieces it arrives. It never fails: what it cannot read
// it reports once, and then looks for a line with "Content-Length:" to go on from there. (A body is
// JSON, which has no raw line end inside a string, so text that is being edited cannot look like a
// header line.)
//
// Thread: one. Owns the bytes of the message that is not complete yet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::lsp {

// `body` with its header, ready to be written.
std::string frame_message(std::string_view body);

struct Frame {
  enum class Kind {
    kMessage,   // text is a whole body
    kTooLarge,  // a body above the limit was left out; text is how it began
    kBroken     // bytes that are no header; text is a sentence that says why
  };
  Kind kind = Kind::kMessage;
  std::string text;
  int64_t size_bytes = 0;  // of the body, kTooLarge too

  bool operator==(const Frame&) const = default;
};

struct FrameLimits {
  int64_t header_bytes = 8 << 10;  // all lines of one header
  int64_t body_bytes = 64 << 20;   // above: kTooLarge
  // Above it a length is a lie rather than a large message: to wait for so many bytes would be to
  // hang. kBroken.
  int64_t credible_bytes = int64_t{1} << 30;
  int64_t kept_bytes = 1 << 10;  // how much of a kTooLarge body its Frame has
};

class FrameReader {
 public:
  explicit FrameReader(FrameLimits limits = {}) : limits_(limits) {}

  // What `bytes` completed, in the order of the stream.
  std::vector<Frame> feed(std::string_view bytes);

 private:
  enum class State {
    kHeader,  // in sync: lines are header lines
    kSearch,  // out of sync: lines are skipped until one has "Content-Length:"
    kBody,
    kSkip  // in a body that is too large
  };

  std::string_view take_header(std::string_view bytes);
  std::string_view take_body(std::string_view bytes);
  void end_line();
  void header_field(std::string_view line);
  void find_sync(std::string_view line, size_t from);
  void end_header();
  void lose_sync(std::string reason);

  FrameLimits limits_;
  State state_ = State::kHeader;
  bool reported_ = false;          // this loss of sync has been reported
  std::string line_;               // of the header, so far
  int64_t line_bytes_ = 0;         // that it has, those cut off too
  bool cut_line_ = false;          // it is too long: only its end is kept
  int64_t header_bytes_ = 0;       // of the lines before it
  std::optional<int64_t> length_;  // of the body, when its header line was seen
  std::string body_;               // what has come; grows with the bytes, not by the header's word
  int64_t size_bytes_ = 0;         // of the body
  int64_t missing_bytes_ = 0;      // of it
  std::vector<Frame> frames_;      // found in this feed()
};

}  // namespace rondo::lsp
