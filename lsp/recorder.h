// Recorder: writes a recording (recording.h) while a process serves its editors.
//
// What is excluded does not get into the file: of a document that an ignore file names, or that
// holds a secret, no message is written from then on until it is opened anew, and no answer. The
// file is the user's alone (0600). When it is full, the rest is left out.
//
// Thread: any; a thread of its own looks at ignore files and writes. The destructor writes what was
// given. Ownership: owns the file.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"
#include "base/file_descriptor.h"
#include "base/json.h"
#include "base/status.h"
#include "workspace/document_store.h"

namespace rondo::lsp {

struct RecorderOptions {
  std::string path;  // of a file that is not there yet
  std::string program;
  std::string model;
  int64_t max_bytes = 64 << 20;
};

class Recorder {
 public:
  // Errors: InvalidArgument when there is a file already; Unavailable when it cannot be made.
  static Result<std::unique_ptr<Recorder>> create(const RecorderOptions& options);
  ~Recorder();

  // The number of what comes now: before anything that follows from it.
  int64_t next() { return ++n_events_; }
  int64_t last() const { return n_events_; }

  // A client's message, with the state of its document behind it; null: it is about none. The
  // folders are the client's, absolute.
  struct Received {
    int64_t n = 0;
    std::string client;
    std::string text;  // of the message; empty: it could not be read
    workspace::DocumentSnapshot document;
    std::vector<std::string> folders;
  };
  void received(Received message);
  void sent(const std::string& client, const Json& message);
  // `answer` as recording.h draws it; `asked`: last() when it was asked for.
  void answered(const std::string& cursor, int64_t asked, Json answer);

 private:
  using Clock = std::chrono::steady_clock;
  using Key = std::pair<std::string, std::string>;  // client, and what is hidden of it

  Recorder(FileDescriptor file, int64_t max_bytes);
  void post(std::function<void()> work);
  int64_t now_us() const;
  bool is_hidden(const std::string& client, const Json& message);
  void write_received(const Received& message, int64_t us);
  void write_sent(const std::string& client, const Json& message, Json line);
  void write(const Json& line);
  void leave_out(Json line, const Json& message);

  const FileDescriptor file_;
  const int64_t max_bytes_;
  const Clock::time_point began_ = Clock::now();
  std::atomic<int64_t> n_events_ = 0;

  // The thread's own.
  int64_t n_bytes_ = 0;
  bool ended_ = false;
  std::set<Key> hidden_uris_;
  std::set<Key> hidden_requests_;  // ids, as JSON: their answers are hidden, too

  BoundedQueue<std::function<void()>> queue_{4096};
  std::jthread thread_;  // last: writes what was given before anything it uses goes
};

// One client of a Recorder; with a null recorder nothing is recorded.
struct RecordedClient {
  Recorder* recorder = nullptr;
  std::string name;
};

}  // namespace rondo::lsp
