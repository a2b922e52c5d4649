#include "kernels/compose.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels {

const Kernels& reference_kernels() {
  static constexpr Kernels kTable{
      .name = "reference",
      .numerics = 1,
      .few_rows = 16,
      .kv_type = KvType::kF32,
      .packed_bytes = reference::packed_bytes,
      .pack = reference::pack,
      .embed = reference::embed,
      .rms_norm = reference::rms_norm,
      .linear = reference::linear,
      .rope_store = reference::rope_store,
      .copy_token = reference::copy_token,
      .attention = reference::attention,
      .swiglu = reference::swiglu,
      .choose = reference::choose,
      .qkv = composed_qkv<reference::rms_norm, reference::linear, reference::rope_store>,
      .attend = composed_attend<reference::attention, reference::linear>,
      .feed_forward =
          composed_feed_forward<reference::rms_norm, reference::linear, reference::swiglu>,
  };
  return kTable;
}

}  // namespace rondo::kernels
