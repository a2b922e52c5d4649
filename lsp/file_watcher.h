// FileWatcher: tells which files below a folder change on disk, by inotify, for clients that do not
// (older Neovim, Helix, ...). Folders that ignore rules leave out are not watched.
//
// Thread: start() and the destructor by the owner; the events come from a thread of its own, which
// the destructor joins.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"
#include "workspace/scanner.h"

namespace rondo::lsp {

class FileWatcher {
 public:
  struct Events {
    // A file was written, made, moved or removed. The path is relative to the folder, with '/'.
    std::function<void(const std::string& path)> changed;
    // More may have changed than can be said.
    std::function<void()> lost;
    std::function<void(const std::string& line)> log;
  };

  // Errors: those of Scanner::open; ResourceExhausted when the system allows no more watchers.
  static Result<std::unique_ptr<FileWatcher>> start(const std::string& root, Events events);
  ~FileWatcher();

 private:
  FileWatcher(workspace::Scanner rules, Events events, int inotify, int wake);

  void run(std::stop_token stop);
  void read_events();
  void handle(const std::string& folder, uint32_t mask, const std::string& name);
  void add_tree(const std::string& folder, bool report_files);
  bool add(const std::string& folder);
  void forget_tree(const std::string& folder);

  const std::string root_;
  const Events events_;
  const int inotify_;
  const int wake_;  // readable when the thread should end

  // Of the thread.
  workspace::Scanner rules_;
  std::map<int, std::string> folders_;  // watched, relative to the root, by watch descriptor
  bool full_ = false;                   // the system allows no more watches

  std::jthread thread_;  // last: ends before what it uses goes
};

}  // namespace rondo::lsp
