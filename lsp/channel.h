// Channel: bytes in by one file descriptor and out by another, of any kind that standard input and
// output can be: pipe, socket, terminal, file.
//
// A client that asks but does not read the answers is not read either, once kMaxUnwrittenBytes wait
// for it: its requests stay in its own buffers, not in our memory.
//
// Thread: the loop. Owns the descriptors. Must live until Events::closed, or until the loop has run
// out after close().
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::lsp {

class Channel {
 public:
  struct Events {
    std::function<void(std::string_view bytes)> bytes;
    // The input is at its end, or one of the two is broken. Nothing comes after it.
    std::function<void()> end;
    // After close(): everything is written or given up, the Channel may go. May be unset.
    std::function<void()> closed;
  };

  Channel(uv_loop_t* loop, Events events);
  ~Channel();

  // Begins to read `input` and takes over both descriptors.
  // Errors: InvalidArgument when one is closed or of no usable kind.
  Status open(int input, int output);

  void write(std::string_view bytes);
  int64_t unwritten_bytes() const;

  // Reads no more; what was written still goes out, until the client takes nothing for
  // kPatienceMilliseconds.
  void close();

 private:
  static constexpr int64_t kMaxUnwrittenBytes = 8 << 20;
  static constexpr int64_t kBufferBytes = 64 << 10;
  static constexpr int64_t kMaxWriteBytes = 256 << 10;  // at a time: shows that the client reads
  static constexpr uint64_t kPatienceMilliseconds = 1000;
  struct Side;

  void set_reading(bool reading);
  void read_file();
  void received(int64_t n_bytes);
  void write_next();
  void written(int64_t n_bytes);
  void end();
  void be_patient();
  void close_output();
  void closed_one();

  uv_loop_t* const loop_;
  const Events events_;
  std::unique_ptr<Side> input_;
  std::unique_ptr<Side> output_;
  std::vector<char> buffer_;  // of the read that is under way
  bool reading_ = false;      // wanted; a file's last read may still be under way
  bool read_pending_ = false;
  std::string unwritten_;  // waits behind writing_
  std::string writing_;    // given to the loop; empty: nothing is under way
  int64_t n_written_ = 0;  // of writing_
  int64_t n_given_ = 0;    // bytes that the write under way has
  bool ended_ = false;
  bool closing_ = false;
  int n_open_ = 1;  // sides that are open, and the timer
  uv_timer_t patience_;
};

}  // namespace rondo::lsp
