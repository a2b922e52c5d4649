// From logits to a token: what a request asks of its draws (kernels.h), and the choice among
// allowed tokens alone, which is the host's: few tokens of a request have any, and their masks
// would have to be sent.
//
// Thread: pure functions. Same logits, options and index give the same token, whatever else is in
// the batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/request.h"
#include "kernels/kernels.h"

namespace rondo::engine {

struct Sample {
  int32_t token = 0;
  float logprob = 0;  // of the whole distribution at temperature 1, whatever was allowed
};

// log(softmax(logits)[token])
float log_probability(std::span<const float> logits, int32_t token);

// How token `index` of an answer is drawn: its random number depends on seed and index alone.
kernels::Draw draw_of(const SamplingOptions& options, int32_t index);

// Among `allowed`; among all when it is empty.
Sample sample(std::span<const float> logits, std::vector<int32_t> allowed,
              const kernels::Draw& draw);

}  // namespace rondo::engine
