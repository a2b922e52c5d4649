#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/gpu/mapped_memory.h"
#include "tests/gpu/tables.h"

int main(int argc, char** argv) {
  constexpr int kSkipped = 77;  // as ctest is told
  testing::InitGoogleTest(&argc, argv);
  std::string why;
  if (!rondo::kernels::open_gpu(why)) {
    std::printf("skipped: no device (%s)\n", why.c_str());
    return kSkipped;
  }
  if (const char* error = rondo::kernels::map_memory_into_gpu()) {
    std::printf("skipped: no device (its memory cannot be mapped: %s)\n", error);
    return kSkipped;
  }
  return RUN_ALL_TESTS();
}
