#include "assist/function_rewriter.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "assist/action_kinds.h"
#include "assist/action_work.h"
#include "assist/syntax_errors.h"
#include "assist/touched_blocks.h"
#include "workspace/chunker.h"

namespace rondo::assist {
namespace {

constexpr std::chrono::seconds kParseTime{20};

workspace::WorkLimits limits() {
  return {.deadline = std::chrono::steady_clock::now() + kParseTime, .stop = {}};
}

// Why a function stays as it is.
std::string reason_of(const Result<size_t>& n_edits) {
  if (n_edits.ok()) return "would not parse with types";
  constexpr std::string_view kNothing = "Nothing was changed: ";
  const std::string& said = n_edits.status().message();
  return "got no types: " + (said.starts_with(kNothing) ? said.substr(kNothing.size()) : said);
}

}  // namespace

Recipe annotate_recipe() {
  Recipe recipe{.file = "annotate", .name = "annotate"};
  recipe.about = "Annotates parameters and results of functions with types that are known there.";
  recipe.leaves = {"what has a type", "what the model finds no type likely enough for",
                   "names of types that the file does not know"};
  recipe.languages = {"python", "typescript", "tsx"};
  Rule rule{.name = "function",
            .why =
                "literals, defaults and the lack of a result say a type, or the model finds it "
                "likely",
            .look = Rule::Look::kBlocks};
  rule.edits.push_back({.kind = RecipeEdit::Kind::kHole, .target = "match", .with = {"{hole}"}});
  recipe.rules.push_back(std::move(rule));
  return recipe;
}

ActionScene FunctionRewriter::scene_of(std::string_view path, const std::string& text,
                                       int64_t offset) {
  auto document = std::make_shared<workspace::Document>();
  document->path = path;
  document->uri = "file://" + options_.folder + "/" + document->path;
  document->language = &workspace::language_of_file(path, text);
  document->text = std::make_shared<const workspace::Text>(text);
  const bool fills_in = engine_ == nullptr || engine_->config().fim;
  return make_scene({.document = std::move(document), .selection = {offset, offset}},
                    {.fills_in = fills_in}, index_, queries_, parser_, limits());
}

std::optional<Action> FunctionRewriter::offered(const ActionScene& scene) const {
  for (Action& action : offered_actions(scene)) {
    if (action.name == options_.action && action.disabled.empty()) return std::move(action);
  }
  return std::nullopt;
}

// Makes the action at the scene's function. Of how many edits; none unless the result parses.
Result<size_t> FunctionRewriter::change(const ActionScene& scene, EditedText& edited) {
  const std::optional<Action> action = offered(scene);
  if (!action) return 0;
  const ActionWork work{.scene = scene,
                        .engine = *engine_,
                        .folder = options_.folder,
                        .client = "annotate " + scene.document().path,
                        .stop = {},
                        .report = [](const std::string&) {}};
  ASSIGN_OR_RETURN(const ActionOutcome made, action_kind(action->name)->make(work, *action));
  if (made.edits.empty() || !made.others.empty()) return 0;
  EditedText next = edited;
  next.apply(made.edits);
  const auto tree =
      parser_.parse(*scene.document().language,
                    std::make_shared<const workspace::Text>(next.text()), nullptr, limits());
  if (!tree.ok() || !scene.tree) return 0;
  if (count_syntax_errors(*tree) > count_syntax_errors(*scene.tree)) return 0;
  edited = std::move(next);
  return made.edits.size();
}

// From the last function to the first, so that places of those to come stay what they are.
Rewrite FunctionRewriter::rewrite(std::string_view path, std::string_view bytes) {
  Rewrite made;
  EditedText edited{std::string(bytes)};
  const ActionScene whole = scene_of(path, edited.text(), 0);
  for (size_t i = whole.functions.size(); i-- > 0;) {
    const workspace::Function& function = whole.functions[i];
    const ActionScene scene = scene_of(path, edited.text(), function.name.begin);
    const int64_t line = 1 + whole.text().line_at(function.name.begin);
    if (!offered(scene)) continue;
    if (engine_ == nullptr) {
      made.open.push_back({.path = std::string(path),
                           .language = scene.document().language,
                           .rule = &rule_,
                           .edit = &rule_.edits[0],
                           .text = edited.text(),
                           .range = function.name,
                           .line = line});
    } else if (const Result<size_t> n_edits = change(scene, edited); n_edits.ok() && *n_edits > 0) {
      made.matches[rule_.name] += static_cast<int64_t>(*n_edits);
      made.filled.insert(made.filled.end(), *n_edits, {.rule = &rule_, .line = line, .answer = {}});
    } else {
      made.left.push_back({.rule = &rule_, .line = line, .reason = reason_of(n_edits)});
    }
  }
  std::reverse(made.open.begin(), made.open.end());
  std::reverse(made.left.begin(), made.left.end());
  std::reverse(made.filled.begin(), made.filled.end());
  const bool changed = edited.text() != bytes;
  if (changed) made.changes = edited.changes();
  if (whole.tree && (changed || !made.open.empty())) {
    workspace::Chunker chunker(block_queries_);
    made.blocks = touched_blocks(
        made, whole.text(), chunker.chunk_tree(*whole.document().language, *whole.tree).blocks);
  }
  if (!changed) return made;
  made.verdict = Rewrite::Verdict::kChanged;
  made.text = edited.text();
  made.parted = made.changes.size() == made.filled.size();
  return made;
}

}  // namespace rondo::assist
