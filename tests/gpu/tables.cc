#include "tests/gpu/tables.h"

#include "tests/gpu/plugin.h"
#include "tests/kernels/support.h"

namespace rondo::kernels {
namespace {

Device device;
Kernels table;

// A launcher of the plugin's table, on the device's stream and finished when it returns.
template <auto kLauncher>
struct Finished;
template <class Params, int (*Kernels::*kLauncher)(const Params&, Stream)>
struct Finished<kLauncher> {
  static int run(const Params& params, Stream) {
    const int code = (device.kernels->*kLauncher)(params, {.device = device.state});
    return code != 0 ? code : device.synchronize(device.state);
  }
};

int pack(const RowMajorMatrix& matrix, void* out, Stream) {
  const int code = device.kernels->pack(matrix, out, {.device = device.state});
  return code != 0 ? code : device.synchronize(device.state);
}

}  // namespace

bool open_gpu(std::string& why) {
  if (!open_plugin(device, why)) return false;
  table = *device.kernels;
  table.pack = pack;
  table.embed = Finished<&Kernels::embed>::run;
  table.rms_norm = Finished<&Kernels::rms_norm>::run;
  table.linear = Finished<&Kernels::linear>::run;
  table.rope_store = Finished<&Kernels::rope_store>::run;
  table.copy_token = Finished<&Kernels::copy_token>::run;
  table.attention = Finished<&Kernels::attention>::run;
  table.swiglu = Finished<&Kernels::swiglu>::run;
  table.choose = Finished<&Kernels::choose>::run;
  table.qkv = Finished<&Kernels::qkv>::run;
  table.attend = Finished<&Kernels::attend>::run;
  table.feed_forward = Finished<&Kernels::feed_forward>::run;
  return true;
}

std::vector<const Kernels*> runnable_tables() { return {&table}; }
std::string table_name(const Kernels*) { return "cuda"; }  // known before the device is

}  // namespace rondo::kernels
