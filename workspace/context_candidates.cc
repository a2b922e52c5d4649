#include "workspace/context_candidates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "base/characters.h"
#include "workspace/identifiers.h"
#include "workspace/import_resolver.h"
#include "workspace/path.h"
#include "workspace/test_files.h"

namespace rondo::workspace {
namespace {

// Names that more Blocks define say nothing; the embedded model was trained with this bound.
constexpr int64_t kMaxDefinitions = 12;
// Weights of a used name's definition by where it is. Same folder: as in training.
constexpr double kSameFolder = 2.0;
constexpr double kImported = 1.5;  // another Block of an imported file
constexpr double kOtherLanguage = 0.3;
// A definition that imports do not mean, where they mean another.
constexpr double kNotMeant = 0.25;
// A run that declares a name among others tells less about it than the name's own Block.
constexpr double kDeclared = 0.5;
// A use at the cursor counts twice; the surplus halves every 10 lines.
constexpr double kHalfLines = 10;
// Blocks that define no used name come behind most that do.
constexpr double kCaller = 0.3;
constexpr double kCallerInTest = 0.3;
constexpr int64_t kMaxCallerFiles = 24;  // a function that more use is common knowledge
constexpr double kTestFile = 0.06;
constexpr double kEdit = 0.5;
constexpr double kRecentFile = 0.08;
constexpr double kSameFile = 0.10;
constexpr double kOpenFile = 0.05;
constexpr double kSameFolderFile = 0.02;
constexpr int64_t kMaxFilesOfFolder = 32;

// How a name is used in the window.
struct Use {
  int64_t n = 0;
  double nearness = 0;         // 0 far away ... 1 at the cursor
  std::string_view qualifier;  // "cart" of cart.add at the nearest use
};

// "cart" before the name at `offset` in "cart.add", "cart::add" or "cart->add".
std::string_view qualifier_before(std::string_view code, int64_t offset) {
  std::string_view before = code.substr(0, offset);
  for (const std::string_view sign : {".", "::", "->"}) {
    if (!before.ends_with(sign)) continue;
    before.remove_suffix(sign.size());
    size_t begin = before.size();
    while (begin > 0 && is_word_byte(before[begin - 1])) --begin;
    return before.substr(begin);
  }
  return {};
}

class Collector {
 public:
  Collector(const ContextQuery& query, const BlockIndex& index, const FileBlocksSnapshot& own_file)
      : query_(query),
        index_(index),
        own_file_(own_file),
        imports_(query.path, *query.language,
                 query.sources.imports ? std::string_view(query.text->bytes()) : "", index) {}

  std::vector<Candidate> collect() {
    if (query_.sources.definitions) add_definitions();
    if (query_.sources.callers) add_callers();
    if (query_.sources.callers) add_tests();
    if (query_.sources.edits) add_edits();
    add_places();
    return in_order();
  }

 private:
  using Key = std::pair<const FileBlocks*, int64_t>;

  void add_definitions() {
    const std::string_view window = query_.text->slice(query_.window);
    const int64_t cursor_line = query_.text->line_at(query_.cursor);
    std::map<std::string_view, Use> uses;
    for (const Identifier& identifier : identifiers(window)) {
      const int64_t line = query_.text->line_at(query_.window.begin + identifier.offset);
      const auto distance = static_cast<double>(std::abs(line - cursor_line));
      const double nearness = std::exp2(-distance / kHalfLines);
      Use& use = uses[identifier.text];
      ++use.n;
      if (nearness <= use.nearness) continue;
      use.nearness = nearness;
      use.qualifier = qualifier_before(window, identifier.offset);
    }
    for (const auto& [name, use] : uses) add_definitions_of(name, use);
  }

  void add_definitions_of(std::string_view name, const Use& use) {
    const double worth = (1 + 0.5 * std::log(static_cast<double>(use.n))) * (1 + use.nearness);
    std::vector<BlockRef> meant = imports_.definitions(use.qualifier, name);
    if (static_cast<int64_t>(meant.size()) > kMaxDefinitions) meant.clear();
    const int64_t n_definitions = index_.count_defining(name);
    if (n_definitions > 0 && n_definitions <= kMaxDefinitions) {
      for (BlockRef& ref : index_.defining(name)) {
        double score = worth / static_cast<double>(n_definitions) * weight_of(*ref.file);
        if (ref.block().name != name) score *= kDeclared;
        if (!meant.empty() && !contains(meant, ref)) score *= kNotMeant;
        add_definition(std::move(ref), Part::kDefinition, score, name);
      }
    }
    // As if nothing else had the name, and it stood in the same folder.
    for (BlockRef& ref : meant) {
      double score = worth / static_cast<double>(meant.size()) * kSameFolder;
      if (ref.block().name != name && ref.block().defines.size() > 1) score *= kDeclared;
      const double known = score_of(ref, name);
      if (score > known) add_definition(std::move(ref), Part::kImport, score - known, name);
    }
  }

  void add_definition(BlockRef ref, Part part, double score, std::string_view name) {
    Candidate& candidate = candidate_of(std::move(ref));
    candidate.add(part, score);
    for (auto& [known, other] : candidate.names) {
      if (other == name) return void(known += score);
    }
    candidate.names.emplace_back(score, name);
  }

  // What `name` added to a candidate so far.
  double score_of(const BlockRef& ref, std::string_view name) const {
    const auto it = candidates_.find({ref.file.get(), ref.index});
    if (it == candidates_.end()) return 0;
    for (const auto& [score, other] : it->second.names) {
      if (other == name) return score;
    }
    return 0;
  }

  static bool contains(const std::vector<BlockRef>& refs, const BlockRef& ref) {
    return std::any_of(refs.begin(), refs.end(), [&](const BlockRef& other) {
      return other.index == ref.index && other.file->path == ref.file->path;
    });
  }

  double weight_of(const FileBlocks& file) const {
    double weight = 1;
    if (imports_.imports(file.path)) weight = kImported;
    if (folder_of(file.path) == folder_of(query_.path)) weight = kSameFolder;
    return same_family(file) ? weight : weight * kOtherLanguage;
  }

  bool same_family(const FileBlocks& file) const {
    return family(*file.language) == family(*query_.language);
  }

  // The function or method around the cursor, as the index knows it; nullptr when there is none.
  const Block* function_at_cursor() const {
    if (own_file_ == nullptr || own_file_->text == nullptr) return nullptr;
    const Difference changed = difference(*own_file_->text, *query_.text);
    int64_t cursor = query_.cursor;
    if (cursor >= changed.inserted.end) {
      cursor -= changed.inserted.end - changed.removed.end;
    } else {
      cursor = std::min(cursor, changed.removed.end);
    }
    for (const Block& block : own_file_->blocks) {
      const bool is_function =
          block.kind == BlockKind::kFunction || block.kind == BlockKind::kMethod;
      if (is_function && block.bytes.begin <= cursor && cursor <= block.bytes.end) return &block;
    }
    return nullptr;
  }

  void add_callers() {
    const Block* function = function_at_cursor();
    if (function == nullptr || function->name.empty()) return;
    const std::vector<BlockRef> refs = index_.referencing(function->name, kMaxCallerFiles);
    // Of a name that others have too, not every use means this one.
    const double share =
        1 / std::sqrt(static_cast<double>(std::max<size_t>(refs.size(), 1))) /
        static_cast<double>(std::max<int64_t>(index_.count_defining(function->name), 1));
    for (const BlockRef& ref : refs) {
      if (!same_family(*ref.file)) continue;
      const bool in_test = is_test_path(ref.file->path);
      candidate_of(ref).add(in_test ? Part::kTest : Part::kCaller,
                            (in_test ? kCallerInTest : kCaller) * share);
    }
  }

  void add_tests() {
    for (const FileBlocksSnapshot& file : test_files_of(query_.path, *query_.language, index_)) {
      add_file(file, Part::kTest, kTestFile);
    }
  }

  void add_edits() {
    std::vector<std::string_view> paths;
    for (const RecentEdit& edit : query_.edits) {
      if (index_.file(edit.path) == nullptr) continue;
      const auto n_before = static_cast<double>(edits_.size());
      edits_.push_back({.ref = {}, .edit = &edit});
      edits_.back().add(Part::kEdit, kEdit / (1 + n_before));
      if (std::find(paths.begin(), paths.end(), edit.path) == paths.end()) {
        paths.push_back(edit.path);
      }
    }
    for (size_t i = 0; i < paths.size(); ++i) {
      add_file(index_.file(paths[i]), Part::kEdit, kRecentFile / static_cast<double>(1 + i));
    }
  }

  void add_places() {
    add_file(own_file_, Part::kFile, kSameFile);
    if (query_.sources.open) {
      for (const std::string& path : query_.open_paths) {
        add_file(index_.file(path), Part::kOpen, kOpenFile);
      }
    }
    for (const FileBlocksSnapshot& file :
         index_.files_in(folder_of(query_.path), kMaxFilesOfFolder)) {
      add_file(file, Part::kFolder, kSameFolderFile);
    }
  }

  void add_file(const FileBlocksSnapshot& file, Part part, double score) {
    if (file == nullptr || !same_family(*file)) return;
    for (size_t i = 0; i < file->blocks.size(); ++i) {
      candidate_of({.file = file, .index = static_cast<int64_t>(i)}).add(part, score);
    }
  }

  Candidate& candidate_of(BlockRef ref) {
    Candidate& candidate = candidates_[{ref.file.get(), ref.index}];
    if (candidate.ref.file == nullptr) candidate.ref = std::move(ref);
    return candidate;
  }

  std::vector<Candidate> in_order() {
    std::vector<Candidate> all = std::move(edits_);
    for (auto& [key, candidate] : candidates_) all.push_back(std::move(candidate));
    std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
      if (a.edit != nullptr || b.edit != nullptr) return a.edit != nullptr && b.edit == nullptr;
      return std::tie(a.ref.file->path, a.ref.index) < std::tie(b.ref.file->path, b.ref.index);
    });
    return all;
  }

  const ContextQuery& query_;
  const BlockIndex& index_;
  const FileBlocksSnapshot& own_file_;  // may be null
  const ImportResolver imports_;
  std::map<Key, Candidate> candidates_;
  std::vector<Candidate> edits_;
};

}  // namespace

std::string_view part_name(Part part) {
  constexpr std::array<std::string_view, kNumParts> kNames = {
      "definition", "import", "caller", "test", "edit", "file", "open", "folder"};
  return kNames[static_cast<size_t>(part)];
}

double Candidate::score() const { return std::accumulate(parts.begin(), parts.end(), 0.0); }

std::string Candidate::reason() const {
  if (edit != nullptr) return "edited recently";
  if (names.empty()) {
    constexpr std::array<std::pair<Part, std::string_view>, 6> kPlaces = {
        {{Part::kCaller, "uses the function"},
         {Part::kTest, "test"},
         {Part::kEdit, "file edited recently"},
         {Part::kFile, "same file"},
         {Part::kOpen, "open"},
         {Part::kFolder, "same folder"}}};
    const auto best =
        std::max_element(kPlaces.begin(), kPlaces.end(), [this](const auto& a, const auto& b) {
          return parts[static_cast<size_t>(a.first)] < parts[static_cast<size_t>(b.first)];
        });
    return std::string(best->second);
  }
  auto sorted = names;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string reason = "defines ";
  for (size_t i = 0; i < sorted.size() && i < 3; ++i) {
    if (i > 0) reason += ", ";
    reason += sorted[i].second;
  }
  return reason;
}

std::vector<Candidate> context_candidates(const ContextQuery& query, const BlockIndex& index,
                                          const FileBlocksSnapshot& own_file) {
  return Collector(query, index, own_file).collect();
}

}  // namespace rondo::workspace
