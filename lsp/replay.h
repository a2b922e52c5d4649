// Replay: a recording once more, without its editors and its model. A server in this process is
// told what the recorded one was told, in the same order, its engine answers what that engine
// answered, and what it says is compared with what was said then.
//
// Before a message is sent, everything has been answered that was answered before it; an engine's
// answer that came too late to matter comes too late again.
//
// Thread: replay() blocks its caller; the server has threads of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "lsp/recorded_answers.h"
#include "lsp/recording.h"

namespace rondo::lsp {

struct ReplayOptions {
  std::string model;    // folder; its configuration and tokenizer are read
  std::string version;  // of Rondo
  std::chrono::milliseconds patience = std::chrono::seconds(10);  // for an answer
  // How many of the events are done; may be empty.
  std::function<void(int64_t n_done, int64_t n_all)> progress;
};

// An answer that is not the recorded one.
struct ReplayDifference {
  int64_t n = 0;  // of the recorded answer
  std::string client;
  std::string method;
  Json recorded;  // the message without its id
  Json replayed;  // likewise; null: none came
};

struct ReplayReport {
  int64_t n_messages = 0;  // of clients
  int64_t n_compared = 0;  // answers to them
  int64_t n_left_out = 0;  // messages that are not in the recording
  RecordedAnswers::Tally engine;
  std::vector<ReplayDifference> differences;
};

// Answers that tell of the moment (rondo/*, versions) are not compared.
// Errors: InvalidArgument for answers that cannot be read; those of ScriptedEngine::create.
Result<ReplayReport> replay(const Recording& recording, const ReplayOptions& options);

}  // namespace rondo::lsp
