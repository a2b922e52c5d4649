// An editor for measuring: it speaks to a language server in a process of its own, waits for its
// answers, and tells how long they took.
//
// Thread: one at a time. Owns the process: it ends with the editor.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "base/json.h"
#include "base/status.h"
#include "lsp/transport.h"

namespace rondo::cli {

class MeasuringEditor {
 public:
  enum class Asked { kByTyping, kByCommand };  // one suggestion, or several and never quiet

  // Starts `words` and opens `folder` (absolute). Errors: Unavailable when it does not answer.
  static Result<std::unique_ptr<MeasuringEditor>> start(const std::vector<std::string>& words,
                                                        const std::string& folder);
  ~MeasuringEditor();

  // Returns when the model is loaded and the folder is read. Errors: Unavailable.
  Status wait_until_ready();
  // `text` of the file at `path`, absolute, ASCII alone; closes the one before.
  Status open(const std::string& path, std::string text);
  // What the open file says now; only what differs is sent.
  Status change(std::string text);
  // The milliseconds until there is an answer for the cursor at `offset` of the open file.
  Result<double> suggest(int64_t offset, Asked asked);
  // Of the answers, how many had a suggestion.
  int64_t n_suggestions() const { return n_suggestions_; }

 private:
  MeasuringEditor(pid_t process, FileDescriptor socket)
      : process_(process), socket_(std::move(socket)) {}

  Status send(const Json& message);
  Status notify(std::string_view method, Json params);
  Result<Json> request(std::string_view method, Json params);
  Result<Json> receive();

  const pid_t process_;
  FileDescriptor socket_;
  lsp::FrameReader reader_;
  std::vector<lsp::Frame> frames_;  // that were read and not looked at, the first last
  int64_t last_id_ = 0;
  std::string uri_;  // of the open file; empty: none
  std::string text_;
  int64_t version_ = 0;
  int64_t n_suggestions_ = 0;
};

}  // namespace rondo::cli
