#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/branches.h"
#include "kernels/launch.h"
#include "kernels/reference/reference.h"

namespace rondo::kernels::reference {
namespace {

// The key of `offset` in `page` for one KV head; `value_of` is where its value lies.
float* key_of(const KvLayer& kv, int64_t page, int64_t offset, int32_t head, int32_t head_dim) {
  auto* keys =
      reinterpret_cast<float*>(kv.data + page * kv.page_stride_bytes + kv.layer_offset_bytes);
  return keys + (int64_t{head} * kPageTokens + offset) * head_dim;
}

int64_t value_offset(int32_t n_kv_heads, int32_t head_dim) {
  return int64_t{n_kv_heads} * kPageTokens * head_dim;
}

// Element i of a head pairs with i + D/2.
void rotate(float* head, const RopeStoreParams& p, int32_t position) {
  const int32_t half = p.head_dim / 2;
  for (int32_t i = 0; i < half; ++i) {
    const float frequency = 1.0f / std::pow(p.theta, 2.0f * i / p.head_dim);
    const float angle = static_cast<float>(position) * (frequency / p.factor);
    const float cos = std::cos(angle), sin = std::sin(angle);
    const float a = head[i], b = head[i + half];
    head[i] = a * cos - b * sin;
    head[i + half] = b * cos + a * sin;
  }
}

// The softmax of one query row and head, one key at a time: out = sum_i exp(s_i - max) v_i / sum_i
// exp(s_i - max), rescaled whenever the maximum grows.
class OnlineSoftmax {
 public:
  OnlineSoftmax(const float* q, float* out, int32_t head_dim, float scale)
      : q_(q), out_(out), head_dim_(head_dim), scale_(scale) {
    std::fill_n(out_, head_dim_, 0.0f);
  }

  void add(const float* key, const float* value) {
    float score = 0;
    for (int32_t i = 0; i < head_dim_; ++i) score += q_[i] * key[i];
    score *= scale_;
    if (score > max_) {
      const float rescale = std::exp(max_ - score);
      sum_ *= rescale;
      for (int32_t i = 0; i < head_dim_; ++i) out_[i] *= rescale;
      max_ = score;
    }
    const float weight = std::exp(score - max_);
    sum_ += weight;
    for (int32_t i = 0; i < head_dim_; ++i) out_[i] += weight * value[i];
  }

  void finish() {
    for (int32_t i = 0; i < head_dim_; ++i) out_[i] /= sum_;
  }

 private:
  const float* q_;
  float* out_;
  int32_t head_dim_;
  float scale_;
  float max_ = -std::numeric_limits<float>::infinity();
  float sum_ = 0;
};

// Row `i` of `span` and query head `h`.
void attend(const AttentionParams& p, const QuerySpan& span, int32_t i, int32_t h) {
  const int64_t row = span.first_row + i;
  const int32_t kv_head = h / (p.n_heads / p.n_kv_heads);
  const int64_t to_value = value_offset(p.n_kv_heads, p.head_dim);
  OnlineSoftmax softmax(p.q + row * p.q_stride + int64_t{h} * p.head_dim,
                        p.out + (row * p.n_heads + h) * p.head_dim, p.head_dim, p.scale);
  const auto add = [&](int64_t page, int64_t offset) {
    const float* key = key_of(p.kv, page, offset, kv_head, p.head_dim);
    softmax.add(key, key + to_value);
  };
  for (int32_t c = 0; c < span.n_context; ++c) {
    for (int32_t s = 0; s < span.context[c].n_valid; ++s) add(span.context[c].page, s);
  }
  const int32_t last = span.first_slot + i;
  const int32_t first = p.window == 0 ? 0 : std::max(0, last - p.window + 1);
  for (int32_t s = first; s <= last; ++s) {
    add(span.own_pages[s / kPageTokens - span.first_own_page], s % kPageTokens);
  }
  softmax.finish();
}

void attend_spans(const AttentionParams& p, Stream stream) {
  for (int32_t s = 0; s < p.n_spans; ++s) {
    const QuerySpan& span = p.spans[s];
    const int32_t first = skipped_rows(p, span);
    const int64_t n_items = std::max(0, span.n_rows - first) * int64_t{p.n_heads};
    parallel_for(stream, n_items, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto row = static_cast<int32_t>(first + i / p.n_heads);
        attend(p, span, row, static_cast<int32_t>(i % p.n_heads));
      }
    });
  }
}

void mix_gated(const GateMixParams& p) {
  const int64_t d = p.head_dim;
  for (int64_t t = 0; t < p.n_rows; ++t) {
    for (int64_t h = 0; h < p.n_heads; ++h) {
      const float* q = p.q + t * p.q_stride + h * d;
      float logit = p.bias[h];
      for (int64_t i = 0; i < d; ++i) logit += q[i] * p.weight[h * d + i];
      const float g = 1.0f / (1.0f + std::exp(-logit));
      const int64_t row = (t * p.n_heads + h) * d;
      for (int64_t i = row; i < row + d; ++i) {
        p.out[i] = g * p.out[i] + (1.0f - g) * p.second[i];
      }
    }
  }
}

}  // namespace

int rope_store(const RopeStoreParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kF32) return kBadArguments;
  const int32_t d = p.head_dim;
  const int32_t width = (p.n_heads + 2 * p.n_kv_heads) * d;
  parallel_for(stream, p.n_rows, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = p.qkv + t * width;
      for (int32_t i = 0; p.bias != nullptr && i < width; ++i) row[i] += p.bias[i];
      for (int32_t h = 0; h < p.n_heads + p.n_kv_heads; ++h) {
        rotate(row + int64_t{h} * d, p, p.positions[t]);
      }
      if (p.slots[t] < 0) continue;
      for (int32_t h = 0; h < p.n_kv_heads; ++h) {
        float* key = key_of(p.kv, p.slots[t] / kPageTokens, p.slots[t] % kPageTokens, h, d);
        std::copy_n(row + int64_t{p.n_heads + h} * d, d, key);
        std::copy_n(row + int64_t{p.n_heads + p.n_kv_heads + h} * d, d,
                    key + value_offset(p.n_kv_heads, d));
      }
    }
  });
  return kOk;
}

int copy_token(const CopyTokenParams& p, Stream) {
  if (!valid(p) || p.kv.type != KvType::kF32) return kBadArguments;
  const auto at = [&](int32_t slot, int32_t head) {
    return key_of(p.kv, slot / kPageTokens, slot % kPageTokens, head, p.head_dim);
  };
  // The heads of keys, then of values.
  for (int32_t h = 0; h < 2 * p.n_kv_heads; ++h) {
    std::memmove(at(p.to_slot, h), at(p.from_slot, h), p.head_dim * sizeof(float));
  }
  return kOk;
}

int attention(const AttentionParams& p, Stream stream) {
  if (!valid(p) || p.kv.type != KvType::kF32) return kBadArguments;
  const auto attend = [&](const AttentionParams& branch) {
    attend_spans(branch, stream);
    return kOk;
  };
  return attend_branches(p, attend, mix_gated);
}

}  // namespace rondo::kernels::reference
