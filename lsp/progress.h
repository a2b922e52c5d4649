// Progress: shows one long job in the editor, by work-done progress that the server starts
// (window/workDoneProgress/create). Silent with a client that has no such thing.
//
// Thread: the loop. Borrows the Connection; must live as long as that calls back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lsp/connection.h"

namespace rondo::lsp {

class Progress {
 public:
  // `name` distinguishes it from other jobs of the session. It shows nothing before enable().
  Progress(Connection& connection, std::string name)
      : connection_(connection), name_(std::move(name)) {}

  // The client can show progress, and may be asked to. A job that runs already appears.
  void enable();
  // Nothing is shown any more.
  void disable();

  // Begins a job; one that still runs ends.
  void begin(std::string title);
  // REQUIRES: begun. The editor gets the newest of several reports that come before it is ready.
  void report(std::string message, std::optional<int> percent);
  // `message` is what came of it. Nothing happens when nothing runs.
  void end(std::string_view message);

 private:
  void create();
  void created(int64_t job);
  std::string token() const { return "rondo/" + name_ + "/" + std::to_string(job_); }

  Connection& connection_;
  const std::string name_;
  bool enabled_ = false;
  bool running_ = false;
  bool shown_ = false;  // the client has agreed and was told that it began
  int64_t job_ = 0;     // the present or last one
  std::string title_;
  std::string message_;  // of the last report; empty: none
  std::optional<int> percent_;
};

}  // namespace rondo::lsp
