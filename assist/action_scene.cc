#include "assist/action_scene.h"

#include <utility>

namespace rondo::assist {

const workspace::FunctionQuery* SceneQueries::of(const workspace::Language& language) {
  const auto [it, is_new] = queries_.try_emplace(&language);
  if (is_new && workspace::has_functions(language)) {
    it->second = std::make_unique<const workspace::FunctionQuery>(language);
  }
  return it->second.get();
}

ActionScene make_scene(ActionQuery query, ActionAbilities abilities,
                       const workspace::BlockIndex& index, SceneQueries& queries,
                       workspace::Parser& parser, const workspace::WorkLimits& limits,
                       ActionScene* last) {
  const workspace::Language& language = *query.document->language;
  const workspace::TextSnapshot text = query.document->text;
  ActionScene scene = {.query = std::move(query), .abilities = abilities, .index = index};
  if (language.grammar == nullptr) return scene;
  const bool known = last != nullptr && last->tree && last->document().language == &language &&
                     last->document().uri == scene.document().uri;
  if (known && last->document().text == text) {
    scene.tree = std::move(last->tree);
    scene.functions = std::move(last->functions);
    scene.doc_is_in_body = last->doc_is_in_body;
    scene.names = std::move(last->names);
    scene.builtins = last->builtins;
    return scene;
  }
  Result<workspace::SyntaxTree> tree =
      parser.parse(language, text, known ? &*last->tree : nullptr, limits);
  if (!tree.ok()) return scene;
  scene.tree = std::move(*tree);
  if (const workspace::FunctionQuery* functions = queries.of(language)) {
    scene.functions = functions->in(*scene.tree, workspace::QueryCursor());
    scene.doc_is_in_body = functions->doc_is_in_body();
  }
  if (workspace::has_names(language)) {
    scene.names = queries.names().of(language).table_of(*scene.tree, workspace::QueryCursor());
    scene.builtins = &queries.names().builtins_of(language);
  }
  return scene;
}

}  // namespace rondo::assist
