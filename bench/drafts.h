// Drafts at holes: what the model says there before rules and gate look at it. They are kept in a
// log, so that those can be changed and measured again without a model.
//
// Thread: one thread at a time. Ownership: borrows the engine and the corpus.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/corpus.h"
#include "bench/corpus_workspace.h"
#include "bench/holes.h"
#include "bench/result_log.h"
#include "engine/engine.h"

namespace rondo::bench {

struct DraftsOptions {
  int32_t context_tokens = 2000;  // at most
  std::string log;                // a file of results (result_log.h); empty: none is kept
};

enum class DraftLength {
  kLine,   // to the end of the line: what typing asks for
  kLines,  // to a blank line
};

struct HoleDraft {
  std::string text;
  std::vector<float> logprobs;  // of the tokens that were chosen freely
  bool known = false;           // from the log
};

class Drafts {
 public:
  // Without an engine it knows what the log has of its last run. REQUIRES: engine->config().fim and
  // ->segment. Errors: those of ResultLog.
  static Result<std::unique_ptr<Drafts>> open(engine::Engine* engine, const Corpus& corpus,
                                              DraftsOptions options);

  // The likeliest tokens, in the workspace as it was before the hole was written. Fast for holes in
  // the order of the corpus. Errors: NotFound when nobody can be asked; those of the engine.
  Result<HoleDraft> at(const Hole& hole, DraftLength length);

 private:
  Drafts(engine::Engine* engine, const Corpus& corpus, DraftsOptions options)
      : engine_(engine), corpus_(corpus), options_(std::move(options)) {}
  Result<HoleDraft> ask(const CorpusFile& file, const Hole& hole, DraftLength length);

  engine::Engine* const engine_;
  const Corpus& corpus_;
  const DraftsOptions options_;
  std::optional<ResultLog> log_;
  const Repository* repository_ = nullptr;  // whose index workspace_ is
  std::unique_ptr<CorpusWorkspace> workspace_;
};

// "repository/path:begin-end"
std::string place_of(const Corpus& corpus, const Hole& hole);

}  // namespace rondo::bench
