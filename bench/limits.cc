#include "bench/limits.h"

#include <string_view>

#include "bench/kernels.h"
#include "bench/membw.h"

namespace rondo::bench {

Result<double> measure_bandwidth(LoadedModel& loaded) {
  if (!loaded.device->is_cpu()) {
    ASSIGN_OR_RETURN(const kernels::Yardsticks yardsticks, loaded.device->measure());
    return yardsticks.copy_bytes_per_s;
  }
  const int64_t kv_bytes =
      loaded.pages.page_bytes() * (loaded.pages.n_pages() - loaded.pages.n_free());
  ASSIGN_OR_RETURN(const ReadBandwidth bandwidth,
                   measure_read_bandwidth(loaded.model.weights().packed_bytes() + kv_bytes,
                                          *loaded.device->stream().threads));
  return bandwidth.bytes_per_s;
}

Result<double> measure_peak(LoadedModel& loaded) {
  if (!loaded.device->is_cpu()) {
    ASSIGN_OR_RETURN(const kernels::Yardsticks yardsticks, loaded.device->measure());
    return yardsticks.matmul_flops_per_s;
  }
  const PeakRates peak = measure_peak_rates(*loaded.device->stream().threads);
  return std::string_view(loaded.device->kernels().name) == "amx" ? peak.amx_bf16 : peak.fma;
}

const char* peak_name(const engine::Device& device) {
  if (!device.is_cpu()) return "cuBLAS";
  return std::string_view(device.kernels().name) == "amx" ? "AMX" : "FMA";
}

}  // namespace rondo::bench
