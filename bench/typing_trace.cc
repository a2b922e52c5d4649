#include "bench/typing_trace.h"

#include <algorithm>
#include <optional>
#include <random>

#include "base/characters.h"

namespace rondo::bench {
namespace {

constexpr std::string_view kOpeners = "([{\"'";
constexpr std::string_view kClosers = ")]}\"'";
constexpr int32_t kUndoneKeys = 5;
constexpr size_t kShortestLine = 20, kLongestLine = 100;

// A run of whole lines without the last one's line end.
struct Place {
  size_t begin = 0, end = 0;
};

bool worth_typing(std::string_view line) {
  const size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
  const bool is_ascii =
      std::all_of(line.begin(), line.end(), [](char c) { return static_cast<signed char>(c) > 0; });
  return is_ascii && line.size() >= indent + kShortestLine && line.size() <= kLongestLine;
}

std::vector<Place> find_places(std::string_view text, int32_t most_lines, std::mt19937& random) {
  std::vector<Place> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back({begin, end});
    begin = end + 1;
  }
  std::vector<Place> places;
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t n_lines = 1 + random() % static_cast<uint32_t>(most_lines);
    const size_t last = std::min(i + n_lines, lines.size()) - 1;
    const bool all = std::all_of(lines.begin() + i, lines.begin() + last + 1, [&](Place line) {
      return worth_typing(text.substr(line.begin, line.end - line.begin));
    });
    if (all) places.push_back({lines[i].begin, lines[last].end});
  }
  std::shuffle(places.begin(), places.end(), random);
  return places;
}

// The keys at one place: what stands there already and what is still to be typed.
class Keyboard {
 public:
  Keyboard(const std::string& text, Place place)
      : before_(text.substr(0, place.begin)),
        wanted_(text.substr(place.begin, place.end - place.begin)),
        after_(text.substr(place.end)) {
    n_typed_ = std::min(wanted_.find_first_not_of(" \t"), wanted_.size());
  }

  bool done() const { return n_typed_ == wanted_.size() && closers_.empty(); }
  int64_t offset() const { return static_cast<int64_t>(before_.size() + n_typed_); }
  std::string text() const { return before_ + wanted_.substr(0, n_typed_) + closers_ + after_; }

  // The next key.
  Action press() {
    const bool line_ends = n_typed_ == wanted_.size() || wanted_[n_typed_] == '\n';
    if (line_ends && !closers_.empty()) {
      closers_.erase(0, 1);
      return Action::kDelete;
    }
    const char key = wanted_[n_typed_];
    if (key == '\n') {
      const size_t next = wanted_.find_first_not_of(" \t", n_typed_ + 1);
      n_typed_ = std::min(next, wanted_.size());
      return Action::kEnter;
    }
    if (!closers_.empty() && closers_[0] == key) {
      closers_.erase(0, 1);  // typed over
    } else if (const auto closer = closer_of(key)) {
      closers_.insert(closers_.begin(), *closer);
    }
    ++n_typed_;
    return Action::kKey;
  }

 private:
  // What an editor puts behind the cursor when `key` opens something: not within a word, and not
  // for an apostrophe after one.
  std::optional<char> closer_of(char key) const {
    const size_t which = kOpeners.find(key);
    if (which == std::string_view::npos) return std::nullopt;
    const bool is_quote = key == '"' || key == '\'';
    const char previous = n_typed_ > 0 ? wanted_[n_typed_ - 1] : '\n';
    if (is_quote && (is_word_byte(previous) || previous == key)) return std::nullopt;
    const char next = !closers_.empty() ? closers_[0] : after_.empty() ? '\n' : after_[0];
    if (is_word_byte(next)) return std::nullopt;
    return kClosers[which];
  }

  std::string before_, wanted_, after_;
  size_t n_typed_ = 0;   // of wanted_
  std::string closers_;  // behind the cursor, the nearest first
};

}  // namespace

std::string type_trace(const std::string& text, const TypingTraceOptions& options,
                       const std::function<bool(const TypingState& state)>& act) {
  std::mt19937 random(options.seed);
  std::string last = text;
  int32_t n_actions = 0;
  const auto tell = [&](Action action, const Keyboard& keyboard) {
    last = keyboard.text();
    ++n_actions;
    return act({.action = action, .text = last, .offset = keyboard.offset()});
  };
  for (const Place place : find_places(text, options.most_lines, random)) {
    if (n_actions >= options.n_actions) break;
    Keyboard keyboard(text, place);
    std::vector<Keyboard> history;
    if (!tell(Action::kJump, keyboard)) return last;
    const int32_t n_before = n_actions;
    while (!keyboard.done()) {
      if (options.most_keys > 0 && n_actions - n_before >= options.most_keys) break;
      const bool undo = options.undo_every > 0 && n_actions % options.undo_every == 0 &&
                        history.size() > kUndoneKeys;
      if (undo) {
        keyboard = history[history.size() - kUndoneKeys];
        history.clear();
        if (!tell(Action::kUndo, keyboard)) return last;
        continue;
      }
      history.push_back(keyboard);
      const Action action = keyboard.press();
      if (!tell(action, keyboard)) return last;
    }
  }
  return last;
}

}  // namespace rondo::bench
