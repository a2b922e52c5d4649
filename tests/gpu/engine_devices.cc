// The engine's tests on the first GPU; without one they say "skipped: no device".
#include <gtest/gtest.h>

#include <cstdio>

#include "engine/choose_device.h"
#include "tests/engine/test_devices.h"

namespace rondo::engine {

EngineOptions exact_device() { return {.device = "cuda"}; }
// More than 16 rows are products of bf16 activations, queries and weights of attention, fewer are
// not: a prompt in chunks of another size may move a logit by 0.12 (seen).
double exact_tolerance() { return 0.2; }
EngineOptions usual_device() { return {.device = "cuda"}; }
std::vector<EngineOptions> compared_devices() { return {{.device = "cuda"}}; }

}  // namespace rondo::engine

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;  // as ctest is told
  testing::InitGoogleTest(&argc, argv);
  const auto chosen = rondo::engine::choose_device(rondo::engine::usual_device());
  if (!chosen.ok()) {
    std::printf("skipped: no device (%s)\n", chosen.status().message().c_str());
    return kSkipped;
  }
  return RUN_ALL_TESTS();
}
