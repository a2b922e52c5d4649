#include "engine/device.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "kernels/launch.h"

namespace rondo::engine {

std::unique_ptr<Device> Device::cpu(const kernels::Kernels& kernels, int32_t n_threads) {
  if (n_threads <= 0) n_threads = static_cast<int32_t>(std::thread::hardware_concurrency());
  auto device = std::unique_ptr<Device>(new Device());
  device->threads_ = std::make_unique<kernels::ThreadPool>(std::max(1, n_threads));
  device->stream_.threads = device->threads_.get();
  device->backend_ = {.info = {.name = "CPU"}, .kernels = &kernels};
  return device;
}

Result<std::unique_ptr<Device>> Device::gpu(const std::string& plugin, int32_t ordinal) {
  auto device = std::unique_ptr<Device>(new Device());
  device->library_ = ::dlopen(plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (device->library_ == nullptr) return unavailable_error(::dlerror());
  const auto open =
      reinterpret_cast<kernels::OpenDevice>(::dlsym(device->library_, kernels::kOpenDevice));
  if (open == nullptr) return unavailable_error(plugin + " is no plugin of rondo");
  char why[256] = {};
  if (open(kernels::kDeviceAbi, ordinal, &device->backend_, why, sizeof why) != kernels::kOk) {
    return unavailable_error(why);
  }
  device->stream_.device = device->backend_.state;
  return device;
}

// The plugin stays loaded: CUDA's own threads may outlive the device.
Device::~Device() {
  if (backend_.close != nullptr) backend_.close(backend_.state);
}

std::string Device::numerics() const {
  return std::string(kernels().name) + " " + std::to_string(kernels().numerics) + ", " +
         backend_.info.numerics;
}

Result<std::unique_ptr<Device>> Device::open_lane() {
  std::unique_ptr<Device> lane;
  if (is_cpu()) return lane;
  void* state = nullptr;
  if (backend_.open_lane(backend_.state, &state) != kernels::kOk)
    return resource_exhausted_error(name() + ": cannot open a second lane");
  lane.reset(new Device());
  lane->backend_ = backend_;
  lane->backend_.state = lane->stream_.device = state;
  lane->status_ = status_;
  lane->n_allocated_ = n_allocated_;
  return lane;
}

void Device::follow(const Device& other) {
  if (ok() && !is_cpu()) check(backend_.follow(backend_.state, other.backend_.state), "follow");
}

void Device::share(bool shares) {
  if (is_cpu() || shares == shares_ || !ok()) return;
  shares_ = shares;
  check(backend_.share(backend_.state, shares), "share");
}

void Device::synchronize() {
  if (is_cpu()) return;
  const int code = backend_.synchronize(backend_.state);
  if (ok()) check(code, "synchronize");
}

void Device::attach() {
  if (!is_cpu()) check(backend_.attach(backend_.state), "attach");
}

Result<DeviceMemory> Device::allocate(int64_t n_bytes) {
  if (is_cpu()) {
    ASSIGN_OR_RETURN(HostMemory memory, HostMemory::allocate(n_bytes));
    return DeviceMemory(std::move(memory), n_allocated_);
  }
  void* memory = nullptr;
  if (backend_.allocate(backend_.state, n_bytes, &memory) != kernels::kOk) {
    return resource_exhausted_error(name() + ": cannot allocate " + std::to_string(n_bytes >> 20) +
                                    " MiB of memory");
  }
  return DeviceMemory(*this, static_cast<std::byte*>(memory), n_bytes, n_allocated_);
}

void Device::upload(void* to, const void* from, int64_t n_bytes) {
  if (is_cpu()) return copy(to, from, n_bytes);
  if (ok()) check(backend_.upload(backend_.state, to, from, n_bytes), "upload");
}

void Device::download(void* to, const void* from, int64_t n_bytes) {
  if (is_cpu()) return copy(to, from, n_bytes);
  if (ok()) check(backend_.download(backend_.state, to, from, n_bytes), "download");
}

void Device::copy(void* to, const void* from, int64_t n_bytes) {
  if (!ok()) return;
  if (is_cpu()) {
    std::memcpy(to, from, static_cast<size_t>(n_bytes));
  } else {
    check(backend_.copy(backend_.state, to, from, n_bytes), "copy");
  }
}

Result<kernels::Yardsticks> Device::measure() {
  kernels::Yardsticks yardsticks;
  if (ok()) check(backend_.measure(backend_.state, &yardsticks), "measure");
  RETURN_IF_ERROR(status());
  return yardsticks;
}

void Device::launched(int code, const char* kernel) {
  CHECK(code != kernels::kBadArguments, kernel);
  check(code, kernel);
}

void Device::check(int code, const char* what) {
  if (code == kernels::kOk) return;
  const char* why = is_cpu() ? "failed" : backend_.error(backend_.state);
  fail(unavailable_error(name() + " failed in " + what + ": " + why));
}

void Device::fail(Status status) {
  if (ok()) *status_ = std::move(status);
}

DeviceMemory::DeviceMemory(HostMemory host, std::shared_ptr<int64_t> n_allocated)
    : host_(std::move(host)),
      data_(host_.data()),
      size_(host_.size()),
      n_allocated_(std::move(n_allocated)) {
  *n_allocated_ += size_;
}

DeviceMemory::DeviceMemory(Device& device, std::byte* data, int64_t size,
                           std::shared_ptr<int64_t> n_allocated)
    : device_(&device), data_(data), size_(size), n_allocated_(std::move(n_allocated)) {
  *n_allocated_ += size_;
}

DeviceMemory& DeviceMemory::operator=(DeviceMemory&& other) noexcept {
  std::swap(host_, other.host_);
  std::swap(device_, other.device_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(n_allocated_, other.n_allocated_);
  return *this;
}

DeviceMemory::~DeviceMemory() {
  if (n_allocated_ != nullptr) *n_allocated_ -= size_;
  if (device_ != nullptr) device_->backend().release(device_->backend().state, data_);
}

bool DeviceFloats::resize(int64_t n) {
  const auto floats = static_cast<int64_t>(sizeof(float));
  const bool moves = n * floats > memory_.size();
  if (moves) {
    Result<DeviceMemory> larger = device_->allocate(std::max(n, 2 * size_) * floats);
    if (!larger.ok()) {
      device_->fail(larger.status());
      return true;
    }
    if (size_ > 0) device_->copy(larger->data(), memory_.data(), size_ * floats);
    memory_ = std::move(*larger);
  }
  size_ = n;
  return moves;
}

void DeviceFloats::append(const float* from, int64_t n) {
  const int64_t begin = size_;
  resize(begin + n);
  device_->copy(data() + begin, from, n * static_cast<int64_t>(sizeof(float)));
}

}  // namespace rondo::engine
