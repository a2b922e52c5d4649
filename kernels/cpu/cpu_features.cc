#include "kernels/cpu/cpu_features.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace rondo::kernels {
namespace {

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  if (__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx) == 0) return {};
  return r;
}

// `value` has all bits of `mask`.
constexpr bool all(uint64_t value, uint64_t mask) { return (value & mask) == mask; }
constexpr uint64_t bit(int i) { return uint64_t{1} << i; }

// XCR0: the register states that the operating system saves.
uint64_t saved_states() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

constexpr uint64_t kAvxStates = bit(1) | bit(2);
constexpr uint64_t kAvx512States = bit(5) | bit(6) | bit(7);
constexpr int kTileData = 18;
constexpr uint64_t kTileStates = bit(17) | bit(kTileData);

// Linux hands out the 8 KiB of tile registers only to processes that ask. Without it the first tile
// instruction is a SIGILL.
bool request_tiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

CpuFeatures detect() {
  const Registers one = cpuid(1, 0), seven = cpuid(7, 0), seven_one = cpuid(7, 1);
  CpuFeatures f;
  if (!all(one.ecx, bit(27) /* OSXSAVE */ | bit(28) /* AVX */)) return f;
  const uint64_t states = saved_states();
  f.avx2 = all(states, kAvxStates) &&
           all(one.ecx,
               bit(1) /* PCLMUL */ | bit(12) /* FMA */ | bit(25) /* AES */ | bit(29) /* F16C */) &&
           all(seven.ebx, bit(3) /* BMI1 */ | bit(5) /* AVX2 */ | bit(8) /* BMI2 */);
  f.avxvnni = f.avx2 && all(seven_one.eax, bit(4));
  f.avx512 =
      f.avx2 && all(states, kAvx512States) &&
      all(seven.ebx, bit(16) /* F */ | bit(17) /* DQ */ | bit(30) /* BW */ | bit(31) /* VL */) &&
      all(seven.ecx, bit(11) /* VNNI */);
  f.amx = f.avx512 && all(states, kTileStates) &&
          all(seven.edx, bit(22) /* BF16 */ | bit(24) /* TILE */ | bit(25) /* INT8 */) &&
          request_tiles();
  return f;
}

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures kFeatures = detect();
  return kFeatures;
}

}  // namespace rondo::kernels
