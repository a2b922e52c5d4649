// RecordedAnswers: the answers of a recording, each for the question that got it, and not before
// the moment at which it had an effect.
//
// A question gets the answer that the very same question got; when there is none, as after a change
// of Rondo, the one that was asked for in the same document after the same message. What was never
// asked gets NotFound, when an answer at that moment would have mattered.
//
// The moments of its engine (ScriptedEngine::advance) are those of events: begins() and ends().
//
// Thread: any; take() by one at a time.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "engine/script.h"
#include "lsp/recording.h"

namespace rondo::lsp {

constexpr int64_t begins(int64_t n_event) { return 2 * n_event; }
constexpr int64_t ends(int64_t n_event) { return 2 * n_event + 1; }

class RecordedAnswers final : public engine::AnswerSource {
 public:
  // Errors: InvalidArgument naming an answer that is none.
  static Result<std::unique_ptr<RecordedAnswers>> create(const Recording& recording);

  Result<engine::ScriptedAnswer> take(const engine::Request& request, const engine::Tokenizer&,
                                      int64_t moment) override;

  struct Tally {
    int64_t n_same = 0;     // got the answer of the very same question
    int64_t n_other = 0;    // got that of a question that was asked in its place
    int64_t n_unknown = 0;  // got none
  };
  Tally tally() const;

 private:
  struct Recorded {
    std::string hash;
    std::string cursor;
    int64_t after = 0;  // the client's message before it was asked for
    engine::ScriptedAnswer answer;
    bool is_used = false;
  };

  RecordedAnswers() = default;
  Recorded* find(const engine::Request& request, int64_t moment);

  // Of clients' messages, by their place: when an answer to what follows from them matters.
  std::map<int64_t, int64_t> moments_;
  mutable std::mutex mutex_;
  std::vector<Recorded> answers_;  // guarded by mutex_
  Tally tally_;                    // guarded by mutex_
};

}  // namespace rondo::lsp
