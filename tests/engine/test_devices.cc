#include "tests/engine/test_devices.h"

namespace rondo::engine {

EngineOptions exact_device() { return {.kernels = "reference"}; }
double exact_tolerance() { return 1e-5; }
EngineOptions usual_device() { return {.device = "cpu"}; }

std::vector<EngineOptions> compared_devices() {
  return {{.kernels = "avx2"}, {.kernels = "avxvnni"}, {.kernels = "avx512"}, {.kernels = "amx"}};
}

}  // namespace rondo::engine
