// Every kernel's contract. A Kernels table is one implementation of all of them: the plain loops of
// kernels/reference (the oracle), or kernels/cpu for one instruction set. A table holds functions
// only, so a plugin can export one too.
//
// Letters: T rows (tokens of this step), H query heads, Hk KV heads, D head dim, C model dim, F
// feed-forward dim, V vocabulary. Thread: a launcher is called by the engine thread alone and
// returns when its work is done (CPU) or queued (GPU). Ownership: launchers borrow every pointer
// for the call; nothing is allocated or kept. Errors: a launcher returns 0, or non-zero when its
// arguments break the Requires line (our bug; the engine checks). Numerics: activations and
// accumulation are float32. A row's result depends on that row alone and on T only through the
// kernel family (T <= Kernels::few_rows, or more), never on its neighbours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rondo::kernels {

class ThreadPool;

// Where a launcher runs.
struct Stream {
  ThreadPool* threads = nullptr;  // CPU tables need one, the reference goes on alone without it
  void* device = nullptr;         // of the table's device (device.h), where that is not the CPU
};

inline constexpr int32_t kPageTokens = 16;  // tokens a KV page holds, in every layer

enum class WeightType : uint8_t {
  kBf16,       // uint16_t bits of a bfloat16
  kInt8,       // signed, W[n][k] = data[n][k] * scales[n]
  kInt4,       // 4 bits: W[n][k] = (nibble k of row n - 8) * scales[n][k / kInt4Group]
  kInt4Zeros,  // the same less zeros[n][k / kInt4Group] in place of 8
};
inline constexpr int32_t kInt4Group = 128;  // inputs that share a scale, and a zero point
inline constexpr bool is_int4(WeightType type) {
  return type == WeightType::kInt4 || type == WeightType::kInt4Zeros;
}

enum class KvType : uint8_t { kF32, kBf16 };
inline constexpr int64_t kv_type_bytes(KvType type) { return type == KvType::kF32 ? 4 : 2; }

// A weight matrix as checkpoints store it.
struct RowMajorMatrix {
  // bf16 or int8 [n, k], or 32-bit words [n, ceil(k / 8)] of 8 nibbles, the lowest first; unaligned
  // is fine (a mapped file).
  const void* data = nullptr;
  // bf16 [n] for kInt8, [n, ceil(k / kInt4Group)] of 4 bits, else null; may be unaligned to 2.
  const uint16_t* scales = nullptr;
  const uint8_t* zeros = nullptr;  // 0..16, [n, ceil(k / kInt4Group)] for kInt4Zeros, else null
  int32_t n = 0;                   // outputs
  int32_t k = 0;                   // inputs
  WeightType type = WeightType::kBf16;
};

// A weight matrix in the private layout of the table that packed it.
struct PackedMatrix {
  const void* data = nullptr;  // packed_bytes() bytes, 64-byte aligned
  int32_t n = 0;
  int32_t k = 0;
  WeightType type = WeightType::kBf16;
};

// x[t] = table[ids[t]]
struct EmbedParams {
  const int32_t* ids = nullptr;  // [T], 0 <= id < table.n
  RowMajorMatrix table;          // [V, C], bf16 or int8
  float* x = nullptr;            // f32 [T, C]
  int32_t n_rows = 0;
};

// out[t] = x[t] / sqrt(mean(x[t]^2) + eps) * weight. out may be x.
struct RmsNormParams {
  const float* x = nullptr;       // f32 [T, C]
  const float* weight = nullptr;  // f32 [C]
  float* out = nullptr;           // f32 [T, C]
  int32_t n_rows = 0;
  int32_t dim = 0;
  float eps = 0;
};

// out[t][n] = sum_k x[t][k] W[n][k], or += with accumulate.
struct LinearParams {
  const float* x = nullptr;  // f32 [T, k], rows x_stride apart
  int64_t x_stride = 0;      // floats, >= k
  PackedMatrix weight;       // [n, k]
  float* out = nullptr;      // f32 [T, n], rows out_stride apart; does not overlap x
  int64_t out_stride = 0;    // floats, >= n
  int32_t n_rows = 0;
  bool accumulate = false;  // the residual connection
};

// One layer of the KV pages. What page p holds of it, keys and values of Hk heads and kPageTokens
// tokens, is 2 * Hk * kPageTokens * D elements at data + p * page_stride_bytes +
// layer_offset_bytes. How they lie there is private to the table that wrote them.
struct KvLayer {
  std::byte* data = nullptr;
  int64_t page_stride_bytes = 0;
  int64_t layer_offset_bytes = 0;
  KvType type = KvType::kF32;
};

// Adds the bias, if any, to queries, keys and values; rotates q and k (half-split RoPE: element i
// pairs with i + D/2, angle position * (theta^(-2i/D) / factor)) in place and writes k and v into
// the pages. slots[t] = page * kPageTokens + offset; a negative slot stores nothing. What stands at
// v afterwards is undefined.
//
// Numerics: an element and its bias are added in float32 before anything else is done with it, and
// the sum is rounded once; without a bias nothing is added.
struct RopeStoreParams {
  float* qkv = nullptr;                // f32 [T, (H + 2 Hk) D]: queries, keys, values
  const float* bias = nullptr;         // f32 [(H + 2 Hk) D], the same for every row, or null
  const int32_t* positions = nullptr;  // [T]
  const int32_t* slots = nullptr;      // [T]
  KvLayer kv;
  int32_t n_rows = 0;
  int32_t n_heads = 0;
  int32_t n_kv_heads = 0;
  int32_t head_dim = 0;  // even
  float theta = 0;
  float factor = 1;  // of linear scaling, 1 or more
};

// Copies one token's keys and values to another slot.
struct CopyTokenParams {
  KvLayer kv;
  int32_t from_slot = 0;  // page * kPageTokens + offset
  int32_t to_slot = 0;
  int32_t n_kv_heads = 0;
  int32_t head_dim = 0;  // even
};

// A page of the context and how many of its tokens count (the last page of a Segment is partial).
struct PageRef {
  int32_t page = 0;
  int32_t n_valid = 0;  // 1..kPageTokens
};

// Consecutive query rows that share what they see. Attention never sees positions (RoPE is in the
// keys): a row sees every context token, and of its own tokens those at slots (own slot - window,
// own slot], window 0 meaning all.
struct QuerySpan {
  int32_t first_row = 0;  // of q and out
  int32_t n_rows = 0;
  int32_t first_slot = 0;            // own slot of the first row; row i has first_slot + i
  const PageRef* context = nullptr;  // [n_context]
  int32_t n_context = 0;
  const int32_t* own_pages =
      nullptr;                 // own slot s lives in own_pages[s / kPageTokens - first_own_page]
  int32_t first_own_page = 0;  // pages before it may be gone: a window never reaches them
};

// Loop 1's second branch: the same rows over other pages, and the gate between the branches.
struct GatedBranch {
  const QuerySpan* spans = nullptr;  // null: there is one branch; has every row of the others
  int32_t n_spans = 0;
  int32_t n_entries = 0;          // as AttentionParams'
  int32_t window = 0;             // in place of AttentionParams'
  const float* weight = nullptr;  // f32 [H, D]
  const float* bias = nullptr;    // f32 [H]
  float* room = nullptr;  // f32 [T, H * D] for kernels that compute one branch after the other
};

// out[t][h] = softmax(q[t][h] . K * scale) V over the visible tokens; query head h reads KV head h
// / (H / Hk). With a second branch out = g * (this) + (1 - g) * (the second), where g =
// sigmoid(q[t][h] . weight[h] + bias[h]).
//
// REQUIRES: page tables, and keys and values of all pages before that of a span's first_slot, were
// there before the first launch of this step: only the step's own tokens may come from the kernels
// before. Of the CUDA table also: head_dim is a multiple of 8 and at most 128, pages and layers lie
// at multiples of 16 bytes.
struct AttentionParams {
  const float* q = nullptr;  // f32 [T, H, D], rows q_stride floats apart (rotated)
  int64_t q_stride = 0;
  float* out = nullptr;  // f32 [T, H * D]
  const QuerySpan* spans = nullptr;
  int32_t n_spans = 0;
  int32_t first_row = 0;  // rows before it are left out, in every span
  // T from first_row on, which decides the kernel family: the rows of all spans, or more where a
  // step has rows that attend to nothing.
  int32_t n_rows = 0;
  // At least the page-table entries, context and own, that a span's rows see: a device's grid must
  // be sized without reading its memory.
  int32_t n_entries = 0;
  KvLayer kv;
  int32_t n_heads = 0;
  int32_t n_kv_heads = 0;
  int32_t head_dim = 0;
  int32_t window = 0;
  float scale = 0;
  GatedBranch second;
};

// out[t] = silu(gate_up[t][0..F)) * gate_up[t][F..2F)
struct SwigluParams {
  const float* gate_up = nullptr;  // f32 [T, 2F]
  float* out = nullptr;            // f32 [T, F]
  int32_t n_rows = 0;
  int32_t dim = 0;  // F
};

// A token that was chosen, and its logarithm of softmax(logits).
struct Choice {
  int32_t id = 0;
  float log_prob = 0;
};

// How a row's token is chosen: the likeliest, or by chance. Then a token at distance d = (largest
// logit - its logit) / temperature weighs 2^31 exp(-d) (drawing.h: all tables agree to the bit). In
// the order of distances, of equal ones of ids, the first top_k are kept, and of them the shortest
// head that has top_p of their weight. `point`, in 2^-64 of what is kept, in the order of ids,
// falls on the token.
struct Draw {
  float temperature = 0;  // 0: the likeliest, and the rest does not count
  float top_p = 1;        // 1 or more: all
  int32_t top_k = 0;      // 0: all
  uint64_t point = 0;     // a random number
};

// choices[t] is what draws[t] makes of logits[t]; the likeliest is the token with the largest, of
// equal ones the lowest (NaN is never largest). ids[t] is the same, where the next step's embed
// reads it.
struct ChooseParams {
  const float* logits = nullptr;  // f32 [T, V]
  const Draw* draws = nullptr;    // [T]; null: the likeliest for all
  int32_t* ids = nullptr;         // [T]
  Choice* choices = nullptr;      // [T], the device's or pinned (device.h): no copy has to follow
  int32_t n_rows = 0;
  int32_t n_vocabulary = 0;  // V
};

// The first half of a layer, up to attention: normed[t] = the norm of x[t]; its product with the
// weight goes through rope_store: queries to rope.qkv, keys and values to the pages. What stands at
// the keys and values of rope.qkv afterwards is undefined. One call, so that a device may keep on
// the chip what lies between.
struct QkvParams {
  const float* x = nullptr;            // f32 [T, C], without gaps; T is rope.n_rows
  const float* norm_weight = nullptr;  // f32 [C]
  float eps = 0;
  PackedMatrix weight;      // [(H + 2 Hk) D, C]
  float* normed = nullptr;  // f32 [T, C], scratch of the call
  RopeStoreParams rope;
};

// The middle of a layer: x[t] += o(attention's row t), for the rows that it has. What stands in
// attention.out afterwards is undefined.
struct AttendParams {
  AttentionParams attention;
  PackedMatrix o;      // [C, H * D]
  float* x = nullptr;  // f32 [T, C], without gaps; rows are numbered as attention.out's
};

// The last half of a layer: x[t] += down(silu(g) * u) where g and u are the halves of gate_up(norm
// of x[t]).
struct FeedForwardParams {
  float* x = nullptr;                  // f32 [T, C], without gaps
  const float* norm_weight = nullptr;  // f32 [C]
  float eps = 0;
  PackedMatrix gate_up;  // [2F, C]
  PackedMatrix down;     // [C, F]
  // Scratch of the call:
  float* normed = nullptr;        // f32 [T, C]
  float* gate_up_rows = nullptr;  // f32 [T, 2F]
  float* hidden = nullptr;        // f32 [T, F]
  int32_t n_rows = 0;
};

struct Kernels {
  const char* name;  // "reference", "avx2", "avxvnni", "avx512", "amx", "cuda"
  // Raised by every change after which a launcher may give other bits. With the name it is part of
  // every Segment key: keys and values that are kept do not outlive the arithmetic that made them.
  int32_t numerics;
  int32_t few_rows;  // the most of a call that the kernels of a decode step take
  KvType kv_type;    // what rope_store writes and attention reads
  // Bytes of a [n, k] matrix in this table's layout, a multiple of 64.
  int64_t (*packed_bytes)(WeightType type, int32_t n, int32_t k);
  // Writes `matrix` in this table's layout to `out` (packed_bytes() bytes, 64-byte aligned). Its
  // data, scales and zeros may be the host's, and are read before this returns, or the device's.
  int (*pack)(const RowMajorMatrix& matrix, void* out, Stream stream);
  int (*embed)(const EmbedParams& params, Stream stream);
  int (*rms_norm)(const RmsNormParams& params, Stream stream);
  int (*linear)(const LinearParams& params, Stream stream);
  int (*rope_store)(const RopeStoreParams& params, Stream stream);
  int (*copy_token)(const CopyTokenParams& params, Stream stream);
  int (*attention)(const AttentionParams& params, Stream stream);
  int (*swiglu)(const SwigluParams& params, Stream stream);
  int (*choose)(const ChooseParams& params, Stream stream);
  int (*qkv)(const QkvParams& params, Stream stream);
  int (*attend)(const AttendParams& params, Stream stream);
  int (*feed_forward)(const FeedForwardParams& params, Stream stream);
};

// Plain loops in float32 with float32 KV: what every other table is compared with.
const Kernels& reference_kernels();

// The named CPU table, or null when this machine cannot run it or no such table exists.
const Kernels* cpu_kernels(std::string_view name);
// The fastest CPU table this machine can run; never null on x86-64 with AVX2, else the reference
// table.
const Kernels& best_cpu_kernels();

}  // namespace rondo::kernels
