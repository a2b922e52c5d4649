#include "assist/chat_actions.h"

#include <string>

namespace rondo::assist {
namespace {

// The selection, or the function at the cursor; nothing elsewhere.
void offer(const ActionScene& scene, const std::string& title, std::vector<Action>& actions) {
  const workspace::Function* function = scene.function();
  if (scene.query.selection.empty() && function == nullptr) return;
  const bool selected = !scene.query.selection.empty();
  actions.push_back({.title = title + (selected ? "the selection" : "this function"),
                     .bytes = selected ? scene.query.selection : function->whole});
}

}  // namespace

void offer_explain(const ActionScene& scene, std::vector<Action>& actions) {
  offer(scene, "Explain ", actions);
}

void offer_instruct(const ActionScene& scene, std::vector<Action>& actions) {
  offer(scene, "Change as told ", actions);
}

void offer_review(const ActionScene& scene, std::vector<Action>& actions) {
  offer(scene, "Review ", actions);
}

}  // namespace rondo::assist
