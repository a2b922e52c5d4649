// The CPU tables and which of them this machine can run.

#include <array>

#include "kernels/compose.h"
#include "kernels/cpu/cpu_features.h"
#include "kernels/cpu/few_rows.h"
#include "kernels/cpu/float_kernels.h"
#include "kernels/cpu/kv_pages.h"
#include "kernels/cpu/linear_tables.h"
#include "kernels/cpu/panels.h"
#include "kernels/launch.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels {
namespace {

constexpr int32_t kNumerics = 2;  // of all tables here

int linear_of(const LinearParams& p, Stream stream, const LinearKernel& int4,
              const LinearKernel& int8, const LinearKernel& bf16) {
  if (is_int4(p.weight.type)) return linear(p, stream, int4);
  return linear(p, stream, p.weight.type == WeightType::kInt8 ? int8 : bf16);
}

int linear_avx2(const LinearParams& p, Stream stream) {
  return linear_of(p, stream, kInt4Avx2, kInt8Avx2, kBf16Avx2);
}

int linear_avxvnni(const LinearParams& p, Stream stream) {
  return linear_of(p, stream, kInt4Avx2, kInt8AvxVnni, kBf16Avx2);
}

int linear_avx512(const LinearParams& p, Stream stream) {
  return linear_of(p, stream, kInt4Avx512, kInt8Avx512, kBf16Avx512);
}

// A group of int4 is two tiles long: its sums would leave the tiles as often as they are made.
int linear_amx(const LinearParams& p, Stream stream) {
  return linear_of(p, stream, kInt4Avx512, kInt8Amx, p.n_rows <= kFewRows ? kBf16Avx512 : kBf16Amx);
}

template <Launcher<LinearParams> kLinear>
constexpr Kernels narrow_table(const char* name) {
  return {.name = name,
          .numerics = kNumerics,
          .few_rows = kFewRows,
          .kv_type = KvType::kBf16,
          .packed_bytes = packed_panels_bytes,
          .pack = pack_panels,
          .embed = reference::embed,
          .rms_norm = N_AVX2::rms_norm,
          .linear = kLinear,
          .rope_store = N_AVX2::rope_store,
          .copy_token = copy_token,
          .attention = N_AVX2::attention,
          .swiglu = N_AVX2::swiglu,
          .choose = reference::choose,
          .qkv = composed_qkv<N_AVX2::rms_norm, kLinear, N_AVX2::rope_store>,
          .attend = composed_attend<N_AVX2::attention, kLinear>,
          .feed_forward = composed_feed_forward<N_AVX2::rms_norm, kLinear, N_AVX2::swiglu>};
}

template <Launcher<LinearParams> kLinear, Launcher<AttentionParams> kAttention>
constexpr Kernels wide_table(const char* name) {
  return {.name = name,
          .numerics = kNumerics,
          .few_rows = kFewRows,
          .kv_type = KvType::kBf16,
          .packed_bytes = packed_panels_bytes,
          .pack = pack_panels,
          .embed = reference::embed,
          .rms_norm = N_AVX3::rms_norm,
          .linear = kLinear,
          .rope_store = N_AVX3::rope_store,
          .copy_token = copy_token,
          .attention = kAttention,
          .swiglu = N_AVX3::swiglu,
          .choose = reference::choose,
          .qkv = composed_qkv<N_AVX3::rms_norm, kLinear, N_AVX3::rope_store>,
          .attend = composed_attend<kAttention, kLinear>,
          .feed_forward = composed_feed_forward<N_AVX3::rms_norm, kLinear, N_AVX3::swiglu>};
}

struct Entry {
  Kernels table;
  bool CpuFeatures::*needs;
};

// Fastest first.
constexpr std::array kTables = {
    Entry{wide_table<linear_amx, N_AVX3::attention_amx>("amx"), &CpuFeatures::amx},
    Entry{wide_table<linear_avx512, N_AVX3::attention>("avx512"), &CpuFeatures::avx512},
    Entry{narrow_table<linear_avxvnni>("avxvnni"), &CpuFeatures::avxvnni},
    Entry{narrow_table<linear_avx2>("avx2"), &CpuFeatures::avx2},
};

}  // namespace

const Kernels* cpu_kernels(std::string_view name) {
  if (name == reference_kernels().name) return &reference_kernels();
  for (const Entry& entry : kTables) {
    if (name == entry.table.name && cpu_features().*entry.needs) return &entry.table;
  }
  return nullptr;
}

const Kernels& best_cpu_kernels() {
  for (const Entry& entry : kTables) {
    if (cpu_features().*entry.needs) return entry.table;
  }
  return reference_kernels();
}

}  // namespace rondo::kernels
