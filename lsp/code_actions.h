// CodeActions: the code actions that one client is offered, and those that are made for it.
//
// The list is quick: it comes from the document alone and the index. The edit is made when the
// client resolves the action it chose or, where a client does not resolve, runs the command
// rondo.applyAction, upon which we ask it to apply the edit. That may take seconds: it shows
// progress, which the user may cancel. A text that is no longer the one that the action was offered
// for is ContentModified, before and after the work.
//
// What is to be read is the result of the command rondo.answerAction. A client that did not say
// that it shows such results gets it as a message, too.
//
// Thread: the loop; the service calls back on any thread and the answer is posted to the loop.
// Ownership: owns what is under way; borrows the Connection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "assist/actions.h"
#include "lsp/action_protocol.h"
#include "lsp/connection.h"
#include "lsp/progress.h"
#include "workspace/document_store.h"

namespace rondo::lsp {

// assist::Actions, of the folder that holds the document.
struct ActionService {
  std::function<void(assist::ActionQuery query, std::stop_token stop,
                     std::function<void(Result<std::vector<assist::Action>>)> done)>
      list;
  std::function<void(assist::ActionOrder order, std::stop_token stop,
                     std::function<void(Result<assist::ActionOutcome>)> done)>
      make;
  // The URI of a file in the workspace folder of a document.
  std::function<std::string(const workspace::Document& document, const std::string& path)> uri_of;
};

struct CodeActionHooks {
  std::function<void(std::function<void()>)> post;  // to the loop, from any thread
  std::function<void(const std::string& line)> log;
  // The open document, or nullptr.
  std::function<workspace::DocumentSnapshot(const std::string& uri)> find;
  // An action was made: for rondo/why.
  std::function<void(const workspace::Document& document, std::string_view method,
                     const workspace::PositionRange& range,
                     const std::vector<assist::LoopStep>& steps)>
      made;
};

class CodeActions {
 public:
  CodeActions(Connection& connection, CodeActionHooks hooks)
      : connection_(connection), hooks_(std::move(hooks)) {}

  // What the client can do, once it is known.
  void begin(const ActionCapabilities& client, workspace::PositionEncoding encoding,
             bool shows_progress);
  // From now on there are actions.
  void ready(ActionService service) { service_ = std::move(service); }
  // There is no model: none are offered any more.
  void failed() { service_ = {}; }

  void list(CodeActionParams params, Reply reply);
  void resolve(ResolveParams params, Reply reply);
  void execute(CommandParams params, Reply reply);
  // The user wishes that the job with this progress ends.
  void cancel(const std::string& token);
  // Ends everything.
  void stop();

 private:
  // An action that is being made.
  struct Job {
    workspace::DocumentSnapshot document;
    ActionData data;
    std::string title;
    Reply reply;
    Progress progress;
    std::function<void(Json edit, const assist::ActionOutcome& outcome)> finish;
  };

  void execute_edit(ActionData data, Reply reply);
  void execute_answer(ActionData data, Reply reply);
  void make(ActionData data, std::string title, std::string_view method, Reply reply,
            std::function<void(Json edit, const assist::ActionOutcome& outcome)> finish);
  void made(int64_t id, std::string_view method, const Result<assist::ActionOutcome>& outcome);
  Result<Json> edit_of(const Job& job, const assist::ActionOutcome& outcome) const;
  Status check_current(const workspace::DocumentSnapshot& now, const ActionData& data) const;
  FileEdits other_file(const std::string& uri, const assist::OtherFile& file) const;
  ActionData data_of(const workspace::Document& document, const assist::Action& action) const;

  Connection& connection_;
  const CodeActionHooks hooks_;
  ActionService service_;
  ActionCapabilities client_;
  workspace::PositionEncoding encoding_ = workspace::PositionEncoding::kUtf16;
  bool shows_progress_ = false;
  int64_t n_jobs_ = 0;
  std::map<int64_t, std::unique_ptr<Job>> jobs_;
  std::shared_ptr<CodeActions> self_{this, [](CodeActions*) {}};  // tells posted work that we live
};

}  // namespace rondo::lsp
