// The CUDA table for tests: its launchers wait until the GPU is through.
#pragma once

#include <string>

namespace rondo::kernels {

// Opens the plugin's device 0; false and why when there is none.
bool open_gpu(std::string& why);

}  // namespace rondo::kernels
