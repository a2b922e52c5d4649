#include "kernels/launch.h"

namespace rondo::kernels {
namespace {

bool valid(const KvLayer& kv) {
  return kv.data != nullptr && kv.page_stride_bytes > 0 && kv.layer_offset_bytes >= 0;
}

bool valid_heads(int32_t n_heads, int32_t n_kv_heads, int32_t head_dim) {
  return n_kv_heads > 0 && n_heads > 0 && n_heads % n_kv_heads == 0 && head_dim > 0 &&
         head_dim % 2 == 0;
}

bool valid(const PackedMatrix& matrix) {
  return matrix.data != nullptr && matrix.n > 0 && matrix.k > 0;
}

bool valid(const QuerySpan& span) {
  return span.first_row >= 0 && span.n_rows >= 0 && span.first_slot >= 0 && span.n_context >= 0 &&
         (span.n_context == 0 || span.context != nullptr) &&
         (span.n_rows == 0 || span.own_pages != nullptr) && span.first_own_page >= 0;
}

// Whose spans may be a device's.
bool valid(const GatedBranch& branch) {
  if (branch.spans == nullptr) return branch.n_spans == 0;
  return branch.n_spans >= 0 && branch.window >= 0 && branch.weight != nullptr &&
         branch.bias != nullptr && branch.room != nullptr;
}

}  // namespace

bool valid(const RowMajorMatrix& matrix) {
  return matrix.data != nullptr && matrix.n > 0 && matrix.k > 0 &&
         (matrix.scales != nullptr) == (matrix.type != WeightType::kBf16) &&
         (matrix.zeros != nullptr) == (matrix.type == WeightType::kInt4Zeros);
}

bool valid(const EmbedParams& p) {
  return p.n_rows >= 0 && valid(p.table) && !is_int4(p.table.type) &&
         (p.n_rows == 0 || (p.ids != nullptr && p.x != nullptr));
}

bool valid(const RmsNormParams& p) {
  return p.n_rows >= 0 && p.dim > 0 && p.weight != nullptr &&
         (p.n_rows == 0 || (p.x != nullptr && p.out != nullptr));
}

bool valid(const LinearParams& p) {
  return p.n_rows >= 0 && valid(p.weight) && p.x_stride >= p.weight.k &&
         p.out_stride >= p.weight.n && (p.n_rows == 0 || (p.x != nullptr && p.out != nullptr));
}

bool valid(const RopeStoreParams& p) {
  return p.n_rows >= 0 && valid_heads(p.n_heads, p.n_kv_heads, p.head_dim) && valid(p.kv) &&
         p.theta > 0 && p.factor >= 1 &&
         (p.n_rows == 0 || (p.qkv != nullptr && p.positions != nullptr && p.slots != nullptr));
}

bool valid(const CopyTokenParams& p) {
  return valid(p.kv) && p.from_slot >= 0 && p.to_slot >= 0 &&
         valid_heads(p.n_kv_heads, p.n_kv_heads, p.head_dim);
}

bool valid(const AttentionParams& p) {
  if (p.n_spans < 0 || (p.n_spans > 0 && p.spans == nullptr) || p.window < 0) return false;
  if (!valid(p.second)) return false;
  if (!valid_heads(p.n_heads, p.n_kv_heads, p.head_dim) || !valid(p.kv)) return false;
  if (p.q == nullptr || p.out == nullptr || p.q_stride < p.n_heads * p.head_dim) return false;
  int32_t n_rows = 0;
  for (int32_t i = 0; i < p.n_spans; ++i) {
    if (!valid(p.spans[i])) return false;
    n_rows += std::max(0, p.spans[i].n_rows - skipped_rows(p, p.spans[i]));
  }
  return n_rows <= p.n_rows;
}

bool valid(const SwigluParams& p) {
  return p.n_rows >= 0 && p.dim > 0 &&
         (p.n_rows == 0 || (p.gate_up != nullptr && p.out != nullptr));
}

bool valid(const ChooseParams& p) {
  return p.n_rows >= 0 && p.n_vocabulary > 0 &&
         (p.n_rows == 0 || (p.logits != nullptr && p.ids != nullptr && p.choices != nullptr));
}

bool valid(const QkvParams& p) {
  return valid(p.rope) && valid(p.weight) && p.norm_weight != nullptr &&
         p.weight.n == (p.rope.n_heads + 2 * p.rope.n_kv_heads) * p.rope.head_dim &&
         (p.rope.n_rows == 0 || (p.x != nullptr && p.normed != nullptr));
}

bool valid(const AttendParams& p) {
  return valid(p.o) && p.attention.n_rows >= 0 && p.attention.first_row >= 0 &&
         p.o.k == p.attention.n_heads * p.attention.head_dim &&
         (p.attention.n_rows == 0 || (p.attention.out != nullptr && p.x != nullptr));
}

bool valid(const FeedForwardParams& p) {
  return p.n_rows >= 0 && valid(p.gate_up) && valid(p.down) && p.norm_weight != nullptr &&
         p.gate_up.n == 2 * p.down.k && p.gate_up.k == p.down.n &&
         (p.n_rows == 0 || (p.x != nullptr && p.normed != nullptr && p.gate_up_rows != nullptr &&
                            p.hidden != nullptr));
}

}  // namespace rondo::kernels
