#include "engine/choose_device.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace rondo::engine {
namespace {

constexpr std::string_view kCuda = "cuda";
constexpr const char* kPlugin = "librondo_cuda.so";

Result<std::unique_ptr<Device>> open_cpu(const EngineOptions& options) {
  const kernels::Kernels* table = options.kernels.empty() ? &kernels::best_cpu_kernels()
                                                          : kernels::cpu_kernels(options.kernels);
  if (table == nullptr) {
    return unavailable_error("this machine cannot run the kernels '" + options.kernels +
                             "'; leave the choice out to get the fastest that it can");
  }
  return Device::cpu(*table, options.n_threads);
}

// The plugin beside the program (as built), or where packages put it.
Result<std::unique_ptr<Device>> open_gpu(int32_t ordinal) {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const auto& place : {folder, folder / "../lib/rondo"}) {
    const auto plugin = (place / kPlugin).lexically_normal();
    if (std::filesystem::exists(plugin, error)) return Device::gpu(plugin, ordinal);
  }
  return unavailable_error(std::string(kPlugin) + " is not installed");
}

// "cuda" is 0, "cuda:3" is 3.
std::optional<int32_t> gpu_ordinal(std::string_view name) {
  if (!name.starts_with(kCuda)) return std::nullopt;
  name.remove_prefix(kCuda.size());
  if (name.empty()) return 0;
  int32_t ordinal = -1;
  const char* end = name.data() + name.size();
  if (name[0] != ':' || std::from_chars(name.data() + 1, end, ordinal).ptr != end || ordinal < 0)
    return std::nullopt;
  return ordinal;
}

}  // namespace

Result<ChosenDevice> choose_device(const EngineOptions& options) {
  ChosenDevice chosen;
  if (options.device.empty() && options.kernels.empty()) {
    Result<std::unique_ptr<Device>> gpu = open_gpu(0);
    if (gpu.ok()) {
      chosen.device = std::move(*gpu);
      return chosen;
    }
    chosen.no_gpu = gpu.status().message();
  }
  if (options.device.empty() || options.device == "cpu") {
    ASSIGN_OR_RETURN(chosen.device, open_cpu(options));
    return chosen;
  }
  const std::optional<int32_t> ordinal = gpu_ordinal(options.device);
  if (!ordinal) {
    return invalid_argument_error("no device is named '" + options.device +
                                  "'; say cpu, cuda, or cuda:N for GPU number N");
  }
  if (!options.kernels.empty()) {
    return invalid_argument_error("kernels are chosen for the CPU; leave the choice out for " +
                                  options.device);
  }
  ASSIGN_OR_RETURN(chosen.device, open_gpu(*ordinal));
  return chosen;
}

}  // namespace rondo::engine
