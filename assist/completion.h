// Completion: from a document and a cursor to text that fits there. Chooses Blocks, builds the FIM
// prompt, asks the engine, and makes of the answer what an editor can show.
//
// Thread: complete() from any thread, returns at once; `done` runs on a thread of the Completer,
// exactly once. Ownership: borrows Engine and BlockIndex, which must outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "assist/gate.h"
#include "assist/loop_step.h"
#include "base/status.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/context.h"
#include "workspace/document_store.h"

namespace rondo::assist {

// How the model reads other files of the workspace.
enum class ContextMode {
  kSegments,  // as Segments, where it was trained on them, else as with kPrefix
  kPrefix     // as text before the active file
};

// Of the option of that name: "prefix", or else.
inline ContextMode context_mode_of(std::string_view name) {
  return name == "prefix" ? ContextMode::kPrefix : ContextMode::kSegments;
}

struct CompletionParams {
  std::shared_ptr<const workspace::Document> document;
  int64_t offset = 0;  // byte offset of the cursor in document->text
  // Other documents that the client has open, and what it changed lately, the latest first.
  // REQUIRES: all of the workspace folder that the Completer is for.
  std::vector<workspace::DocumentSnapshot> open;
  std::vector<workspace::DocumentEdit> edits;
  std::string client;        // with the document's URI it names the cursor sequence
  bool automatic = true;     // typed, not asked for: one candidate, quiet when unsure
  int32_t n_candidates = 1;  // invoked only
  int32_t max_tokens = 0;    // 0: the model family's default
  bool use_context = true;
  ContextMode context_mode = ContextMode::kSegments;
  Gate gate;  // of automatic completions: what it does not show is no candidate
  // Steps of the loop that drafts, checks and repairs (step_loop.h); above 1 what it makes of the
  // place comes first among the candidates.
  int32_t depth = 1;
  // Let a completion go on after the line when nothing stands behind the cursor.
  bool multiline = false;
  // LSP selectedCompletionInfo: the text has to begin so, in place of [replace_begin, offset).
  std::string must_start_with;
  int64_t replace_begin = -1;  // with must_start_with; -1: the cursor
};

struct CompletionCandidate {
  std::string text;  // replaces [replace_begin, replace_end)
  // Byte offsets into the document; replace_end lies on the cursor's line.
  int64_t replace_begin = 0;
  int64_t replace_end = 0;
  float mean_logprob = 0;  // a token
};

struct UsedBlock {
  std::string path;
  int32_t n_tokens = 0;
  double score = 0;
  std::string reason;
  std::vector<workspace::ScorePart> parts;  // of the score
};

// What the gate made of the last text that it saw.
struct GateDecision {
  Confidence confidence;
  Gate gate;
  bool shown = false;
};

// Where the time went and what the model saw: `rondo complete --json`, rondo/why.
struct CompletionReport {
  std::chrono::microseconds context{0};
  std::chrono::microseconds tokenize{0};
  std::chrono::microseconds postprocess{0};
  std::chrono::microseconds total{0};
  engine::Timings engine;
  int32_t n_prompt_tokens = 0;
  int32_t n_cached_tokens = 0;
  int32_t n_adopted_tokens = 0;  // of those: found in pages of prompts that begin alike
  int32_t n_segment_tokens = 0;
  int32_t n_encoded_tokens = 0;  // of them, for this answer
  int32_t n_generated_tokens = 0;
  std::vector<int32_t> tokens;  // of the first candidate
  std::vector<UsedBlock> blocks;
  std::vector<LoopStep> steps;
  std::set<std::string> near_copies;  // files with Blocks that were left out as nearly the window's
  std::optional<GateDecision> gate;   // of an automatic completion, where there was a text to show
  bool typed_through = false;  // the rest of an answer that is being typed: the model was not asked
  std::string silence;         // why there is no candidate; empty when there is one
  bool refused = false;        // the model must not read the document: silence says why
};

struct CompletionOutcome {
  std::vector<CompletionCandidate> candidates;  // best first; may be empty
  CompletionReport report;
};

struct CompleterOptions {
  int32_t context_tokens = 2900;  // budget of composed Segments, or of files before the active one
  int32_t prefix_tokens = 768;    // of the window before the cursor
  int32_t suffix_tokens = 256;    // and after it
  // How long an answer may take until its first token, by how fast the model read before. What
  // stands around the cursor comes first: a window that would take longer is narrow at first, and
  // widened while nobody waits. Segments that are not encoded yet get what is left; the rest is
  // encoded while nobody waits, for the next keystroke. A script that asks once waits longer.
  std::chrono::milliseconds first_token_budget{200};
  // Called on the Completer's thread before Blocks are chosen: may wait a moment until the index
  // has some, but not once `stop` is requested. Unset: it has what it has.
  std::function<void(std::stop_token stop)> await_index;
  // Where the indexed files lie, absolute; what the engine keeps of them is known by it, and the
  // model is told its name where its family has a place for it.
  std::string folder;
  // Why the model must not read a document, a sentence without its end; nothing when it may. Called
  // on the Completer's thread; unset: all may be read.
  std::function<std::optional<std::string>(const workspace::Document&)> refuse;
};

class Completer {
 public:
  // REQUIRES: engine.config().fim.
  Completer(engine::Engine& engine, const workspace::BlockIndex& index, CompleterOptions options);
  ~Completer();

  // Errors through `done`: Cancelled (stop asked for), Stale (a newer request of this client and
  // document came), InvalidArgument, and those of the engine. No suggestion is no error: candidates
  // is empty, report.silence says why.
  void complete(CompletionParams params, std::stop_token stop,
                std::function<void(Result<CompletionOutcome>)> done);

  // The cursor came to rest here: while nobody waits, makes ready what a completion here would need
  // first, Segments and prompt: what was typed is appended to what was read before, where the
  // window and its context are the same. The next request of this client and document ends it.
  // Nothing happens while many others wait for the engine.
  void prepare(CompletionParams params);
  // The document is another one now, or closed: what prepare() has begun there ends.
  void stop_preparing(const std::string& client, const std::string& uri);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::assist
