#include "lsp/transport.h"

#include <charconv>
#include <utility>

#include "base/characters.h"

namespace rondo::lsp {
namespace {

constexpr std::string_view kContentLength = "content-length";
// Of a line that is too long, so much of its end is kept: it may be a "Content-Length: 12345".
constexpr size_t kKeptLineBytes = 64;

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::optional<int64_t> parse_length(std::string_view text) {
  int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::string frame_message(std::string_view body) {
  std::string frame = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return frame.append(body);
}

std::vector<Frame> FrameReader::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const bool in_header = state_ == State::kHeader || state_ == State::kSearch;
    bytes = in_header ? take_header(bytes) : take_body(bytes);
  }
  return std::exchange(frames_, {});
}

// Takes one line or what there is of it, and returns the rest. Of a line that goes over the limit
// the same end is kept whether it came at once or in pieces.
std::string_view FrameReader::take_header(std::string_view bytes) {
  const size_t end = bytes.find('\n');
  const std::string_view piece = bytes.substr(0, end);
  line_ += piece;
  line_bytes_ += static_cast<int64_t>(piece.size());
  if (header_bytes_ + line_bytes_ > limits_.header_bytes) {
    lose_sync("a header is longer than " + std::to_string(limits_.header_bytes) + " bytes");
    cut_line_ = true;
  }
  if (cut_line_ && line_.size() > kKeptLineBytes) line_.erase(0, line_.size() - kKeptLineBytes);
  if (end == std::string_view::npos) return {};
  end_line();
  return bytes.substr(end + 1);
}

void FrameReader::end_line() {
  const std::string ended = std::exchange(line_, {});
  const int64_t n_bytes = std::exchange(line_bytes_, 0);
  cut_line_ = false;
  std::string_view line = ended;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (state_ == State::kSearch) return find_sync(line, 0);
  header_bytes_ += n_bytes;
  if (line.empty()) {
    end_header();
  } else {
    header_field(line);
  }
}

void FrameReader::header_field(std::string_view line) {
  const size_t colon = line.find(':');
  const std::string name = lower_ascii(line.substr(0, colon));
  if (colon != std::string_view::npos && name == kContentLength) {
    const std::optional<int64_t> length = parse_length(trimmed(line.substr(colon + 1), " \t"));
    const bool usable = length && *length <= limits_.credible_bytes;
    if (usable && length_.value_or(*length) == *length) {
      length_ = length;
      return;
    }
    lose_sync(usable ? "a header has two different lengths" : "a length is no usable number");
  } else {
    const bool is_name =
        colon != std::string_view::npos && colon > 0 &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
    if (is_name) return;
    lose_sync("a header line has no name");
  }
  // When the body was longer than its header said, its rest stands before this header.
  find_sync(line, 1);
}

// The last "Content-Length:" of the line counts: what stands before it may be anybody's text.
void FrameReader::find_sync(std::string_view line, size_t from) {
  const size_t found = lower_ascii(line).rfind(std::string(kContentLength) + ":");
  if (found == std::string::npos || found < from) return;
  state_ = State::kHeader;
  header_bytes_ = static_cast<int64_t>(line.size() - found);
  header_field(line.substr(found));
}

void FrameReader::end_header() {
  const bool blank = header_bytes_ <= 1;  // a line end between two messages: harmless
  header_bytes_ = 0;
  if (!length_) {
    if (!blank) lose_sync("a header has no Content-Length");
    return;
  }
  reported_ = false;
  size_bytes_ = missing_bytes_ = *std::exchange(length_, std::nullopt);
  state_ = size_bytes_ > limits_.body_bytes ? State::kSkip : State::kBody;
  if (missing_bytes_ == 0) take_body({});
}

// Takes of the body what there is, and returns what follows it.
std::string_view FrameReader::take_body(std::string_view bytes) {
  const bool skip = state_ == State::kSkip;
  const std::string_view piece = bytes.substr(0, static_cast<size_t>(missing_bytes_));
  missing_bytes_ -= static_cast<int64_t>(piece.size());
  const size_t room = skip ? static_cast<size_t>(limits_.kept_bytes) - body_.size() : piece.size();
  body_ += piece.substr(0, room);
  if (missing_bytes_ == 0) {
    frames_.push_back({.kind = skip ? Frame::Kind::kTooLarge : Frame::Kind::kMessage,
                       .text = std::exchange(body_, {}),
                       .size_bytes = size_bytes_});
    state_ = State::kHeader;
  }
  return bytes.substr(piece.size());
}

void FrameReader::lose_sync(std::string reason) {
  state_ = State::kSearch;
  length_.reset();
  header_bytes_ = 0;
  if (std::exchange(reported_, true)) return;
  frames_.push_back({.kind = Frame::Kind::kBroken, .text = std::move(reason)});
}

}  // namespace rondo::lsp
