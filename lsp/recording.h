// A recording: what one process said to its editors and heard from them, and what its engine
// answered, in the order in which it happened. A file of JSON lines:
//
//     {"recording": 1, "program": "0.1.0", "model": "/models/loopcoder-mini"}
//     {"n": 1, "us": 52, "client": "1", "in": {"jsonrpc": "2.0", "id": 1, "method": "initialize"}}
//     {"n": 2, "us": 913, "client": "1", "out": {"jsonrpc": "2.0", "id": 1, "result": {}}}
//     {"n": 5, "us": 8120, "cursor": "1:file:///a.py", "asked": 4, "answer": {"prompt": "9f..",
//      "tokens": [..], "logprobs": [..], "ends": "stop", "us": [0, 0, 5400, 1200], "cached": 310}}
//     {"n": 7, "us": 9001, "client": "1", "left": "exit"}
//     {"end": "it is as large as it may get"}
//
// "us" counts from the beginning. "left" stands for a message about a document that is excluded, or
// one that could not be read. Prompts are not in it, only their hashes.
//
// Thread: values; read_recording waits for the disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "engine/request.h"

namespace rondo::lsp {

struct RecordedEvent {
  enum class Kind {
    kIn,      // a message of the client
    kOut,     // one of ours
    kAnswer,  // of the engine
    kLeft     // a message that is not in the file
  };
  Kind kind = Kind::kLeft;
  int64_t n = 0;       // its place in the order
  std::string client;  // kAnswer: empty
  Json json;           // the message, or the answer; null for kLeft
  std::string cursor;  // kAnswer: of the request
  int64_t asked = 0;   // kAnswer: what came last before it was asked for
};

struct Recording {
  std::string program;  // its version
  std::string model;
  std::vector<RecordedEvent> events;  // by n
  std::string end;                    // why it stops before the process did; else empty
};

// Errors: NotFound; InvalidArgument naming the file, the line and what is wrong. A last line that
// is cut off is dropped: the process was killed.
Result<Recording> read_recording(const std::string& path);
Result<Recording> parse_recording(std::string_view text, const std::string& path);

// What a request asks for, without its context: prompt, healing, sampling and stops.
std::string question_hash(const engine::Request& request);
// Whether it asks for anything: others only prepare, and are not recorded.
bool is_question(const engine::Request& request);

}  // namespace rondo::lsp
