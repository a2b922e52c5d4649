// Progress: shows one long job in the editor, by work-done progress that the server starts
// (window/workDoneProgress/create). Silent with a client that has no such thing.
//
// Thread: the loop. Borrows the Connection. May go at any time; a job that runs ends then.
#pragma once

#include <functional>
#include <memory>
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
  ~Progress() { end(""); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // The client can show progress, and may be asked to. A job that runs already appears.
  void enable();
  // Nothing is shown any more.
  void disable();

  // Begins a job; one that still runs ends. `on_cancel`: what the user's wish to end it does;
  // unset: it cannot be ended.
  void begin(std::string title, std::function<void()> on_cancel = {});
  // The user wishes that the job of this token ends. Nothing happens when it is another's.
  void cancel(std::string_view token);
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
  std::function<void()> on_cancel_;
  bool enabled_ = false;
  bool running_ = false;
  bool shown_ = false;  // the client has agreed and was told that it began
  int64_t job_ = 0;     // the present or last one
  std::string title_;
  std::string message_;  // of the last report; empty: none
  std::optional<int> percent_;
  std::shared_ptr<Progress> self_{this, [](Progress*) {}};  // tells answers that we live
};

}  // namespace rondo::lsp
