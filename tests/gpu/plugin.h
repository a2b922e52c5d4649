// The CUDA plugin of this build, for the test programs.
#pragma once

#include <string>

#include "kernels/device.h"

namespace rondo::kernels {

// Opens the plugin's device 0; false and why when there is none.
bool open_plugin(Device& device, std::string& why);

}  // namespace rondo::kernels
