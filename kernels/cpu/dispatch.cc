// The CPU tables and which of them this machine can run.

#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/linear_tables.h"
#include "kernels/cpu/panels.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels {
namespace {

int linear_avx2(const LinearParams& params, Stream stream) {
  return linear(params, stream, params.weight.type == WeightType::kInt8 ? kInt8Avx2 : kBf16Avx2);
}

constexpr Kernels kAvx2{
    .name = "avx2",
    .kv_type = KvType::kBf16,
    .packed_bytes = packed_panels_bytes,
    .pack = pack_panels,
    .embed = reference::embed,
    .rms_norm = N_AVX2::rms_norm,
    .linear = linear_avx2,
    .rope_store = N_AVX2::rope_store,
    .attention = N_AVX2::attention,
    .gate_mix = N_AVX2::gate_mix,
    .swiglu = N_AVX2::swiglu,
};

}  // namespace

const Kernels* cpu_kernels(std::string_view name) {
  if (name == reference_kernels().name) return &reference_kernels();
  if (name == kAvx2.name && cpu_features().avx2) return &kAvx2;
  return nullptr;
}

const Kernels& best_cpu_kernels() { return cpu_features().avx2 ? kAvx2 : reference_kernels(); }

}  // namespace rondo::kernels
