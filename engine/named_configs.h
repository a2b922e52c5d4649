// Shapes of published models, to measure them without their checkpoints.
//
// Thread: pure functions.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/model_config.h"

namespace rondo::engine {

// "iquest-7b", "iquest-14b", "iquest-40b", "iquest-40b-loop" (IQuest-Coder-V1's config.json files),
// "qwen2.5-coder-0.5b", "-1.5b", "-3b", "-7b", "-14b", "-32b", or "loopcoder-mini", the embedded
// model in bf16 and without what it was trained for; `layers` > 0 cuts it to so many. Errors:
// InvalidArgument listing the names.
Result<ModelConfig> named_config(const std::string& name, int32_t layers);

}  // namespace rondo::engine
