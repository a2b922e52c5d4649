// A mark in what goes through a device, and whether the device has come to it. On the CPU, where
// all is done when it was asked for, it always has.
//
// Thread: the engine thread. Borrows the device. Errors: the device's status; one that failed has
// come to every mark.
#pragma once

#include <utility>

#include "engine/device.h"

namespace rondo::engine {

class Event {
 public:
  explicit Event(Device& device) : device_(&device) {}
  Event(Event&& other) noexcept
      : device_(other.device_), event_(std::exchange(other.event_, nullptr)) {}
  Event& operator=(Event&&) = delete;
  ~Event();

  // Behind all that went through the device so far.
  void record();
  // True if it was never recorded, or all is done that came before. Does not wait.
  bool passed();
  void wait();

 private:
  bool is_set() const { return event_ != nullptr && device_->ok(); }

  Device* device_;
  void* event_ = nullptr;  // a GPU's, once it was recorded
};

}  // namespace rondo::engine
