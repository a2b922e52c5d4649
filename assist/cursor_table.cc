#include "assist/cursor_table.h"

#include <algorithm>
#include <utility>

namespace rondo::assist {
namespace {

constexpr const char* kOtherSequence = "#";  // a cursor has two, one of them being read ahead

}  // namespace

bool Cursor::place(std::string_view text, int64_t offset, double share) {
  return take_ahead(text, offset) || window_.place(text, offset, share);
}

bool Cursor::take_ahead(std::string_view text, int64_t offset) {
  std::optional<WindowAhead> ahead = std::exchange(ahead_, std::nullopt);
  if (!ahead || !*ahead->ready || !ahead->window.place(text, offset)) return false;
  window_ = std::move(ahead->window);
  sequence_ = std::move(ahead->sequence);
  whole = std::move(ahead->ready);
  if (ahead->files) files = std::move(ahead->files);
  return true;
}

WindowAhead& Cursor::look_ahead(std::string_view text, int64_t offset) {
  take_ahead(text, offset);
  CursorWindow window = window_;
  const bool continues = window.place(text, offset);
  const bool narrow = window.is_narrow();
  if (continues && narrow) {
    window = CursorWindow(window.limits());
    window.place(text, offset);
  }
  ahead_ = WindowAhead{.window = std::move(window),
                       .sequence = sequence_ == name_ ? name_ + kOtherSequence : name_,
                       .ready = std::make_shared<bool>(false),
                       .same_window = continues && !narrow};
  return *ahead_;
}

void Cursor::stay() { window_ = std::move(std::exchange(ahead_, std::nullopt)->window); }

Cursor& CursorTable::find(const std::string& name) {
  if (cursors_.size() >= kMaxCursors && !cursors_.contains(name)) {
    cursors_.erase(std::min_element(
        cursors_.begin(), cursors_.end(),
        [](const auto& a, const auto& b) { return a.second.last_used < b.second.last_used; }));
  }
  Cursor& cursor = cursors_.try_emplace(name, limits_, name).first->second;
  cursor.last_used = ++n_finds_;
  return cursor;
}

void CursorTable::stop_all() {
  for (auto& [name, cursor] : cursors_) {
    cursor.request.request_stop();
    cursor.prepare.request_stop();
  }
}

}  // namespace rondo::assist
