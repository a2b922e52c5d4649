// RecordingEngine: an Engine that passes everything on to another, and gives its answers to a
// Recorder.
//
// Thread: as Engine. Ownership: owns the other engine; borrows the Recorder, which must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "lsp/recorder.h"

namespace rondo::lsp {

class RecordingEngine final : public engine::Engine {
 public:
  RecordingEngine(std::unique_ptr<engine::Engine> engine, Recorder& recorder)
      : recorder_(recorder), engine_(std::move(engine)) {}

  const engine::ModelConfig& config() const override { return engine_->config(); }
  const engine::Tokenizer& tokenizer() const override { return engine_->tokenizer(); }
  void submit(engine::Request request) override;
  void forget_cursors(std::string prefix) override { engine_->forget_cursors(std::move(prefix)); }
  void forget_segments(std::vector<std::string> origins) override {
    engine_->forget_segments(std::move(origins));
  }
  void clear_segments(std::function<void()> done) override {
    engine_->clear_segments(std::move(done));
  }
  void list_origins(std::string prefix,
                    std::function<void(std::vector<std::string>)> done) override {
    engine_->list_origins(std::move(prefix), std::move(done));
  }
  engine::EngineStats stats() const override { return engine_->stats(); }

 private:
  Recorder& recorder_;
  const std::unique_ptr<engine::Engine> engine_;
};

}  // namespace rondo::lsp
