// Background: lets the rest of the program run on without a terminal, parent or session, while the
// process that the shell or editor started waits for its first word.
//
// Thread: the main thread, before there are others.
#pragma once

#include <optional>

#include "base/file_descriptor.h"
#include "base/status.h"

namespace rondo::cli {

class Background {
 public:
  // Returns twice. In the process that was there before, once the other one is ready() or has
  // ended: with nothing. In the new one, at once: with the means to say so.
  // Errors, in the old process: Unavailable, with what the new one said last.
  static Result<std::optional<Background>> start();

  // The process that waits may go.
  void ready();
  // The process that waits ends with this error.
  void failed(const Status& status);

 private:
  explicit Background(FileDescriptor parent) : parent_(std::move(parent)) {}
  FileDescriptor parent_;
};

}  // namespace rondo::cli
