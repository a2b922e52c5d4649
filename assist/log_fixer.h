// LogFixer: what may mend a problem that a tool tells of. First what the tool itself proposes, then
// the quick fixes that editors are offered (action_kinds.h), at last the statement written anew by
// the model. Whether one helps only the tool can say: nothing here runs it.
//
// Thread: one; waits for the engine. Ownership: borrows engine and index.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assist/action_scene.h"
#include "assist/build_log.h"
#include "engine/engine.h"
#include "workspace/block_index.h"

namespace rondo::assist {

struct LogFixerOptions {
  std::string folder;  // of the files, absolute
  int32_t depth = 3;   // of the loop of steps, where the model writes
  int32_t n_candidates = 1;
  bool writes = true;  // statements anew, too
};

struct Proposal {
  std::string what;  // for people: "as the tool proposes"
  std::string text;  // of the whole file
};

class LogFixer {
 public:
  LogFixer(engine::Engine& engine, const workspace::BlockIndex& index, LogFixerOptions options)
      : engine_(engine), index_(index), options_(std::move(options)) {}

  // For the file at problem.path that holds `text`; the surest first, at most 8, none twice.
  std::vector<Proposal> proposals(const std::string& text, const Problem& problem);

 private:
  void add_quick_fixes(const workspace::DocumentSnapshot& document, const Problem& problem,
                       std::vector<Proposal>& all);
  void add_statement(const workspace::DocumentSnapshot& document, const Problem& problem,
                     std::vector<Proposal>& all);

  engine::Engine& engine_;
  const workspace::BlockIndex& index_;
  const LogFixerOptions options_;
  SceneQueries queries_;
  workspace::Parser parser_;
  int64_t n_asked_ = 0;
};

}  // namespace rondo::assist
