#include "bench/gpu_timer.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

namespace rondo::bench {
namespace {

using kernels::Device;
using Clock = std::chrono::steady_clock;

constexpr double kSeconds = 0.03;      // of a round
constexpr int64_t kMaxRecorded = 200;  // calls in a graph
constexpr int64_t kMaxGraphs = 100;    // in a round

Status failed(const Device& device) {
  return unavailable_error("the GPU failed: " + std::string(device.error(device.state)));
}

// Seconds of `n` times what `queue` queues.
template <class Queue>
Result<double> seconds_of(const Device& device, int64_t n, const Queue& queue) {
  if (device.synchronize(device.state) != 0) return failed(device);
  const Clock::time_point begin = Clock::now();
  for (int64_t i = 0; i < n; ++i) {
    if (queue(i) != 0) return failed(device);
  }
  if (device.synchronize(device.state) != 0) return failed(device);
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Result<void*> record(const Device& device, int64_t n, const GpuLaunch& launch) {
  void* graph = nullptr;
  int code = device.begin_graph(device.state);
  for (int64_t call = 0; call < n && code == 0; ++call) code = launch(call);
  if (device.end_graph(device.state, &graph) != 0 || code != 0) return failed(device);
  return graph;
}

}  // namespace

GpuMemory::~GpuMemory() {
  for (void* piece : pieces_) device_.release(device_.state, piece);
}

Result<std::byte*> GpuMemory::allocate(int64_t n_bytes) {
  void* piece = nullptr;
  if (device_.allocate(device_.state, n_bytes, &piece) != 0) {
    return resource_exhausted_error("the GPU has no " + std::to_string(n_bytes >> 20) +
                                    " MiB free for the measurement");
  }
  pieces_.push_back(piece);
  return static_cast<std::byte*>(piece);
}

Status GpuMemory::upload(std::byte* to, const void* from, int64_t n_bytes) {
  return device_.upload(device_.state, to, from, n_bytes) == 0 ? Status() : failed(device_);
}

Result<std::byte*> GpuMemory::random(int64_t n_bytes) {
  ASSIGN_OR_RETURN(std::byte * memory, allocate(n_bytes));
  std::mt19937 random(1);
  std::vector<uint32_t> block(std::min<int64_t>(n_bytes / 4, 16 << 20));
  for (uint32_t& word : block) word = (random() & 0x83ff83ffu) | 0x3c003c00u;
  auto filled = static_cast<int64_t>(block.size() * sizeof(uint32_t));
  RETURN_IF_ERROR(upload(memory, block.data(), filled));
  for (int64_t n = 0; filled < n_bytes; filled += n) {
    n = std::min(filled, n_bytes - filled);
    if (device_.copy(device_.state, memory + filled, memory, n) != 0) return failed(device_);
  }
  return memory;
}

Result<double> time_on_gpu(const Device& device, const GpuLaunch& launch) {
  ASSIGN_OR_RETURN(double best, seconds_of(device, 1, launch));  // takes memory, may be slow
  ASSIGN_OR_RETURN(const double three, seconds_of(device, 3, launch));
  best = three / 3;
  const auto n = std::clamp<int64_t>(static_cast<int64_t>(kSeconds / best), 1, kMaxRecorded);
  ASSIGN_OR_RETURN(void* graph, record(device, n, launch));
  const auto replay = [&](int64_t) { return device.launch_graph(device.state, graph); };
  ASSIGN_OR_RETURN(const double once, seconds_of(device, 1, replay));
  const auto n_graphs = std::clamp<int64_t>(static_cast<int64_t>(kSeconds / once), 1, kMaxGraphs);
  for (int round = 0; round < 3; ++round) {
    ASSIGN_OR_RETURN(const double seconds, seconds_of(device, n_graphs, replay));
    const double each = seconds / static_cast<double>(n * n_graphs);
    best = round == 0 ? each : std::min(best, each);
  }
  if (device.release_graph(device.state, graph) != 0) return failed(device);
  return best;
}

}  // namespace rondo::bench
