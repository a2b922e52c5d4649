// The actions that only a model can make that follows instructions: explain, change as told,
// review. Another one shows them disabled, so that people see what there would be.
//
// Thread: pure functions.
#pragma once

#include <vector>

#include "assist/action_scene.h"

namespace rondo::assist {

void offer_explain(const ActionScene& scene, std::vector<Action>& actions);
void offer_instruct(const ActionScene& scene, std::vector<Action>& actions);
void offer_review(const ActionScene& scene, std::vector<Action>& actions);

}  // namespace rondo::assist
