// Which tables this machine can run.

#include "kernels/kernels.h"

namespace rondo::kernels {

const Kernels* cpu_kernels(std::string_view name) {
  if (name == reference_kernels().name) return &reference_kernels();
  return nullptr;
}

const Kernels& best_cpu_kernels() { return reference_kernels(); }

}  // namespace rondo::kernels
