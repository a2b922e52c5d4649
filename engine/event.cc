#include "engine/event.h"

namespace rondo::engine {

Event::~Event() {
  if (event_ == nullptr) return;
  device_->backend().release_event(device_->backend().state, event_);
}

void Event::record() {
  if (device_->is_cpu() || !device_->ok()) return;
  const kernels::Device& gpu = device_->backend();
  if (event_ == nullptr) device_->check(gpu.create_event(gpu.state, &event_), "create_event");
  if (is_set()) device_->check(gpu.record_event(gpu.state, event_), "record_event");
}

bool Event::passed() {
  bool has_passed = true;
  if (is_set()) {
    const kernels::Device& gpu = device_->backend();
    device_->check(gpu.query_event(gpu.state, event_, &has_passed), "query_event");
  }
  return has_passed || !device_->ok();
}

void Event::wait() {
  if (is_set())
    device_->check(device_->backend().wait_event(device_->backend().state, event_), "wait_event");
}

}  // namespace rondo::engine
