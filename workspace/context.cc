#include "workspace/context.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "workspace/context_candidates.h"
#include "workspace/lines.h"
#include "workspace/near_copies.h"
#include "workspace/secrets.h"

namespace rondo::workspace {
namespace {

// Candidates tried for the budget, as a multiple of max_blocks: counting tokens is not free.
constexpr int64_t kTriesPerBlock = 4;
// How much better than what was chosen before another choice has to be.
constexpr double kClearlyBetter = 1.15;

struct Ranked {
  const Candidate* candidate = nullptr;
  double score = 0;
  Hash128 hash;  // of its bytes
};

class Chooser {
 public:
  Chooser(const ContextQuery& query, const BlockIndex& index)
      : query_(query),
        own_file_(index.file(query.path)),
        near_copies_(query.text->slice({query.window.begin, query.cursor}),
                     query.text->slice({query.cursor, query.window.end})) {
    for (const std::string& line : query.forbidden_lines) {
      if (says_something(trim_line(line))) forbidden_.emplace(trim_line(line));
    }
    look_at_own_file();
    candidates_ = context_candidates(query, index, own_file_);
    rank();
  }

  std::vector<ContextBlock> choose() {
    std::vector<ContextBlock> best = select();
    std::optional<std::vector<ContextBlock>> previous = select_previous();
    const bool keep = previous && total(best) <= kClearlyBetter * total(*previous);
    return keep ? std::move(*previous) : std::move(best);
  }

 private:
  // Finds which Blocks of the active file the model may see. The index may know an older text:
  // Blocks that a change touched are not offered.
  void look_at_own_file() {
    if (own_file_ == nullptr || own_file_->text == nullptr) return;
    const Difference changed = difference(*own_file_->text, *query_.text);
    const int64_t shift = changed.inserted.end - changed.removed.end;
    for (size_t i = 0; i < own_file_->blocks.size(); ++i) {
      ByteRange bytes = own_file_->blocks[i].bytes;
      const bool touched = bytes.end > changed.removed.begin && bytes.begin < changed.removed.end;
      const bool holds_change =
          bytes.begin < changed.removed.begin && bytes.end > changed.removed.begin;
      if (bytes.begin >= changed.removed.end) bytes = {bytes.begin + shift, bytes.end + shift};
      if (touched || holds_change || bytes.overlaps(query_.window)) {
        own_hidden_.insert(static_cast<int64_t>(i));
        seen_.insert(own_file_->blocks[i].hash);
      }
    }
  }

  // The candidates that may be chosen, best first; equal ones by content, then by place.
  void rank() {
    for (const Candidate& candidate : candidates_) {
      const Hash128 hash =
          candidate.edit != nullptr ? hash_text(candidate.edit->diff) : candidate.ref.block().hash;
      if (candidate.score() > 0) ranked_.push_back({&candidate, candidate.score(), hash});
    }
    std::stable_sort(ranked_.begin(), ranked_.end(), [](const Ranked& a, const Ranked& b) {
      return a.score != b.score ? a.score > b.score : a.hash < b.hash;
    });
  }

  std::vector<ContextBlock> select() {
    std::vector<ContextBlock> chosen;
    std::set<Hash128> taken = seen_;
    int64_t n_tokens = 0;
    int64_t n_tries = kTriesPerBlock * query_.max_blocks;
    for (const Ranked& ranked : ranked_) {
      if (static_cast<int64_t>(chosen.size()) == query_.max_blocks || n_tries == 0) break;
      if (taken.contains(ranked.hash) || !allowed(*ranked.candidate)) continue;
      ContextBlock block = make_block(ranked);
      --n_tries;
      const int64_t tokens = query_.count_tokens(block);
      if (n_tokens + tokens > query_.max_tokens) continue;
      n_tokens += tokens;
      taken.insert(block.hash);
      chosen.push_back(std::move(block));
    }
    return chosen;
  }

  // What was chosen before, with what it is worth now; nothing when a part of it is gone, became
  // visible or forbidden, or does not fit any more.
  std::optional<std::vector<ContextBlock>> select_previous() {
    if (query_.previous.empty()) return std::nullopt;
    std::set<Hash128> wanted(query_.previous.begin(), query_.previous.end());
    std::vector<ContextBlock> chosen;
    int64_t n_tokens = 0;
    for (const Ranked& ranked : ranked_) {
      if (!wanted.contains(ranked.hash) || seen_.contains(ranked.hash)) continue;
      if (!allowed(*ranked.candidate)) continue;
      wanted.erase(ranked.hash);
      chosen.push_back(make_block(ranked));
      n_tokens += query_.count_tokens(chosen.back());
    }
    if (!wanted.empty() || n_tokens > query_.max_tokens) return std::nullopt;
    return chosen;
  }

  static double total(const std::vector<ContextBlock>& blocks) {
    double sum = 0;
    for (const ContextBlock& block : blocks) sum += block.score;
    return sum;
  }

  bool allowed(const Candidate& candidate) const {
    if (candidate.edit != nullptr) return edit_allowed(*candidate.edit);
    const BlockRef& ref = candidate.ref;
    if (ref.file->text == nullptr) return false;
    // The index may have got a newer state of the active file since we looked.
    if (ref.file->path == query_.path &&
        (ref.file != own_file_ || own_hidden_.contains(ref.index))) {
      return false;
    }
    const std::string_view text = ref.file->text_of(ref.block());
    if (has_forbidden_line(text)) return false;
    const bool near_copy = near_copies_.has(text);
    if (near_copy && query_.on_near_copy) query_.on_near_copy(ref.file->path);
    return !near_copy;
  }

  bool has_forbidden_line(std::string_view text) const {
    bool forbidden = false;
    for_each_line(text, [&](std::string_view line) { forbidden |= forbidden_.contains(line); });
    return forbidden;
  }

  // An edit may hold what a file no longer does: a secret, or the lines to be found. One whose new
  // lines are all in the window tells nothing.
  bool edit_allowed(const RecentEdit& edit) const {
    if (find_secret(edit.diff)) return false;
    const std::string_view window = query_.text->slice(query_.window);
    bool forbidden = false, visible = edit.path == query_.path;
    for_each_line(edit.diff, [&](std::string_view line) {
      const bool added = line.starts_with('+');
      if (added || line.starts_with('-')) line.remove_prefix(1);
      forbidden |= forbidden_.contains(trim_line(line));
      visible &= !added || !says_something(line) || window.find(trim_line(line)) != window.npos;
    });
    return !forbidden && !visible;
  }

  static ContextBlock make_block(const Ranked& ranked) {
    const Candidate& candidate = *ranked.candidate;
    ContextBlock block = {
        .path = candidate.edit != nullptr ? candidate.edit->path : candidate.ref.file->path,
        .text = candidate.edit != nullptr
                    ? candidate.edit->diff
                    : with_lf(candidate.ref.file->text_of(candidate.ref.block())),
        .hash = ranked.hash,
        .score = ranked.score,
        .reason = candidate.reason(),
        .parts = {}};
    for (size_t i = 0; i < kNumParts; ++i) {
      if (candidate.parts[i] == 0) continue;
      block.parts.push_back({std::string(part_name(static_cast<Part>(i))), candidate.parts[i]});
    }
    return block;
  }

  const ContextQuery& query_;
  const FileBlocksSnapshot own_file_;  // may be null
  const NearCopies near_copies_;
  std::set<std::string, std::less<>> forbidden_;
  std::set<int64_t> own_hidden_;  // Blocks of own_file_ that are not context
  std::set<Hash128> seen_;        // content that the model sees anyway
  std::vector<Candidate> candidates_;
  std::vector<Ranked> ranked_;  // points into candidates_
};

}  // namespace

std::vector<ContextBlock> choose_context(const ContextQuery& query, const BlockIndex& index) {
  CHECK(query.language != nullptr && query.text != nullptr && query.count_tokens != nullptr,
        "a context query is complete");
  return Chooser(query, index).choose();
}

}  // namespace rondo::workspace
