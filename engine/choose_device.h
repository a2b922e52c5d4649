// Which device a model is run on, by what was asked for and what this machine has.
//
// Thread: any. Ownership: the caller has the device.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/device.h"
#include "engine/engine.h"

namespace rondo::engine {

struct ChosenDevice {
  std::unique_ptr<Device> device;
  // Why it is the CPU although nobody asked for that; empty if somebody did, or for a GPU.
  std::string no_gpu;
};

// The device of options.device and options.kernels.
// Errors: InvalidArgument for a name that is none; Unavailable saying what is missing for a device
// or kernels that were asked for.
Result<ChosenDevice> choose_device(const EngineOptions& options);

}  // namespace rondo::engine
