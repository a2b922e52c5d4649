// Where a model lives and computes: the CPU, or a GPU behind its plugin (kernels/device.h). Memory,
// copies and kernels of both are used in the same way; on the CPU a device pointer is a host one.
//
// A Device is a lane: what goes through it is done in that order. A GPU has a second one, whose
// work runs beside this one's; the CPU does one thing at a time.
//
// Thread: made by the owner, then the engine thread's. Ownership: a Device outlives all memory
// taken from it, and its second lane. Errors: a device that failed once (lost, out of memory) stays
// failed and does nothing any more: work through it, then look at status() before you believe a
// result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "engine/host_memory.h"
#include "kernels/device.h"
#include "kernels/kernels.h"
#include "kernels/thread_pool.h"

namespace rondo::engine {

class Device;

// A block of a device's memory, aligned to 256 bytes.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  // `n_allocated` counts the bytes of all blocks of a device.
  DeviceMemory(HostMemory host, std::shared_ptr<int64_t> n_allocated);
  DeviceMemory(Device& device, std::byte* data, int64_t size, std::shared_ptr<int64_t> n_allocated);
  DeviceMemory(DeviceMemory&& other) noexcept { *this = std::move(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept;
  ~DeviceMemory();

  std::byte* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  HostMemory host_;           // the CPU's
  Device* device_ = nullptr;  // a GPU, which has it to be given back
  std::byte* data_ = nullptr;
  int64_t size_ = 0;
  std::shared_ptr<int64_t> n_allocated_;
};

class Device {
 public:
  // The CPU, by `kernels` on `n_threads` threads; 0: one a core.
  static std::unique_ptr<Device> cpu(const kernels::Kernels& kernels, int32_t n_threads);
  // GPU `ordinal` through the plugin in the file `plugin`.
  // Errors: Unavailable saying what is missing: the plugin, a library, the driver, the GPU.
  static Result<std::unique_ptr<Device>> gpu(const std::string& plugin, int32_t ordinal);
  ~Device();

  // A second lane to the same GPU, which gives way to this one; null on the CPU.
  // Errors: ResourceExhausted when the GPU has no memory for it.
  Result<std::unique_ptr<Device>> open_lane();
  // What comes from now on begins when all is done that went through `other`, of the same GPU.
  void follow(const Device& other);
  // With `shares`, what comes from now on takes its part of a GPU and leaves the rest to the other
  // lane; else all of it, as at first.
  void share(bool shares);
  bool shares() const { return shares_; }
  // Waits for all that went through it, also where it has failed since: a GPU that refused memory
  // works on.
  void synchronize();

  const kernels::Kernels& kernels() const { return *backend_.kernels; }
  kernels::Stream stream() const { return stream_; }
  // Its memory is the host's.
  bool is_cpu() const { return threads_ != nullptr; }
  // "NVIDIA H100 80GB HBM3, sm_90", or "CPU".
  std::string name() const { return backend_.info.name; }
  // What the bits of its kernels' results depend on: table and version, kind of GPU, libraries.
  // What is kept of one device's results is another's too if this is equal.
  std::string numerics() const;
  int32_t n_threads() const { return is_cpu() ? threads_->size() : 1; }

  // Makes a GPU this thread's; comes before a thread's first use of it.
  void attach();
  // Errors: ResourceExhausted when the device does not have them.
  Result<DeviceMemory> allocate(int64_t n_bytes);
  // Bytes that were allocated, through all lanes, and not given back.
  int64_t n_allocated() const { return *n_allocated_; }
  // In the order of the lane's work; `from` may change when upload returns, and download waits.
  void upload(void* to, const void* from, int64_t n_bytes);
  void download(void* to, const void* from, int64_t n_bytes);
  void copy(void* to, const void* from, int64_t n_bytes);

  // A GPU's yardsticks, measured now. Errors: the device's.
  Result<kernels::Yardsticks> measure();

  // Notes what a launcher returned. A broken contract is our bug and ends the process.
  void launched(int code, const char* kernel);
  void check(int code, const char* what);  // the same for another function of backend()
  void fail(Status status);
  bool ok() const { return status_->ok(); }
  const Status& status() const { return *status_; }  // of all lanes

  const kernels::Device& backend() const { return backend_; }

 private:
  Device() = default;

  kernels::Device backend_;
  kernels::Stream stream_;
  std::unique_ptr<kernels::ThreadPool> threads_;  // the CPU's
  bool shares_ = false;
  void* library_ = nullptr;  // the plugin, open for good
  // Of all lanes.
  std::shared_ptr<Status> status_ = std::make_shared<Status>();
  std::shared_ptr<int64_t> n_allocated_ = std::make_shared<int64_t>(0);
};

// Floats in a device's memory, as many as were asked for last; growing keeps what is there.
class DeviceFloats {
 public:
  explicit DeviceFloats(Device& device) : device_(&device) {}

  // True if data() moved. Memory that is short fails the device.
  bool resize(int64_t n);
  void append(const float* from, int64_t n);
  float* data() const { return reinterpret_cast<float*>(memory_.data()); }
  int64_t size() const { return size_; }

 private:
  Device* device_;
  DeviceMemory memory_;
  int64_t size_ = 0;
};

}  // namespace rondo::engine
