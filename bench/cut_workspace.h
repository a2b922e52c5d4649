// The workspace of one repository as it was before a line was written: what the model may know when
// it is asked for a hole.
//
// Thread: one thread at a time. Ownership: borrows engine and repository.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "assist/fim_prompt.h"
#include "base/status.h"
#include "bench/corpus.h"
#include "bench/corpus_workspace.h"
#include "bench/holes.h"
#include "engine/engine.h"

namespace rondo::bench {

// A hole as the model meets it.
struct Question {
  assist::ActiveWindow window;  // as the product would send it
  std::string truth;
  ChosenContext context = {};
};

// What the context of a question is chosen from.
struct ContextSettings {
  int32_t max_tokens = 0;
  workspace::ContextSources sources = {};
  std::vector<workspace::RecentEdit> edits = {};
  std::vector<std::string> open_paths = {};
};

class CutWorkspace {
 public:
  CutWorkspace(const engine::Engine& engine, const Repository& repository)
      : engine_(engine), repository_(repository) {}

  const Repository& repository() const { return repository_; }

  // The question that `hole` is: the cut file is put in place of the whole one before anything is
  // looked at, and no Block has a copy of the hole's line. REQUIRES: a hole of this repository.
  // Errors: those of the chunker.
  Result<Question> question(const Hole& hole, int32_t context_tokens);
  // The same with each of several choices of context.
  Result<std::vector<Question>> questions(const Hole& hole,
                                          const std::vector<ContextSettings>& settings);

 private:
  const engine::Engine& engine_;
  const Repository& repository_;
  std::unique_ptr<CorpusWorkspace> workspace_;  // indexed when first needed
};

}  // namespace rondo::bench
