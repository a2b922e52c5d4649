#include "lsp/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rondo::lsp {
namespace {

using Kind = Frame::Kind;

Frame message(std::string body) {
  const auto size = static_cast<int64_t>(body.size());
  return {.kind = Kind::kMessage, .text = std::move(body), .size_bytes = size};
}

std::vector<Kind> kinds(const std::vector<Frame>& frames) {
  std::vector<Kind> kinds;
  for (const Frame& frame : frames) kinds.push_back(frame.kind);
  return kinds;
}

std::vector<Frame> read_all(std::string_view bytes, FrameLimits limits = {}) {
  return FrameReader(limits).feed(bytes);
}

// What comes of a stream must not depend on how it was cut into pieces.
std::vector<Frame> read_in_pieces(std::string_view bytes, uint32_t seed, FrameLimits limits) {
  FrameReader reader(limits);
  std::mt19937 random(seed);
  std::vector<Frame> all;
  while (!bytes.empty()) {
    const size_t n = 1 + random() % (seed % 5 == 0 ? 1 : 40);
    for (Frame& frame : reader.feed(bytes.substr(0, n))) all.push_back(std::move(frame));
    bytes.remove_prefix(std::min(n, bytes.size()));
  }
  return all;
}

TEST(FrameReader, ReadsWhatFrameMessageWrote) {
  const std::string stream = frame_message("{}") + frame_message("") + frame_message("[\"ü\"]");
  EXPECT_EQ(read_all(stream), (std::vector{message("{}"), message(""), message("[\"ü\"]")}));
}

TEST(FrameReader, TakesHeadersAsClientsWriteThem) {
  for (const char* header :
       {"content-length:2\r\n\r\n", "Content-Length:   2  \r\n\r\n",
        "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        "Content-Length: 2\nX-Other: 1\n\n", "\r\nContent-Length: 2\r\n\r\n",
        "Content-Length: 2\r\nContent-Length: 2\r\n\r\n"}) {
    EXPECT_EQ(read_all(std::string(header) + "{}"), (std::vector{message("{}")})) << header;
  }
}

TEST(FrameReader, ReportsABrokenHeaderOnceAndGoesOnAtTheNextMessage) {
  const std::string next = frame_message("{\"next\":1}");
  for (const char* broken :
       {"Content-Length: -2\r\n\r\n{}", "Content-Length: 2x\r\n\r\n{}",
        "Content-Length: \r\n\r\n{}", "Content-Length: 99999999999999999999\r\n\r\n{}",
        "Content-Length: 99999999999\r\n\r\n{}", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "Content-Type: x\r\n\r\n{}", "garbage\r\n", "garbage\r\nmore\r\nmore\r\n", ": 2\r\n\r\n",
        "{}", "Con tent-Length: 2\r\n\r\n{}"}) {
    EXPECT_EQ(kinds(read_all(broken + next + next)),
              (std::vector{Kind::kBroken, Kind::kMessage, Kind::kMessage}))
        << broken;
  }
}

TEST(FrameReader, LosesOneMessageWhenAClientCountsCharactersInsteadOfBytes) {
  const std::string next = frame_message("{\"next\":1}");
  const std::vector<Frame> frames = read_all("Content-Length: 3\r\n\r\n\"ü\"" + next + next);
  EXPECT_EQ(kinds(frames),
            (std::vector{Kind::kMessage, Kind::kBroken, Kind::kMessage, Kind::kMessage}));
  EXPECT_EQ(frames.back().text, "{\"next\":1}");
}

TEST(FrameReader, LeavesOutABodyAboveTheLimitAndKeepsSync) {
  const FrameLimits limits = {.body_bytes = 100, .kept_bytes = 8};
  const std::vector<Frame> frames =
      read_all(frame_message(std::string(101, 'x')) + frame_message("{}"), limits);
  EXPECT_EQ(frames,
            (std::vector{Frame{.kind = Kind::kTooLarge, .text = "xxxxxxxx", .size_bytes = 101},
                         message("{}")}));
  EXPECT_EQ(kinds(read_all(frame_message(std::string(100, 'x')), limits)),
            (std::vector{Kind::kMessage}));
}

TEST(FrameReader, KeepsLittleOfAnEndlessHeader) {
  FrameReader reader;
  const std::string junk(1 << 16, 'x');
  EXPECT_EQ(kinds(reader.feed(junk)), (std::vector{Kind::kBroken}));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(reader.feed(junk).empty());
  EXPECT_EQ(reader.feed(frame_message("{}")), (std::vector{message("{}")}));
}

TEST(FrameReader, TakesTheLastLengthOfALineThatIsBroken) {
  const FrameLimits limits = {.header_bytes = 64};
  const std::string body = "{\"next\":1}";
  const std::string next = "Content-Length: " + std::to_string(body.size());
  const std::string rest = "\r\n\r\n" + body + frame_message("[]");
  for (const std::string& before : {"Content-Length: 3", "{\"text\":\"Content-Length: 3\"}",
                                    "Content-Length: 3\r\n{", "X: 1\r\nContent-Length: 3 "}) {
    for (const size_t n_more : {0, 20, 60, 200}) {  // far over the limit, too
      const std::string stream = before + std::string(n_more, 'x') + next + rest;
      const std::vector<Frame> frames = read_all(stream, limits);
      EXPECT_EQ(kinds(frames), (std::vector{Kind::kBroken, Kind::kMessage, Kind::kMessage}))
          << stream;
      EXPECT_EQ(frames[1].text, body) << stream;
      for (uint32_t seed = 0; seed < 10; ++seed) {
        ASSERT_EQ(read_in_pieces(stream, seed, limits), frames) << stream;
      }
    }
  }
}

TEST(FrameReader, CutsALineThatIsTooLongToItsEnd) {
  const FrameLimits limits = {.header_bytes = 64};
  // The length that comes first lies before the end that is kept, however the line comes in.
  const std::string stream =
      "Content-Length: 3" + std::string(80, ' ') + "\r\n\r\n{}\r\n" + frame_message("[]");
  const std::vector<Frame> frames = read_all(stream, limits);
  EXPECT_EQ(kinds(frames), (std::vector{Kind::kBroken, Kind::kMessage}));
  EXPECT_EQ(frames[1], message("[]"));
  for (uint32_t seed = 0; seed < 20; ++seed) {
    ASSERT_EQ(read_in_pieces(stream, seed, limits), frames);
  }
}

TEST(FrameReader, TakesA10MegabyteMessageInPieces) {
  const std::string body(10 << 20, 'x');
  const std::string stream = frame_message(body);
  FrameReader reader;
  std::vector<Frame> all;
  for (size_t i = 0; i < stream.size(); i += 1 << 16) {
    for (Frame& frame : reader.feed(std::string_view(stream).substr(i, 1 << 16))) {
      all.push_back(std::move(frame));
    }
  }
  EXPECT_EQ(all, (std::vector{message(body)}));
}

TEST(FrameReader, DoesNotDependOnHowTheStreamIsCut) {
  const FrameLimits limits = {.header_bytes = 60, .body_bytes = 30, .kept_bytes = 5};
  const std::string stream = frame_message("{\"a\":1}") + "junk\r\n\r\n" +
                             frame_message(std::string(50, 'y')) + "}}" + frame_message("") +
                             "Content-Length: x\r\n\r\n{}" + frame_message("[]") +
                             std::string(200, 'z') + frame_message("{\"end\":1}");
  const std::vector<Frame> whole = read_all(stream, limits);
  EXPECT_EQ(whole.back(), message("{\"end\":1}"));
  for (uint32_t seed = 0; seed < 200; ++seed) {
    ASSERT_EQ(read_in_pieces(stream, seed, limits), whole) << "seed " << seed;
  }
}

}  // namespace
}  // namespace rondo::lsp
