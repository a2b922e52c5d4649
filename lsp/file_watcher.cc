#include "lsp/file_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace rondo::lsp {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kWatched =
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;

std::string join(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

}  // namespace

Result<std::unique_ptr<FileWatcher>> FileWatcher::start(const std::string& root, Events events) {
  ASSIGN_OR_RETURN(workspace::Scanner rules, workspace::Scanner::open(root));
  const int inotify = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify < 0) {
    return resource_exhausted_error("files in " + root +
                                    " cannot be watched: " + std::strerror(errno));
  }
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  if (wake < 0) {
    ::close(inotify);
    return resource_exhausted_error("files in " + root +
                                    " cannot be watched: " + std::strerror(errno));
  }
  return std::unique_ptr<FileWatcher>(
      new FileWatcher(std::move(rules), std::move(events), inotify, wake));
}

FileWatcher::FileWatcher(workspace::Scanner rules, Events events, int inotify, int wake)
    : root_(rules.root()),
      events_(std::move(events)),
      inotify_(inotify),
      wake_(wake),
      rules_(std::move(rules)),
      thread_([this](std::stop_token stop) { run(stop); }) {}

FileWatcher::~FileWatcher() {
  thread_.request_stop();
  ::eventfd_write(wake_, 1);
  thread_.join();
  ::close(wake_);
  ::close(inotify_);
}

void FileWatcher::run(std::stop_token stop) {
  ::pthread_setname_np(::pthread_self(), "rondo-watch");
  add_tree("", /*report_files=*/false);
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> ready = {{{.fd = inotify_, .events = POLLIN, .revents = 0},
                                    {.fd = wake_, .events = POLLIN, .revents = 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) read_events();
  }
}

void FileWatcher::read_events() {
  alignas(inotify_event) std::array<char, 64 << 10> buffer;
  const ssize_t n = ::read(inotify_, buffer.data(), buffer.size());
  for (ssize_t at = 0; at < n;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    if ((event->mask & IN_Q_OVERFLOW) != 0) {
      add_tree("", /*report_files=*/false);  // folders that were made meanwhile
      events_.lost();
    } else if ((event->mask & IN_IGNORED) != 0) {
      folders_.erase(event->wd);
    } else if (const auto folder = folders_.find(event->wd);
               folder != folders_.end() && event->len > 0) {
      handle(std::string(folder->second), event->mask, event->name);
    }
  }
}

void FileWatcher::handle(const std::string& folder, uint32_t mask, const std::string& name) {
  const std::string path = join(folder, name);
  if ((mask & IN_ISDIR) != 0) {
    if ((mask & IN_MOVED_FROM) != 0) {  // its files went with it, silently
      forget_tree(path);
      events_.lost();
    } else if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
      add_tree(path, /*report_files=*/true);
    }
    return;
  }
  if ((mask & ~uint32_t{IN_CREATE}) == 0) return;  // it is written next
  if (workspace::is_ignore_file(name)) {
    Result<workspace::Scanner> rules = workspace::Scanner::open(root_);
    if (rules.ok()) rules_ = std::move(*rules);
    add_tree(folder, /*report_files=*/false);
  }
  events_.changed(path);
}

// Watches `folder` and all below it. Files that were made before they were watched are reported.
void FileWatcher::add_tree(const std::string& folder, bool report_files) {
  if (!folder.empty() && rules_.exclusion(folder + "/file")) return;
  if (!add(folder)) return;
  std::error_code error;
  for (fs::directory_iterator entry(root_ + "/" + folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string path = join(folder, entry->path().filename());
    std::error_code no_type;
    const fs::file_type type = entry->symlink_status(no_type).type();
    if (type == fs::file_type::directory) add_tree(path, report_files);
    if (type == fs::file_type::regular && report_files) events_.changed(path);
  }
}

bool FileWatcher::add(const std::string& folder) {
  const int watch = ::inotify_add_watch(inotify_, (root_ + "/" + folder).c_str(), kWatched);
  if (watch >= 0) {
    folders_[watch] = folder;
    return true;
  }
  if (errno == ENOSPC && !std::exchange(full_, true)) {
    events_.log(
        "no more folders can be watched than fs.inotify.max_user_watches says: changes in " +
        join(root_, folder) + " and others are seen at the next start");
  }
  return false;
}

void FileWatcher::forget_tree(const std::string& folder) {
  for (auto it = folders_.begin(); it != folders_.end();) {
    if (it->second != folder && !it->second.starts_with(folder + "/")) {
      ++it;
      continue;
    }
    ::inotify_rm_watch(inotify_, it->first);
    it = folders_.erase(it);
  }
}

}  // namespace rondo::lsp
