// Handshake: what two Rondo processes say to each other before anything else on the daemon's
// socket: one line of JSON each way, the client's Hello and the daemon's Welcome. After a Welcome
// that accepts kServe, the Language Server Protocol follows, and nothing was sent before it. kStop
// means the same in every version of this protocol, so that a daemon can always be replaced.
//
// Thread: values; ask() and wait_for_end() wait, on any thread but the loop.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace rondo::lsp {

inline constexpr int64_t kHandshakeProtocol = 1;
inline constexpr size_t kMaxHandshakeBytes = 64 << 10;

// Which program it is. Two builds of one version differ in `build`.
struct Identity {
  std::string version;
  std::string build;

  bool operator==(const Identity&) const = default;
};

enum class Wish {
  kServe,
  kStatus,
  kWhy,  // what came of the last request for suggestions, with names of files
  kStop,
  kClearCache  // forget everything that was read for anybody
};

struct Hello {
  int64_t protocol = kHandshakeProtocol;
  Identity program;
  Wish wish = Wish::kServe;
  // Of kServe: what the engine must be; empty and 0: whatever it is.
  std::string model;
  std::string kernels;
  int32_t n_threads = 0;
  // Of kServe: a daemon of another build may serve; it replaces one that was there before.
  bool any_build = false;
};

enum class Answer {
  kAccepted,
  kOtherProtocol,  // the two cannot talk
  kOtherBuild,     // another build than the client's, and Hello::any_build is not said
  kOtherEngine,    // it serves another model, kernels or number of threads
  kBusy,           // too many clients, or it is about to end
};

struct Welcome {
  int64_t protocol = kHandshakeProtocol;
  Identity program;
  Answer answer = Answer::kAccepted;
  std::string reason;  // a sentence, unless accepted
  int64_t process_id = 0;
  int64_t n_clients = 0;  // that it serves
  Json status;            // of kStatus: see daemon_report.h; of kWhy: rondo/why and the file
};

// Each a line, and a line's meaning. Errors: InvalidArgument when it is none.
std::string to_line(const Hello& hello);
std::string to_line(const Welcome& welcome);
Result<Hello> read_hello(std::string_view line);
Result<Welcome> read_welcome(std::string_view line);

// Until when to wait; also ends when `stop` is requested.
struct Patience {
  std::chrono::steady_clock::time_point deadline;
  std::stop_token stop;

  static Patience for_at_most(std::chrono::milliseconds time, std::stop_token stop = {}) {
    return {std::chrono::steady_clock::now() + time, std::move(stop)};
  }
  // As long as this, but not longer than `time`.
  Patience at_most(std::chrono::milliseconds time) const {
    return {std::min(deadline, std::chrono::steady_clock::now() + time), stop};
  }
  // True after a moment in which others may act, false when it is at its end.
  bool nap() const;
  // Whether `fd` has something to read, or ends, in time.
  bool readable(int fd) const;
};

// Says `hello` on a connected socket and waits for the answer.
// Errors: ResourceExhausted when patience is at its end, Unavailable when nobody is there any more.
Result<Welcome> ask(int socket, const Hello& hello, const Patience& patience);

// Waits until the other side has closed the connection; false when it takes too long.
bool wait_for_end(int socket, const Patience& patience);

}  // namespace rondo::lsp
