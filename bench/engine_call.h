// A request answered while the caller waits.
//
// Thread: any but the engine's.
#pragma once

#include <future>
#include <utility>

#include "base/status.h"
#include "engine/engine.h"

namespace rondo::bench {

// The answer to `request`. REQUIRES: request.on_done is empty. Errors: those of the engine.
inline Result<engine::Completion> complete_now(engine::Engine& engine, engine::Request request) {
  std::promise<Result<engine::Completion>> promise;
  auto answer = promise.get_future();
  request.on_done = [&](Result<engine::Completion> completion) {
    promise.set_value(std::move(completion));
  };
  engine.submit(std::move(request));
  return answer.get();
}

}  // namespace rondo::bench
