// What the engine's tests run on. Two files define it, so that the same tests run on the CPU and,
// as engine_gpu_test, on a GPU.
#pragma once

#include <vector>

#include "engine/engine.h"

namespace rondo::engine {

// Where numerics are tested, and how far equal things may lie apart there.
EngineOptions exact_device();
double exact_tolerance();
// Where the engine as a whole is tested.
EngineOptions usual_device();
// What is compared with the reference kernels, as far as this machine has it.
std::vector<EngineOptions> compared_devices();

inline bool on_gpu(const Engine& engine) { return engine.stats().device != "CPU"; }

}  // namespace rondo::engine
