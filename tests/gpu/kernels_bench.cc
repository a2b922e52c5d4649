// kernels_bench [--json] [PART]: the speed of the CUDA kernels whose name and shape contain PART.

#include <cstdio>
#include <string>
#include <string_view>

#include "bench/gpu_kernels.h"
#include "tests/gpu/plugin.h"

int main(int argc, char** argv) {
  using namespace rondo;
  bool json = false;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") {
      json = true;
    } else {
      only = argv[i];
    }
  }
  kernels::Device device;
  std::string why;
  if (!kernels::open_plugin(device, why)) {
    std::printf("skipped: no device (%s)\n", why.c_str());
    return 77;
  }
  kernels::Yardsticks yardsticks;
  if (device.measure(device.state, &yardsticks) != 0) {
    std::fprintf(stderr, "the yardsticks failed: %s\n", device.error(device.state));
    return 1;
  }
  const auto speeds = bench::measure_gpu_kernels(device, only);
  if (!speeds.ok()) {
    std::fprintf(stderr, "%s\n", speeds.status().to_string().c_str());
    return 1;
  }
  const std::string text = json ? bench::gpu_kernels_json(device, yardsticks, *speeds)
                                : bench::gpu_kernels_table(device, yardsticks, *speeds);
  std::fputs(text.c_str(), stdout);
  device.close(device.state);
  return 0;
}
