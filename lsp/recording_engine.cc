#include "lsp/recording_engine.h"

#include <array>

#include "lsp/recording.h"

namespace rondo::lsp {
namespace {

const char* end_name(engine::StopReason reason) {
  const bool is_cut =
      reason == engine::StopReason::kMaxTokens || reason == engine::StopReason::kContextFull;
  return is_cut ? "limit" : "stop";
}

Json to_json(const Result<engine::Completion>& completion) {
  if (!completion.ok()) return {{"error", completion.status().to_string()}};
  const engine::Timings& timings = completion->timings;
  return {{"tokens", completion->tokens},
          {"logprobs", completion->logprobs},
          {"scores", completion->scores},
          {"ends", end_name(completion->stop_reason)},
          {"us",
           {timings.queued.count(), timings.segments.count(), timings.prefill.count(),
            timings.decode.count()}},
          {"cached", completion->n_cached_tokens},
          {"encoded", completion->n_encoded_tokens}};
}

}  // namespace

void RecordingEngine::submit(engine::Request request) {
  if (is_question(request) && request.on_done) {
    request.on_done = [&recorder = recorder_, asked = recorder_.last(), cursor = request.cursor,
                       hash = question_hash(request),
                       done = std::move(request.on_done)](Result<engine::Completion> completion) {
      Json answer = to_json(completion);
      answer["prompt"] = hash;
      recorder.answered(cursor, asked, std::move(answer));
      done(std::move(completion));
    };
  }
  engine_->submit(std::move(request));
}

}  // namespace rondo::lsp
