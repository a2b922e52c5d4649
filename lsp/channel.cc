#include "lsp/channel.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace rondo::lsp {

// One descriptor: a stream of the loop, or a file that is used at its position.
struct Channel::Side {
  uv_any_handle handle;
  uv_write_t write;
  uv_fs_t file_request;
  int file = -1;        // -1: a stream
  bool opened = false;  // and not closed yet

  Status open(uv_loop_t* loop, int fd, Channel* channel) {
    int error = 0;
    switch (uv_guess_handle(fd)) {
      case UV_FILE:
        file = fd;
        break;
      case UV_NAMED_PIPE:
        uv_pipe_init(loop, &handle.pipe, /*ipc=*/0);
        error = uv_pipe_open(&handle.pipe, fd);
        break;
      case UV_TCP:
        uv_tcp_init(loop, &handle.tcp);
        error = uv_tcp_open(&handle.tcp, fd);
        break;
      case UV_TTY:
        error = uv_tty_init(loop, &handle.tty, fd, /*unused=*/0);
        if (error != 0) return unusable(fd, uv_strerror(error));  // there is no handle to close
        break;
      default:
        return unusable(fd, "it is closed or neither file, pipe, socket nor terminal");
    }
    opened = true;
    ++channel->n_open_;
    handle.handle.data = write.data = file_request.data = channel;
    return error == 0 ? Status() : unusable(fd, uv_strerror(error));
  }

  void close() {
    if (!std::exchange(opened, false)) return;
    if (file >= 0) {
      ::close(file);
      static_cast<Channel*>(file_request.data)->closed_one();
    } else {
      uv_close(&handle.handle,
               [](uv_handle_t* closed) { static_cast<Channel*>(closed->data)->closed_one(); });
    }
  }

  static Status unusable(int fd, const std::string& why) {
    return invalid_argument_error("file descriptor " + std::to_string(fd) +
                                  " cannot carry the protocol: " + why);
  }
};

Channel::Channel(uv_loop_t* loop, Events events)
    : loop_(loop),
      events_(std::move(events)),
      input_(std::make_unique<Side>()),
      output_(std::make_unique<Side>()),
      buffer_(kBufferBytes) {
  uv_timer_init(loop_, &patience_);
  patience_.data = this;
}

Channel::~Channel() = default;

Status Channel::open(int input, int output) {
  RETURN_IF_ERROR(output_->open(loop_, output, this));
  RETURN_IF_ERROR(input_->open(loop_, input, this));
  set_reading(true);
  return {};
}

// ---- in --------------------------------------------------------------------------------------

void Channel::set_reading(bool reading) {
  if (!input_->opened || reading == std::exchange(reading_, reading)) return;
  if (input_->file >= 0) {
    if (reading && !read_pending_) read_file();
  } else if (reading) {
    const int error = uv_read_start(
        &input_->handle.stream,
        [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
          auto* channel = static_cast<Channel*>(handle->data);
          *buffer = uv_buf_init(channel->buffer_.data(), kBufferBytes);
        },
        [](uv_stream_t* stream, ssize_t n, const uv_buf_t*) {
          if (n != 0) static_cast<Channel*>(stream->data)->received(n);
        });
    if (error != 0) end();
  } else {
    uv_read_stop(&input_->handle.stream);
  }
}

void Channel::read_file() {
  read_pending_ = true;
  const uv_buf_t buffer = uv_buf_init(buffer_.data(), kBufferBytes);
  uv_fs_read(loop_, &input_->file_request, input_->file, &buffer, 1, /*offset=*/-1,
             [](uv_fs_t* request) {
               auto* channel = static_cast<Channel*>(request->data);
               const int64_t n = request->result;
               uv_fs_req_cleanup(request);
               channel->read_pending_ = false;
               if (channel->closing_) return channel->input_->close();
               channel->received(n > 0 ? n : int64_t{UV_EOF});
               if (channel->reading_) channel->read_file();
             });
}

// `n_bytes` of buffer_, or a negative error.
void Channel::received(int64_t n_bytes) {
  if (n_bytes < 0) return end();
  events_.bytes({buffer_.data(), static_cast<size_t>(n_bytes)});
}

void Channel::end() {
  set_reading(false);
  if (!std::exchange(ended_, true) && !closing_) events_.end();
}

// ---- out -------------------------------------------------------------------------------------

void Channel::write(std::string_view bytes) {
  if (!output_->opened) return;
  unwritten_ += bytes;
  if (writing_.empty()) write_next();
  if (unwritten_bytes() > kMaxUnwrittenBytes) set_reading(false);
}

int64_t Channel::unwritten_bytes() const {
  return static_cast<int64_t>(unwritten_.size() + writing_.size()) - n_written_;
}

// Gives the loop the next piece.
void Channel::write_next() {
  if (writing_.empty()) writing_ = std::exchange(unwritten_, {});
  n_given_ = std::min(static_cast<int64_t>(writing_.size()) - n_written_, kMaxWriteBytes);
  const uv_buf_t buffer =
      uv_buf_init(writing_.data() + n_written_, static_cast<unsigned>(n_given_));
  if (output_->file >= 0) {
    uv_fs_write(loop_, &output_->file_request, output_->file, &buffer, 1, /*offset=*/-1,
                [](uv_fs_t* request) {
                  const int64_t n = request->result;
                  uv_fs_req_cleanup(request);
                  static_cast<Channel*>(request->data)->written(n);
                });
    return;
  }
  const int error = uv_write(&output_->write, &output_->handle.stream, &buffer, 1,
                             [](uv_write_t* request, int status) {
                               auto* channel = static_cast<Channel*>(request->data);
                               channel->written(status == 0 ? channel->n_given_ : status);
                             });
  if (error != 0) written(error);
}

// `n_bytes` more of writing_, or a negative error.
void Channel::written(int64_t n_bytes) {
  if (n_bytes < 0) {
    writing_.clear();
    unwritten_.clear();
    n_written_ = 0;
    return closing_ ? close_output() : end();
  }
  n_written_ += n_bytes;
  if (n_written_ == static_cast<int64_t>(writing_.size())) {
    writing_.clear();
    n_written_ = 0;
  }
  if (unwritten_bytes() > 0) {
    write_next();
    if (closing_) be_patient();
  } else if (closing_) {
    close_output();
  }
  if (unwritten_bytes() < kMaxUnwrittenBytes / 2 && !ended_ && !closing_) set_reading(true);
}

// ---- the end ---------------------------------------------------------------------------------

void Channel::close() {
  if (std::exchange(closing_, true)) return;
  set_reading(false);
  if (!read_pending_) input_->close();
  if (!output_->opened || unwritten_bytes() == 0) return close_output();
  be_patient();
}

// A disk takes what it is given, a client may not.
void Channel::be_patient() {
  if (output_->file >= 0) return;
  uv_timer_start(
      &patience_, [](uv_timer_t* timer) { static_cast<Channel*>(timer->data)->close_output(); },
      kPatienceMilliseconds, /*repeat=*/0);
}

void Channel::close_output() {
  output_->close();
  auto* const timer = reinterpret_cast<uv_handle_t*>(&patience_);
  if (uv_is_closing(timer)) return;
  uv_close(timer, [](uv_handle_t* closed) { static_cast<Channel*>(closed->data)->closed_one(); });
}

void Channel::closed_one() {
  if (--n_open_ == 0 && events_.closed) events_.closed();
}

}  // namespace rondo::lsp
