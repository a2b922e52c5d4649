// The loop of drafts, checks and repairs: generated code that has to be right comes from here. A
// small model does not know what is wrong with what it wrote; so every step checks one thing with a
// tool that does, and where it fails, asks for other samples, or bars what was wrong.
//
//   step 1   draft: the likeliest answer, and others drawn beside it
//   step 2   parse: the text with the answer in it has no more syntax errors than it had; missing
//            brackets are added and superfluous ones cut before anything is asked again; an answer
//            of nothing counts as wrong
//   step 3   names: nothing in the answer uses a name that nothing brings (unknown_names.h); the
//            answer is written again from the first such name on, with that name barred
//            branch: of an answer of several lines, each branch is filled in once more between what
//            stands before and behind it, which the draft had not seen
//   step 4   signature: the answer stays in the function around it, and leaves its head as it is
//   step 5   checks: programs that the caller gives pass on the whole tree
//   step 6   again: what is still wrong, with other samples
//
// Answers are compared by what the checks say; drafts, where those say the same, by their mean
// log-probability.
//
// Thread: run_steps blocks its caller, any thread but the engine's; as many at once as one likes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "assist/answer_check.h"
#include "assist/checked_tree.h"
#include "assist/drafter.h"
#include "assist/loop_step.h"
#include "base/status.h"
#include "engine/engine.h"
#include "workspace/block_index.h"
#include "workspace/document_store.h"

namespace rondo::assist {

inline constexpr int32_t kMaxDepth = 6;

// Where an answer ends, beside the model's own end and max_tokens.
enum class AnswerLength {
  kLine,   // at the end of the line
  kLines,  // at a blank line
  kBlock,  // before a line that is indented less than the hole's
};

struct StepParams {
  std::shared_ptr<const workspace::Document> document;
  workspace::ByteRange hole;  // of document->text: what the answer replaces; may be empty
  int32_t depth = 3;          // 1..kMaxDepth: the last step
  int32_t n_candidates = 1;   // drafts of step 1
  int32_t max_tokens = 0;     // of an answer; 0: the model family's default
  AnswerLength length = AnswerLength::kLine;
  std::vector<std::string> until;  // or before the first of these
  // Whether an answer will not do, whatever the checks say: then it counts as one that does not
  // parse. Unset: all will.
  std::function<bool(std::string_view answer)> objects;
  std::string client = "steps";  // names the cursor sequence: another one for each loop at a time
  DrafterOptions drafting;
  // The document's tree with checks for step 5, opened by who knows that it is trusted; it keeps
  // the edit that passes. Null: none. REQUIRES: the file there is the document; one loop at a time.
  CheckedTree* checks = nullptr;
  // Compiled queries, shared by loops that run often; null: the loop compiles its own, which takes
  // up to 80 ms (C++).
  CodeQueries* queries = nullptr;
};

struct StepOutcome {
  std::string text;        // replaces the hole; with the document's line ends; empty: nothing
  float mean_logprob = 0;  // a token
  // What the checks say in the end, of steps that were not reached too.
  bool parses = false;
  std::vector<std::string> unknown_names;
  bool keeps_signature = false;
  std::vector<LoopStep> steps;
  std::vector<UsedBlock> blocks;  // that were context
  std::string silence;            // why there is no text, a sentence without its end
};

// The best answer for the hole. REQUIRES: engine.config().fim; the model may read the document.
// Errors: InvalidArgument for a hole outside the document or a depth outside 1..kMaxDepth;
// Cancelled; those of the engine and of the tree. An answer that fails checks, or none, is no
// error: the outcome says so.
Result<StepOutcome> run_steps(engine::Engine& engine, const workspace::BlockIndex& index,
                              const StepParams& params, std::stop_token stop);

}  // namespace rondo::assist
