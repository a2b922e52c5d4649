#include "workspace/edit_history.h"

#include <algorithm>

#include "workspace/document_store.h"

namespace rondo::workspace {
namespace {

constexpr size_t kMaxHunks = 8;
constexpr size_t kMaxDiffBytes = 2000;
constexpr int64_t kNearLines = 8;     // a change so near to a hunk continues it
constexpr int64_t kAroundLines = 1;   // shown before and after a diff
constexpr int64_t kMaxMatched = 128;  // longer runs of lines are not compared line by line

struct Lines {
  int64_t begin = 0;
  int64_t end = 0;  // exclusive
};

Lines lines_of(const Text& text, ByteRange bytes) {
  return {.begin = text.line_at(bytes.begin), .end = text.line_at(bytes.end) + 1};
}

bool near(Lines a, Lines b) { return a.begin - kNearLines < b.end && b.begin - kNearLines < a.end; }

class Diff {
 public:
  Diff(const Text& before, const Text& after) : before_(before), after_(after) {}

  std::string write() {
    const Difference changed = difference(before_, after_);
    Lines old_lines = lines_of(before_, changed.removed);
    Lines new_lines = lines_of(after_, changed.inserted);
    around(old_lines.begin - kAroundLines, old_lines.begin);
    if (old_lines.end - old_lines.begin > kMaxMatched ||
        new_lines.end - new_lines.begin > kMaxMatched) {
      put('-', before_, old_lines);
      put('+', after_, new_lines);
    } else {
      match(old_lines, new_lines);
    }
    around(old_lines.end, old_lines.end + kAroundLines);
    return std::move(diff_);
  }

 private:
  void put(char sign, const Text& text, Lines lines) {
    for (int64_t i = lines.begin; i < lines.end; ++i) {
      diff_ += sign;
      diff_ += text.slice(text.line(i));
      diff_ += '\n';
    }
  }

  void around(int64_t begin, int64_t end) {
    put(' ', before_, {std::max<int64_t>(begin, 0), std::min(end, before_.line_count())});
  }

  // By the longest common subsequence of the lines.
  void match(Lines a, Lines b) {
    const int64_t n = a.end - a.begin, m = b.end - b.begin;
    const auto same = [&](int64_t i, int64_t k) {
      return before_.slice(before_.line(a.begin + i)) == after_.slice(after_.line(b.begin + k));
    };
    std::vector<int16_t> length((n + 1) * (m + 1), 0);  // [i, k]: of what follows i and k
    const auto at = [m](int64_t i, int64_t k) { return i * (m + 1) + k; };
    for (int64_t i = n - 1; i >= 0; --i) {
      for (int64_t k = m - 1; k >= 0; --k) {
        length[at(i, k)] = same(i, k) ? static_cast<int16_t>(length[at(i + 1, k + 1)] + 1)
                                      : std::max(length[at(i + 1, k)], length[at(i, k + 1)]);
      }
    }
    for (int64_t i = 0, k = 0; i < n || k < m;) {
      if (i < n && k < m && same(i, k)) {
        put(' ', before_, {a.begin + i, a.begin + i + 1});
        ++i;
        ++k;
      } else if (k == m || (i < n && length[at(i + 1, k)] >= length[at(i, k + 1)])) {
        put('-', before_, {a.begin + i, a.begin + i + 1});
        ++i;
      } else {
        put('+', after_, {b.begin + k, b.begin + k + 1});
        ++k;
      }
    }
  }

  const Text& before_;
  const Text& after_;
  std::string diff_;
};

}  // namespace

std::string line_diff(const Text& before, const Text& after) {
  return before == after ? std::string() : Diff(before, after).write();
}

void EditHistory::add(const std::shared_ptr<const Document>& before,
                      const std::shared_ptr<const Document>& after) {
  const Difference changed = difference(*before->text, *after->text);
  if (changed.removed.empty() && changed.inserted.empty()) return;
  if (open_.base != nullptr && open_.after->uri == after->uri) {
    const ByteRange so_far = difference(*open_.base, *before->text).inserted;
    if (near(lines_of(*before->text, so_far), lines_of(*before->text, changed.removed))) {
      open_.after = after;
      return;
    }
  }
  add_to(ended_, open_);
  if (ended_.size() >= kMaxHunks) ended_.pop_back();
  open_ = {.base = before->text, .after = after};
}

void EditHistory::add_to(std::deque<DocumentEdit>& edits, const Open& hunk) {
  if (hunk.base == nullptr) return;
  std::string diff = line_diff(*hunk.base, *hunk.after->text);
  if (diff.empty() || diff.size() > kMaxDiffBytes) return;
  edits.push_front({.document = hunk.after, .diff = std::move(diff)});
}

std::vector<DocumentEdit> EditHistory::recent() const {
  std::deque<DocumentEdit> edits = ended_;
  add_to(edits, open_);
  return {edits.begin(), edits.end()};
}

}  // namespace rondo::workspace
