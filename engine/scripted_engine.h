// ScriptedEngine: an Engine that answers from a file instead of a model's weights. Of a model
// folder it reads the configuration and the tokenizer alone, so prompts and answers have that
// model's tokens. Text is streamed, cut at stop strings and limits, healed and cancelled as
// engine.h says; Segments are taken and not computed.
//
// Thread: create and the destructor by the owner; everything else by any thread. Callbacks come
// from a thread of its own. Ownership: as Engine.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "engine/script.h"

namespace rondo::engine {

class ScriptedEngine final : public Engine {
 public:
  // Errors: those of the configuration and the tokenizer in the folder `model`.
  static Result<std::unique_ptr<ScriptedEngine>> create(const std::string& model,
                                                        std::unique_ptr<AnswerSource> answers);
  static Result<std::unique_ptr<ScriptedEngine>> create(const std::string& model, Script script) {
    return create(model, std::make_unique<Script>(std::move(script)));
  }
  ~ScriptedEngine() override;

  const ModelConfig& config() const override { return config_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  void submit(Request request) override;
  void forget_cursors(std::string) override {}
  void forget_segments(std::vector<std::string>) override {}
  void clear_segments(std::function<void()> done) override { done(); }
  void list_origins(std::string, std::function<void(std::vector<std::string>)> done) override {
    done({});
  }
  EngineStats stats() const override;

  // Answers that wait for this moment or an earlier one are given now.
  void advance(int64_t moment);

 private:
  using OnCancel = std::stop_callback<std::function<void()>>;
  struct Waiting {
    Request request;
    Result<ScriptedAnswer> answer;
    std::optional<OnCancel> on_cancel;  // wakes the thread
  };

  ScriptedEngine(ModelConfig config, Tokenizer tokenizer, std::unique_ptr<AnswerSource> answers);
  void run(std::stop_token stop);
  std::unique_ptr<Waiting> next(std::stop_token stop);
  void answer(const Waiting& waiting);
  Status check(const Request& request) const;
  void finish(const Request& request, Result<Completion> completion);

  const ModelConfig config_;
  const Tokenizer tokenizer_;

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  const std::unique_ptr<AnswerSource> answers_;  // guarded by mutex_
  std::list<std::unique_ptr<Waiting>> waiting_;  // guarded by mutex_
  int64_t moment_ = 0;                           // guarded by mutex_
  EngineStats stats_;                            // guarded by mutex_

  std::jthread thread_;  // last: stops before anything it uses goes
};

}  // namespace rondo::engine
