#include "assist/text_edits.h"

#include <algorithm>

#include "base/check.h"

namespace rondo::assist {

using workspace::ByteRange;

bool conflict(const TextEdit& a, const TextEdit& b) {
  const ByteRange& x = a.range;
  const ByteRange& y = b.range;
  if (x.empty() && y.empty()) return x.begin == y.begin;
  if (x.empty()) return y.begin < x.begin && x.begin < y.end;
  if (y.empty()) return x.begin < y.begin && y.begin < x.end;
  return x.overlaps(y);
}

std::string with_changes(std::string_view before, std::string_view after,
                         const std::vector<Change>& changes) {
  std::string text;
  size_t copied = 0;
  for (const Change& change : changes) {
    const auto begin = static_cast<size_t>(change.before.begin);
    text += before.substr(copied, begin - copied);
    text += after.substr(static_cast<size_t>(change.after.begin),
                         static_cast<size_t>(change.after.size()));
    copied = static_cast<size_t>(change.before.end);
  }
  return text += before.substr(copied);
}

void EditedText::apply(const std::vector<TextEdit>& edits) {
  std::string edited;
  int64_t copied = 0;
  for (const TextEdit& edit : edits) {
    CHECK(edit.range.begin >= copied && edit.range.begin <= edit.range.end &&
              edit.range.end <= static_cast<int64_t>(text_.size()),
          "edits are in order, apart, and inside the text");
    edited.append(text_, copied, edit.range.begin - copied);
    edited += edit.with;
    copied = edit.range.end;
  }
  edited.append(text_, copied);
  text_ = std::move(edited);
  // From the last to the first, so that the places of those to come still hold.
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) note(*edit);
}

void EditedText::note(const TextEdit& edit) {
  const ByteRange range = edit.range;
  const int64_t n_inserted = static_cast<int64_t>(edit.with.size());
  const int64_t growth = n_inserted - range.size();
  const auto first = std::find_if(changes_.begin(), changes_.end(),
                                  [&](const Change& c) { return c.after.end >= range.begin; });
  const auto last = std::find_if(first, changes_.end(),
                                 [&](const Change& c) { return c.after.begin > range.end; });
  // How far a place that nothing has touched has moved, before the change at `at`.
  const auto moved_before = [&](std::vector<Change>::const_iterator at) {
    return at == changes_.begin() ? 0 : (at - 1)->before.end - (at - 1)->after.end;
  };
  Change merged;
  merged.after.begin = range.begin;
  merged.before.begin = range.begin + moved_before(first);
  merged.after.end = range.end;
  merged.before.end = range.end + moved_before(last);
  if (first != last) {
    if (first->after.begin <= range.begin) {
      merged.after.begin = first->after.begin;
      merged.before.begin = first->before.begin;
    }
    if ((last - 1)->after.end >= range.end) {
      merged.after.end = (last - 1)->after.end;
      merged.before.end = (last - 1)->before.end;
    }
  }
  merged.after.end += growth;
  for (auto later = last; later != changes_.end(); ++later) {
    later->after.begin += growth;
    later->after.end += growth;
  }
  changes_.insert(changes_.erase(first, last), merged);
}

}  // namespace rondo::assist
