#include "assist/fix_name.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "assist/candidate_ranking.h"
#include "assist/similar_names.h"
#include "assist/undefined_names.h"
#include "workspace/identifiers.h"

namespace rondo::assist {
namespace {

constexpr size_t kMostCandidates = 8;
constexpr size_t kMostChoices = 3;  // that are offered one by one
constexpr int64_t kNeighbours = 32;

// Short names are all alike.
int most_letters(std::string_view name) {
  if (name.size() < 3) return 0;
  return name.size() < 6 ? 1 : 2;
}

void add_file_names(const workspace::FileBlocks& file, std::set<std::string>& names) {
  for (const workspace::Block& block : file.blocks) {
    names.insert(block.name);
    names.insert(block.defines.begin(), block.defines.end());
  }
}

// The names that the scopes around bind, and the language.
std::set<std::string> names_in_scope(const ActionScene& scene, const UndefinedName& wrong) {
  std::set<std::string> names;
  if (!scene.names || wrong.is_member) return names;
  for (std::string& name : scene.names->bound_at(wrong.bytes.begin)) names.insert(std::move(name));
  names.insert(scene.builtins->begin(), scene.builtins->end());
  return names;
}

// Every word of the file, and what the files beside it define: members, and names that come from
// elsewhere.
std::set<std::string> names_around(const ActionScene& scene) {
  std::set<std::string> names;
  for (const workspace::Identifier& word : workspace::identifiers(scene.text().bytes())) {
    names.insert(std::string(word.text));
  }
  const std::string& path = scene.document().path;
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  for (const auto& file : scene.index.files_in(folder, kNeighbours)) {
    if (file->path != path) add_file_names(*file, names);
  }
  return names;
}

// The nearest first.
std::vector<std::string> nearest(const std::set<std::string>& known, const UndefinedName& wrong) {
  const int limit = most_letters(wrong.name);
  std::vector<std::pair<int, std::string>> near;
  for (const std::string& name : known) {
    if (name == wrong.name) continue;
    const int apart = edit_distance(wrong.name, name, limit);
    if (apart <= limit) near.emplace_back(apart, name);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (auto& [apart, name] : near) {
    if (names.size() < kMostCandidates) names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> candidates(const ActionScene& scene, const UndefinedName& wrong) {
  std::vector<std::string> names = nearest(names_in_scope(scene, wrong), wrong);
  return names.empty() ? nearest(names_around(scene), wrong) : names;
}

}  // namespace

void offer_fix_name(const ActionScene& scene, std::vector<Action>& actions) {
  for (const UndefinedName& wrong : undefined_names(scene)) {
    const std::vector<std::string> names = candidates(scene, wrong);
    if (names.size() > 1) {
      actions.push_back({.title = "Correct `" + wrong.name + "`: the likeliest of " +
                                  std::to_string(names.size()) + " names",
                         .bytes = wrong.bytes,
                         .diagnostic = wrong.diagnostic});
    }
    for (size_t i = 0; i < std::min(names.size(), kMostChoices); ++i) {
      actions.push_back({.title = "Change `" + wrong.name + "` to `" + names[i] + "`",
                         .bytes = wrong.bytes,
                         .choice = names[i],
                         .diagnostic = wrong.diagnostic});
    }
  }
}

Result<ActionOutcome> fix_name(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  const std::optional<UndefinedName> wrong = name_at(scene, action.bytes);
  if (!wrong) return stale_error("no name stands there any more");
  const std::vector<std::string> names = candidates(scene, *wrong);
  if (names.empty()) return not_found_error("No name that is known there is like " + wrong->name);
  std::string name = action.choice;
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    work.report("comparing " + std::to_string(names.size()) + " names");
    ASSIGN_OR_RETURN(const size_t best, likeliest(work, wrong->bytes, names));
    name = names[best];
  }
  return ActionOutcome{.edits = {{.range = wrong->bytes, .with = std::move(name)}}};
}

}  // namespace rondo::assist
