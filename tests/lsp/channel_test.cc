#include "lsp/channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "lsp/loop.h"

namespace rondo::lsp {
namespace {

constexpr size_t kMuch = 10 << 20;  // more than may wait unwritten

// A channel whose other end the test holds; everything runs on the thread of the test.
class ChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);  // as Server does
    std::array<int, 2> ends;
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()), 0);
    peer_ = ends[0];
    ASSERT_TRUE(channel_.open(ends[1], ::fcntl(ends[1], F_DUPFD_CLOEXEC, 0)).ok());
  }

  void TearDown() override {
    if (peer_ >= 0) ::close(peer_);
    channel_.close();
    loop_.close();
    loop_.run();
  }

  // Lets the loop do what it can do without waiting.
  void turn() {
    for (int i = 0; i < 10; ++i) uv_run(loop_.uv(), UV_RUN_NOWAIT);
  }

  // Reads `n` bytes, and lets the channel write them meanwhile; whether there are so many.
  bool reads(size_t n) {
    for (size_t n_read = 0; n_read < n; turn()) {
      const ssize_t now = ::read(peer_, buffer_.data(), buffer_.size());
      if (now == 0) return false;
      if (now > 0) n_read += static_cast<size_t>(now);
    }
    return true;
  }

  Loop loop_;
  std::string received_;
  int n_ends_ = 0;
  Channel channel_{loop_.uv(),
                   {.bytes = [this](std::string_view bytes) { received_ += bytes; },
                    .end = [this] { ++n_ends_; }}};
  int peer_ = -1;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
};

TEST_F(ChannelTest, DoesNotReadAClientThatDoesNotRead) {
  channel_.write(std::string(kMuch, 'a'));
  ASSERT_EQ(::write(peer_, "more", 4), 4);
  turn();
  EXPECT_EQ(received_, "");
  EXPECT_TRUE(reads(kMuch));
  EXPECT_EQ(received_, "more");
  EXPECT_EQ(channel_.unwritten_bytes(), 0);
}

TEST_F(ChannelTest, WritesTheRestWhenItIsClosed) {
  channel_.write(std::string(kMuch, 'a'));
  channel_.close();
  EXPECT_TRUE(reads(kMuch));
  EXPECT_EQ(n_ends_, 0);
}

TEST_F(ChannelTest, GivesUpOnAClientThatNeverReads) {
  channel_.write(std::string(kMuch, 'a'));
  channel_.close();
  loop_.close();
  loop_.run();  // returns although the client takes nothing
  EXPECT_FALSE(uv_loop_alive(loop_.uv()));
}

TEST_F(ChannelTest, TellsTheEndOnceWhenTheClientIsGone) {
  ::close(peer_);
  peer_ = -1;
  channel_.write("lost");
  turn();
  channel_.write("lost, too");
  turn();
  EXPECT_EQ(n_ends_, 1);
}

}  // namespace
}  // namespace rondo::lsp
