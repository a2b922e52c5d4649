// Completions: the suggestions that one client waits for.
//
// At most one request is open for each (document, method): a newer one, an edit or the end of the
// document answers it with null and stops its work. A client's own cancel is answered by the
// Connection. While the model is being loaded requests wait, so that the first suggestion comes as
// soon as there can be one; without a model they are answered with nothing, and why() has the
// reason. A failure is no error to the client either, since editors show one in a window at every
// keystroke: it is logged and kept in why().
//
// Thread: the loop; Complete calls back on any thread and the answer is posted to the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "assist/completion.h"
#include "lsp/connection.h"
#include "lsp/protocol.h"

namespace rondo::lsp {

// assist::Completer::complete.
using Complete = std::function<void(assist::CompletionParams params, std::stop_token stop,
                                    std::function<void(Result<assist::CompletionOutcome>)> done)>;

// One request for suggestions.
struct Question {
  std::string_view method;  // of protocol.h
  workspace::DocumentSnapshot document;
  workspace::Position position;
  workspace::PositionEncoding encoding = workspace::PositionEncoding::kUtf16;
  bool whole_words = false;         // suggestions begin where the word at the cursor does
  assist::CompletionParams params;  // for the same document and position
  std::function<Json(const std::vector<Suggestion>&)> to_result;
};

class Completions {
 public:
  using Post = std::function<void(std::function<void()>)>;
  using Log = std::function<void(const std::string& line)>;
  using Answered = std::function<void(const std::string& uri, const WhyReport& why)>;

  // `post` runs a function on the loop thread, from any thread. `answered` is told of each answer
  // that the model gave.
  Completions(Post post, Log log, Answered answered)
      : post_(std::move(post)), log_(std::move(log)), answered_(std::move(answered)) {}

  // From now on requests are served; those that wait, too.
  void model_ready(Complete complete);
  // From now on requests are answered with nothing, because of `reason`.
  void model_failed(std::string reason);

  void ask(Question question, const Reply& reply);
  // Answers `question` with nothing; why() says `reason`.
  void decline(const Question& question, const Reply& reply, std::string reason);

  // What is open for this document is answered with null.
  void supersede(const std::string& uri);
  void supersede_all();
  // The document is closed: forgets its why().
  void forget(const std::string& uri);

  // An action was made there, which why() then tells of.
  void made(const workspace::Document& document, std::string_view method,
            workspace::Position position, const std::vector<assist::LoopStep>& steps);

  // What came of the last request in this document, or nullptr.
  const WhyReport* why(const std::string& uri) const;
  // The same of the last request in any open document, with its URI, or nullptr.
  const std::pair<const std::string, WhyReport>* last_why() const;
  int64_t n_open() const;

 private:
  struct Pending {
    std::shared_ptr<const Question> question;
    Reply reply;
    bool waiting = false;  // for the model
  };
  using Key = std::pair<std::string, std::string_view>;  // URI, method

  void start(Pending& pending);
  void finish(const Question& question, const Reply& reply,
              const Result<assist::CompletionOutcome>& outcome);
  void end(Pending& pending);
  WhyReport& record(const Question& question, std::string reason);

  Post post_;
  Log log_;
  Answered answered_;
  Complete complete_;
  std::string failure_;  // why there is no model; empty while it is loading or ready
  std::map<Key, Pending> pending_;
  std::map<std::string, WhyReport> why_;                          // by URI
  std::shared_ptr<Completions> self_{this, [](Completions*) {}};  // tells posted work that we live
};

}  // namespace rondo::lsp
