#include "tests/gpu/plugin.h"

#include <dlfcn.h>

namespace rondo::kernels {
namespace {

void* plugin() {
  static void* const handle = ::dlopen(RONDO_CUDA_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  return handle;
}

}  // namespace

bool open_plugin(Device& device, std::string& why) {
  if (plugin() == nullptr) {
    why = ::dlerror();
    return false;
  }
  const auto open = reinterpret_cast<OpenDevice>(::dlsym(plugin(), kOpenDevice));
  char text[256] = {};
  if (open == nullptr || open(kDeviceAbi, 0, &device, text, sizeof(text)) != 0) {
    why = open == nullptr ? "the plugin exports nothing" : text;
    return false;
  }
  return true;
}

}  // namespace rondo::kernels
