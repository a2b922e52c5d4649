#include "workspace/context.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "workspace/identifiers.h"
#include "workspace/imports.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

// Names that more Blocks define say nothing; the embedded model was trained with this bound.
constexpr int64_t kMaxDefinitions = 12;
// Weights of a used name's definition by where it is. Same folder: as in training.
constexpr double kSameFolder = 2.0;
constexpr double kImported = 1.5;
constexpr double kOtherLanguage = 0.3;
// A run that declares a name among others tells less about it than the name's own Block.
constexpr double kDeclared = 0.5;
// A use at the cursor counts twice; the surplus halves every 10 lines.
constexpr double kHalfLines = 10;
// Blocks that define no used name come behind most that do.
constexpr double kSameFile = 0.10;
constexpr double kRecentFile = 0.08;
constexpr double kOpenFile = 0.05;
constexpr double kSameFolderFile = 0.02;
constexpr int64_t kMaxFilesOfFolder = 32;
// Candidates tried for the budget, as a multiple of max_blocks: counting tokens is not free.
constexpr int64_t kTriesPerBlock = 4;

struct Use {
  int64_t n = 0;
  double nearness = 0;  // 0 far away ... 1 at the cursor
};

struct Candidate {
  BlockRef ref;
  double score = 0;
  std::vector<std::pair<double, std::string>> names;  // that it defines, with what each adds
  std::string_view place;                             // why it is a candidate without names
};

std::string_view trim(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  if (begin == line.npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

// Calls visit(line) for each trimmed line.
template <typename Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    visit(trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

class Chooser {
 public:
  Chooser(const ContextQuery& query, const BlockIndex& index) : query_(query), index_(index) {
    for (const std::string& line : query.forbidden_lines) {
      const std::string_view words = trim(line);
      const bool says_something = std::any_of(words.begin(), words.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0;
      });
      if (says_something) forbidden_.emplace(words);
    }
  }

  std::vector<ContextBlock> choose() {
    look_at_own_file();
    find_imports();
    add_definitions();
    add_places();
    return select(ranked());
  }

 private:
  using Key = std::pair<const FileBlocks*, int64_t>;

  // Finds which Blocks of the active file the model may see. The index may know an older text:
  // Blocks that a change touched are not offered.
  void look_at_own_file() {
    own_file_ = index_.file(query_.path);
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
        taken_.insert(own_file_->blocks[i].hash);
      }
    }
  }

  void find_imports() {
    for (const std::string& module : imported_modules(query_.path, query_.text->bytes())) {
      for (const FileBlocksSnapshot& file :
           files_of_module({query_.path, *query_.language}, module, index_)) {
        imported_.insert(file->path);
      }
    }
  }

  void add_definitions() {
    const std::string_view window = query_.text->slice(query_.window);
    const int64_t cursor_line = query_.text->line_at(query_.cursor);
    std::map<std::string_view, Use> uses;
    for (const Identifier& identifier : identifiers(window)) {
      const int64_t line = query_.text->line_at(query_.window.begin + identifier.offset);
      const auto distance = static_cast<double>(std::abs(line - cursor_line));
      Use& use = uses[identifier.text];
      ++use.n;
      use.nearness = std::max(use.nearness, std::exp2(-distance / kHalfLines));
    }
    for (const auto& [name, use] : uses) add_definitions_of(name, use);
  }

  void add_definitions_of(std::string_view name, const Use& use) {
    const int64_t n_definitions = index_.count_defining(name);
    if (n_definitions == 0 || n_definitions > kMaxDefinitions) return;
    const double worth = (1 + 0.5 * std::log(static_cast<double>(use.n))) * (1 + use.nearness) /
                         static_cast<double>(n_definitions);
    for (BlockRef& ref : index_.defining(name)) {
      double score = worth * weight_of(*ref.file);
      if (ref.block().name != name) score *= kDeclared;
      Candidate& candidate = candidate_of(std::move(ref));
      candidate.score += score;
      candidate.names.emplace_back(score, name);
    }
  }

  double weight_of(const FileBlocks& file) const {
    double weight = 1;
    if (imported_.contains(file.path)) weight = kImported;
    if (folder_of(file.path) == folder_of(query_.path)) weight = kSameFolder;
    return family(*file.language) == family(*query_.language) ? weight : weight * kOtherLanguage;
  }

  void add_places() {
    if (own_file_ != nullptr) add_place(*own_file_, own_file_, kSameFile, "same file");
    for (size_t i = 0; i < query_.recent_paths.size(); ++i) {
      const FileBlocksSnapshot file = index_.file(query_.recent_paths[i]);
      if (file) add_place(*file, file, kRecentFile / static_cast<double>(1 + i), "edited recently");
    }
    for (const std::string& path : query_.open_paths) {
      if (const FileBlocksSnapshot file = index_.file(path))
        add_place(*file, file, kOpenFile, "open");
    }
    for (const FileBlocksSnapshot& file :
         index_.files_in(folder_of(query_.path), kMaxFilesOfFolder)) {
      add_place(*file, file, kSameFolderFile, "same folder");
    }
  }

  void add_place(const FileBlocks& file, const FileBlocksSnapshot& snapshot, double score,
                 std::string_view place) {
    if (family(*file.language) != family(*query_.language)) return;
    for (size_t i = 0; i < file.blocks.size(); ++i) {
      Candidate& candidate = candidate_of({.file = snapshot, .index = static_cast<int64_t>(i)});
      candidate.score += score;
      if (candidate.place.empty()) candidate.place = place;
    }
  }

  Candidate& candidate_of(BlockRef ref) {
    Candidate& candidate = candidates_[{ref.file.get(), ref.index}];
    if (candidate.ref.file == nullptr) candidate.ref = std::move(ref);
    return candidate;
  }

  // The candidates, best first; equal ones by content, then by place.
  std::vector<const Candidate*> ranked() const {
    std::vector<const Candidate*> ranked;
    for (const auto& [key, candidate] : candidates_) ranked.push_back(&candidate);
    std::sort(ranked.begin(), ranked.end(), [](const Candidate* a, const Candidate* b) {
      if (a->score != b->score) return a->score > b->score;
      if (a->ref.block().hash != b->ref.block().hash)
        return a->ref.block().hash < b->ref.block().hash;
      if (a->ref.file->path != b->ref.file->path) return a->ref.file->path < b->ref.file->path;
      return a->ref.index < b->ref.index;
    });
    return ranked;
  }

  std::vector<ContextBlock> select(const std::vector<const Candidate*>& ranked) {
    std::vector<ContextBlock> chosen;
    int64_t n_tokens = 0;
    int64_t n_tries = kTriesPerBlock * query_.max_blocks;
    for (const Candidate* candidate : ranked) {
      if (static_cast<int64_t>(chosen.size()) == query_.max_blocks || n_tries == 0) break;
      if (!allowed(candidate->ref)) continue;
      ContextBlock block = make_block(*candidate);
      --n_tries;
      const int64_t tokens = query_.count_tokens(block);
      if (n_tokens + tokens > query_.max_tokens) continue;
      n_tokens += tokens;
      taken_.insert(block.hash);
      chosen.push_back(std::move(block));
    }
    return chosen;
  }

  bool allowed(const BlockRef& ref) const {
    if (ref.file->text == nullptr || taken_.contains(ref.block().hash)) return false;
    // The index may have got a newer state of the active file since we looked.
    if (ref.file->path == query_.path &&
        (ref.file != own_file_ || own_hidden_.contains(ref.index))) {
      return false;
    }
    if (forbidden_.empty()) return true;
    bool forbidden = false;
    for_each_line(ref.file->text_of(ref.block()),
                  [&](std::string_view line) { forbidden |= forbidden_.contains(line); });
    return !forbidden;
  }

  static ContextBlock make_block(const Candidate& candidate) {
    const Block& block = candidate.ref.block();
    return {.path = candidate.ref.file->path,
            .text = with_lf(candidate.ref.file->text_of(block)),
            .hash = block.hash,
            .score = candidate.score,
            .reason = reason_of(candidate)};
  }

  static std::string reason_of(const Candidate& candidate) {
    if (candidate.names.empty()) return std::string(candidate.place);
    auto names = candidate.names;
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    std::string reason = "defines ";
    for (size_t i = 0; i < names.size() && i < 3; ++i) {
      if (i > 0) reason += ", ";
      reason += names[i].second;
    }
    return reason;
  }

  const ContextQuery& query_;
  const BlockIndex& index_;
  std::set<std::string, std::less<>> forbidden_;
  FileBlocksSnapshot own_file_;     // may be null
  std::set<int64_t> own_hidden_;    // Blocks of own_file_ that are not context
  std::set<Hash128> taken_;         // content that is seen anyway or chosen
  std::set<std::string> imported_;  // paths
  std::map<Key, Candidate> candidates_;
};

}  // namespace

std::vector<ContextBlock> choose_context(const ContextQuery& query, const BlockIndex& index) {
  CHECK(query.language != nullptr && query.text != nullptr && query.count_tokens != nullptr,
        "a context query is complete");
  return Chooser(query, index).choose();
}

}  // namespace rondo::workspace
