// The engine's tests on the fake GPU, which lies beside this program as the CUDA plugin would.
#include "tests/engine/test_devices.h"

namespace rondo::engine {

EngineOptions exact_device() { return {.device = "cuda:1"}; }
double exact_tolerance() { return 1e-5; }
EngineOptions usual_device() { return {.device = "cuda"}; }
std::vector<EngineOptions> compared_devices() { return {{.device = "cuda"}}; }

}  // namespace rondo::engine
