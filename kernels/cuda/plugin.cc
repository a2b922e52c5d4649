// The plugin librondo_cuda.so: a CUDA GPU as a Device.

#include <algorithm>
#include <cstdio>
#include <memory>

#include "kernels/cuda/context.h"
#include "kernels/cuda/few_rows.h"
#include "kernels/cuda/launchers.h"
#include "kernels/device.h"
#include "kernels/launch.h"

namespace rondo::kernels::cuda {
namespace {

constexpr int kLeastMajor = 8;  // compute capability 8.0: bf16 tensor cores

#ifdef RONDO_CODE_FOR_HOPPER
constexpr const char* kHopper = "; Hopper's own";
#else
constexpr const char* kHopper = "";
#endif

Context& of(void* state) { return *static_cast<Context*>(state); }
int code(bool ok) { return ok ? kOk : kDeviceFailed; }

int attach(void* state) { return code(of(state).check(cudaSetDevice(of(state).ordinal()))); }

int open_lane(void* state, void** lane) {
  auto context = std::make_unique<Context>(&of(state));
  const bool opened = context->status() == cudaSuccess;
  if (opened) *lane = context.release();
  return code(opened);
}

int follow(void* lane, void* other) { return code(of(lane).follow(of(other))); }
int share(void* state, bool shares) { return code(of(state).share(shares)); }

// In the stream's order, from a pool that keeps what is released: neither waits for the device.
int allocate(void* state, int64_t n_bytes, void** out) {
  const auto n = static_cast<size_t>(std::max<int64_t>(n_bytes, 1));
  if (cudaMallocAsync(out, n, of(state).stream()) == cudaSuccess) return kOk;
  (void)cudaGetLastError();  // memory that is short is no broken device
  return kDeviceFailed;
}

int release(void* state, void* memory) {
  return code(of(state).check(cudaFreeAsync(memory, of(state).stream())));
}

int copy(void* state, void* to, const void* from, int64_t n_bytes) {
  return code(of(state).check(cudaMemcpyAsync(to, from, static_cast<size_t>(n_bytes),
                                              cudaMemcpyDefault, of(state).stream())));
}

int synchronize(void* state) {
  return code(of(state).check(cudaStreamSynchronize(of(state).stream())));
}

int download(void* state, void* to, const void* from, int64_t n_bytes) {
  const int copied = copy(state, to, from, n_bytes);
  return copied == kOk ? synchronize(state) : copied;
}

int allocate_pinned(void* state, int64_t n_bytes, void** out) {
  if (cudaMallocHost(out, static_cast<size_t>(n_bytes)) == cudaSuccess) return kOk;
  (void)cudaGetLastError();
  return kDeviceFailed;
}

int release_pinned(void* state, void* memory) {
  return code(of(state).check(cudaFreeHost(memory)));
}

int create_event(void* state, void** event) {
  cudaEvent_t created = nullptr;
  of(state).check(cudaEventCreateWithFlags(&created, cudaEventDisableTiming));
  *event = created;
  return code(of(state).status() == cudaSuccess);
}

int record_event(void* state, void* event) {
  return code(
      of(state).check(cudaEventRecord(static_cast<cudaEvent_t>(event), of(state).stream())));
}

int wait_event(void* state, void* event) {
  return code(of(state).check(cudaEventSynchronize(static_cast<cudaEvent_t>(event))));
}

int query_event(void* state, void* event, bool* has_passed) {
  const cudaError_t passed = cudaEventQuery(static_cast<cudaEvent_t>(event));
  *has_passed = passed != cudaErrorNotReady;
  return code(of(state).check(passed == cudaErrorNotReady ? cudaSuccess : passed));
}

int release_event(void* state, void* event) {
  return code(of(state).check(cudaEventDestroy(static_cast<cudaEvent_t>(event))));
}

int begin_graph(void* state) {
  return code(of(state).check(
      cudaStreamBeginCapture(of(state).stream(), cudaStreamCaptureModeThreadLocal)));
}

int end_graph(void* state, void** graph) {
  Context& c = of(state);
  cudaGraph_t recorded = nullptr;
  cudaGraphExec_t executable = nullptr;
  if (c.check(cudaStreamEndCapture(c.stream(), &recorded)))
    c.check(cudaGraphInstantiate(&executable, recorded, 0));
  if (recorded != nullptr) cudaGraphDestroy(recorded);
  *graph = executable;
  return code(c.status() == cudaSuccess);
}

int launch_graph(void* state, void* graph) {
  return code(
      of(state).check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), of(state).stream())));
}

int release_graph(void* state, void* graph) {
  return code(of(state).check(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph))));
}

int measure(void* state, Yardsticks* out) { return measure_yardsticks(of(state), out); }

const char* error(void* state) { return cudaGetErrorString(of(state).status()); }
void close(void* state) { delete static_cast<Context*>(state); }

// Any error means that there is no device: without a driver it is not cudaErrorNoDevice.
int n_devices() {
  int n = 0;
  return cudaGetDeviceCount(&n) == cudaSuccess ? n : 0;
}

int open(int32_t ordinal, Device& device, char* why, size_t why_bytes) {
  if (ordinal < 0 || ordinal >= n_devices()) {
    std::snprintf(why, why_bytes, "there is no CUDA device %d here, or no driver for CUDA %d.%d",
                  ordinal, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    return kDeviceFailed;
  }
  auto context = std::make_unique<Context>(ordinal);
  if (context->status() != cudaSuccess) {
    std::snprintf(why, why_bytes, "CUDA device %d: %s", ordinal,
                  cudaGetErrorString(context->status()));
    return kDeviceFailed;
  }
  const cudaDeviceProp& properties = context->properties();
  if (properties.major < kLeastMajor) {
    std::snprintf(why, why_bytes, "%s has compute capability %d.%d; 8.0 is the least",
                  properties.name, properties.major, properties.minor);
    return kDeviceFailed;
  }
  size_t free_bytes = 0, total_bytes = 0;
  context->check(cudaMemGetInfo(&free_bytes, &total_bytes));
  std::snprintf(device.info.name, sizeof(device.info.name), "%.100s, sm_%d%d", properties.name,
                properties.major, properties.minor);
  // cuBLASLt chooses by the GPU, and a GPU's kernels are those of the code that it runs.
  std::snprintf(device.info.numerics, sizeof(device.info.numerics),
                "%s, code for sm_%d%s, cuBLASLt %zu", device.info.name, code_architecture(),
                kHopper, cublasLtGetVersion());
  device.info.total_bytes = static_cast<int64_t>(total_bytes);
  device.info.free_bytes = static_cast<int64_t>(free_bytes);
  device.info.n_multiprocessors = properties.multiProcessorCount;
  device.info.max_head_dim = kMaxHeadDim;
  device.kernels = &table();
  device.attach = attach;
  device.open_lane = open_lane;
  device.follow = follow;
  device.share = share;
  device.allocate = allocate;
  device.release = release;
  device.upload = copy;  // from pageable memory it returns once `from` was read
  device.download = download;
  device.copy = copy;
  device.synchronize = synchronize;
  device.allocate_pinned = allocate_pinned;
  device.release_pinned = release_pinned;
  device.create_event = create_event;
  device.record_event = record_event;
  device.wait_event = wait_event;
  device.query_event = query_event;
  device.release_event = release_event;
  device.begin_graph = begin_graph;
  device.end_graph = end_graph;
  device.launch_graph = launch_graph;
  device.release_graph = release_graph;
  device.measure = measure;
  device.error = error;
  device.close = close;
  device.state = context.release();
  return kOk;
}

}  // namespace

const Kernels& table() {
  static constexpr Kernels kTable = {.name = "cuda",
                                     .numerics = 2,
                                     .few_rows = kFewRows,
                                     .kv_type = KvType::kBf16,
                                     .packed_bytes = packed_bytes,
                                     .pack = pack,
                                     .embed = embed,
                                     .rms_norm = rms_norm,
                                     .linear = linear,
                                     .rope_store = rope_store,
                                     .copy_token = copy_token,
                                     .attention = attention,
                                     .swiglu = swiglu,
                                     .choose = choose,
                                     .qkv = qkv,
                                     .attend = attend,
                                     .feed_forward = feed_forward};
  return kTable;
}

}  // namespace rondo::kernels::cuda

extern "C" __attribute__((visibility("default"))) int rondo_open_device(
    int32_t abi, int32_t ordinal, rondo::kernels::Device* device, char* why, size_t why_bytes) {
  if (abi != rondo::kernels::kDeviceAbi) {
    std::snprintf(why, why_bytes, "librondo_cuda.so belongs to another version of rondo");
    return rondo::kernels::kDeviceFailed;
  }
  return rondo::kernels::cuda::open(ordinal, *device, why, why_bytes);
}
