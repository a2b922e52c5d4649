// What a Completer keeps of each document that a client is working in: the window that the model
// reads, another that it reads while nobody waits, and what was answered last.
//
// Thread: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "assist/cursor_window.h"
#include "assist/offer.h"
#include "base/hash.h"
#include "workspace/context.h"

namespace rondo::assist {

// A window that a cursor will continue when it has been read.
struct WindowAhead {
  CursorWindow window;
  std::string sequence;
  std::shared_ptr<bool> ready;
  bool same_window = false;  // as the one in use: only what stands before it may be better
  std::optional<std::vector<workspace::ContextBlock>> files;  // as Cursor::files
};

class Cursor {
 public:
  Cursor(WindowLimits limits, const std::string& name)
      : name_(name), window_(limits), sequence_(name) {}

  // Places the window for byte `offset` of `text`; true when it continues what the engine has. One
  // that was read ahead is taken when it is ready; one that begins anew is given `share` of its
  // limits (CursorWindow::place). Nothing is ahead afterwards.
  bool place(std::string_view text, int64_t offset, double share);
  // Begins a whole window around `offset`, to be read into a sequence beside the one in use; one
  // that was read ahead and goes on here comes into use first. Valid until the next call of any.
  WindowAhead& look_ahead(std::string_view text, int64_t offset);
  // Nothing better is to be read: the window ahead, which is the one in use, goes on in its place.
  // REQUIRES: there is one, and its same_window.
  void stay();

  const CursorWindow& window() const { return window_; }
  // The engine's name for what was read through the window.
  const std::string& sequence() const { return sequence_; }

  std::stop_source request;  // of the newest completion
  std::stop_source prepare;  // of what is read while nobody waits
  bool rests = false;        // it is read because the cursor rests; else, for the next answer
  Offer offer;
  std::vector<Hash128> blocks;                             // chosen last
  std::shared_ptr<bool> whole = std::make_shared<bool>();  // the sequence in use has all of them
  // For models that read their context as files: those that prompts here begin with, in their
  // order; nothing before the first prompt.
  std::optional<std::vector<workspace::ContextBlock>> files;
  int64_t n_forgotten = 0;  // by the index, when the Segments of the last answer were chosen
  int64_t last_used = 0;

 private:
  bool take_ahead(std::string_view text, int64_t offset);

  std::string name_;
  CursorWindow window_;
  std::string sequence_;
  std::optional<WindowAhead> ahead_;
};

class CursorTable {
 public:
  explicit CursorTable(WindowLimits limits) : limits_(limits) {}

  // The one of that name, new when there is none: then the one that was used longest ago makes
  // room.
  Cursor& find(const std::string& name);
  // The one of that name; null when there is none.
  Cursor* known(const std::string& name) {
    const auto it = cursors_.find(name);
    return it == cursors_.end() ? nullptr : &it->second;
  }
  // Stops all that was asked of the engine for them.
  void stop_all();

 private:
  static constexpr size_t kMaxCursors = 64;

  const WindowLimits limits_;
  std::map<std::string, Cursor> cursors_;
  int64_t n_finds_ = 0;
};

}  // namespace rondo::assist
