#include <string>
#include <vector>

#include "tests/kernels/support.h"

namespace rondo::kernels {

std::vector<const Kernels*> runnable_tables() {
  std::vector<const Kernels*> tables;
  for (const char* name : {"reference", "avx2", "avxvnni", "avx512", "amx"}) {
    if (const Kernels* table = cpu_kernels(name)) tables.push_back(table);
  }
  return tables;
}

std::string table_name(const Kernels* table) { return table->name; }

}  // namespace rondo::kernels
