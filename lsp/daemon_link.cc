#include "lsp/daemon_link.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "lsp/spawn.h"

namespace rondo::lsp {
namespace {

Status start_daemon(const std::vector<std::string>& words, const Patience& patience) {
  // Its first words are for who reads ours.
  const FileDescriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ASSIGN_OR_RETURN(const pid_t child, spawn(words, nothing.get()));
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (process && !patience.readable(process.get())) {
    return unavailable_error("the daemon does not begin to listen");
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return unavailable_error("the daemon could not be started");
}

// Asks it to stop and waits until it has.
Status end_daemon(const DaemonPlace& place, const Identity& program, const Patience& patience) {
  const Result<FileDescriptor> socket = place.connect();
  if (!socket.ok()) return {};
  RETURN_IF_ERROR(ask(socket->get(), {.program = program, .wish = Wish::kStop}, patience).status());
  if (wait_for_end(socket->get(), patience)) return {};
  return unavailable_error("the daemon was asked to stop but still runs");
}

// Ends the daemon at the other end of `socket`, which does not answer, by force; nothing but the
// process that holds the daemon's lock, which is looked at again once its id cannot become another
// process's.
Status end_by_force(const DaemonPlace& place, int socket, const Patience& patience) {
  const Status refused = unavailable_error(
      "the daemon does not answer, and cannot be ended by force; end the process `rondo daemon`");
  const auto process_id = place.process_behind(socket);
  if (!process_id) return refused;
  const FileDescriptor process(
      static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(*process_id), 0)));
  if (!process || place.process_behind(socket) != process_id) return refused;
  spdlog::warn("the daemon, process {}, does not answer: it is ended by force", *process_id);
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) != 0) return refused;
  return patience.readable(process.get()) ? Status() : refused;
}

// One attempt of reach_daemon(): a connection; or nothing, when the next one may get it; or why
// there will be none.
class Attempt {
 public:
  Attempt(const DaemonPlace& place, const DaemonWanted& wanted, Build build,
          const Patience& patience)
      : place_(place), wanted_(wanted), build_(build), patience_(patience) {}

  Result<std::optional<FileDescriptor>> make() const {
    const Result<FileDescriptor> lock = place_.lock_start();
    if (lock.status().code() == Code::kResourceExhausted) return nothing();
    RETURN_IF_ERROR(lock.status());
    Result<FileDescriptor> socket = place_.connect();
    if (socket.status().code() == Code::kNotFound) return start();
    RETURN_IF_ERROR(socket.status());
    const Result<Welcome> welcome =
        ask(socket->get(), hello(), patience_.at_most(wanted_.answer_within));
    if (welcome.status().code() == Code::kResourceExhausted) {
      RETURN_IF_ERROR(end_by_force(place_, socket->get(), patience_));
    }
    if (!welcome.ok()) return nothing();  // it has just ended
    if (welcome->answer == Answer::kAccepted) return std::optional(std::move(*socket));
    socket->reset();
    return refused(*welcome);
  }

 private:
  static Result<std::optional<FileDescriptor>> nothing() { return std::optional<FileDescriptor>(); }

  Hello hello() const {
    return {.program = wanted_.program,
            .model = wanted_.model,
            .kernels = wanted_.kernels,
            .n_threads = wanted_.n_threads,
            .any_build = build_ == Build::kAny};
  }

  Result<std::optional<FileDescriptor>> start() const {
    const Status free = place_.lock_daemon().status();              // and at once given back
    if (free.code() == Code::kResourceExhausted) return nothing();  // one begins, or ends
    RETURN_IF_ERROR(free);
    RETURN_IF_ERROR(start_daemon(wanted_.start_command, patience_));
    return nothing();
  }

  Result<std::optional<FileDescriptor>> refused(const Welcome& welcome) const {
    const bool may_end = welcome.answer == Answer::kOtherEngine
                             ? welcome.n_clients == 0
                             : welcome.answer != Answer::kBusy && build_ == Build::kMine;
    if (may_end) {
      spdlog::info("{}: it is replaced", welcome.reason);
      RETURN_IF_ERROR(end_daemon(place_, wanted_.program, patience_));
      return nothing();
    }
    if (welcome.answer == Answer::kBusy) return nothing();
    return unavailable_error(welcome.reason);
  }

  const DaemonPlace& place_;
  const DaemonWanted& wanted_;
  const Build build_;
  const Patience& patience_;
};

}  // namespace

Result<FileDescriptor> reach_daemon(const DaemonPlace& place, const DaemonWanted& wanted,
                                    Build build, const Patience& patience) {
  const Attempt attempt(place, wanted, build, patience);
  do {
    ASSIGN_OR_RETURN(std::optional<FileDescriptor> socket, attempt.make());
    if (socket) return std::move(*socket);
  } while (patience.nap());
  return unavailable_error("the daemon could not be reached in time");
}

}  // namespace rondo::lsp
