// Session: one client, from its first message to its last. It keeps the rules of the protocol's
// life cycle and binds each method to what serves it; it knows nothing of sockets and threads:
// messages go in and come out, what happens elsewhere is reached by the functions in SessionHooks.
//
//     new --initialize--> running --shutdown--> stopped       exit ends it from any state:
//     requests: -32002             requests: -32600           code 0 after shutdown, else 1
//
// Thread: the loop. Ownership: owns the documents and open requests of its client.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/abilities.h"
#include "lsp/code_actions.h"
#include "lsp/completions.h"
#include "lsp/connection.h"
#include "lsp/document_sync.h"
#include "lsp/modules.h"
#include "lsp/progress.h"
#include "lsp/protocol.h"
#include "lsp/recorder.h"
#include "lsp/settings.h"
#include "lsp/transport.h"

namespace rondo::lsp {

// What a session reaches outside. All but `post` are called on the loop thread; all must be set.
struct SessionHooks {
  std::function<void(const Json& message)> send;  // to the client
  // Runs a function on the loop thread, later; from any thread.
  std::function<void(std::function<void()>)> post;
  std::function<void(const std::string& line)> log;
  std::function<void(int exit_code)> exit;  // the conversation is over
  // The editor; when this process ends, the session may end, too.
  std::function<void(int64_t process_id)> watch_process;

  // The workspace: its folders (absolute), files that may have changed on disk, open documents.
  std::function<void(const std::vector<std::string>& folders)> set_folders;
  std::function<void(const std::vector<std::string>& paths)> files_changed;
  std::function<void(const workspace::DocumentSnapshot&)> document_changed;
  std::function<void(const workspace::DocumentSnapshot&)> document_closed;
  // What the user's configuration and those of the workspace `folders` say, to `done` on the loop
  // thread, perhaps at once.
  std::function<void(const std::vector<std::string>& folders,
                     std::function<void(config::FileLayers)> done)>
      read_configuration;
  // assist::Completer::prepare; nothing happens while there is no model.
  std::function<void(assist::CompletionParams params)> prepare;
  // Runs `work` on the loop thread once `delay` has passed; what was to run before does not. Null
  // work is none.
  std::function<void(std::chrono::milliseconds delay, std::function<void()> work)> after_pause;
  // The client does not tell of files that change on disk: somebody else must watch them.
  std::function<void()> watch_files;
  RecordedClient recorded;
};

// What a client has asked the model for, since it came.
struct ClientCounts {
  int64_t n_answers = 0;        // with or without a suggestion
  int64_t n_typed_through = 0;  // of them, without the model: what was shown goes on
  int64_t n_prompt_tokens = 0;  // of the others
  int64_t n_read_before = 0;    // of these, found in memory
};

class Session {
 public:
  // `version` is Rondo's.
  Session(std::string version, SessionHooks hooks);

  // What the transport read.
  void receive(Frame frame);
  // There will be no more messages: the exit code that `exit` would have given.
  int end_of_input();

  // What the model can do, and how to use another one; for rondo/status.
  void model_is(Abilities abilities, std::string larger);
  // The model is there, or will not be: `status` says why and what to do, which the user is told.
  void model_ready(Complete complete);
  void model_failed(const Status& status);
  // With the model: there are code actions.
  void actions_ready(ActionService service) { actions_.ready(std::move(service)); }

  // The process is about to end: a forwarder asks nothing more here.
  void announce_end() { connection_.notify(method::kEnding, Json::object()); }
  // Whether every request has its answer.
  bool idle() const { return connection_.idle(); }
  int64_t n_documents() const { return documents_ ? documents_->size() : 0; }
  const ClientCounts& counts() const { return counts_; }
  // Completions::last_why().
  const std::pair<const std::string, WhyReport>* last_why() const {
    return completions_.last_why();
  }

  // With the model, whose name this is: new modules can be asked for.
  void modules_ready(ModuleService service, std::string model) {
    modules_.ready(std::move(service), std::move(model));
  }

  // The workspace is being read: `percent` and `message` as far as it has come; ready when done.
  void indexing(std::string message, std::optional<int> percent);
  void index_ready(std::string message);

 private:
  enum class State { kNew, kRunning, kStopped };

  void bind();
  template <typename Params>
  void bind_request(std::string_view method, void (Session::*handler)(Params, Reply));
  template <typename Params>
  void bind_notification(std::string_view method, void (Session::*handler)(Params));
  std::optional<RpcError> gate(std::string_view method) const;
  void work_on(const Frame& frame);
  void left_out(const Frame& frame);

  void initialize(InitializeParams params, Reply reply);
  void initialized();
  void shutdown(const Reply& reply);
  void exit();
  void cancel(CancelParams params) { connection_.cancel(params.id); }
  void set_trace(SetTraceParams params) { trace_ = params.trace; }
  void change_folders(DidChangeFoldersParams params);
  void change_configuration(DidChangeConfigurationParams params);
  void change_files(DidChangeWatchedFilesParams params);
  void open(DidOpenParams params) { documents_->open(std::move(params)); }
  void change(DidChangeParams params);
  void save(DidSaveParams params) { documents_->save(std::move(params)); }
  void close(DocumentParams params) { documents_->close(params.uri); }
  void inline_completion(InlineCompletionParams params, Reply reply);
  void completion_menu(PositionParams params, Reply reply);
  void cursor(PositionParams params);
  void prepare_soon(const DidChangeParams& params);
  void code_action(CodeActionParams params, Reply reply) {
    actions_.list(std::move(params), reply);
  }
  void resolve_action(ResolveParams params, Reply reply) {
    actions_.resolve(std::move(params), reply);
  }
  void execute_command(CommandParams params, Reply reply) {
    actions_.execute(std::move(params), reply);
  }
  void cancel_progress(CancelProgressParams params) { actions_.cancel(params.token); }
  void why(DocumentParams params, Reply reply);
  void plan_module(ModuleRequest request, Reply reply) {
    modules_.plan(std::move(request), std::move(reply));
  }
  void write_module(ModuleRequest request, Reply reply) {
    modules_.write(std::move(request), std::move(reply));
  }
  void status(const Reply& reply);

  CodeActionHooks action_hooks();
  void answered(const std::string& uri, const WhyReport& why);
  void count(const assist::CompletionReport& report);
  void apply_settings(const Json& json);
  void ask_for_settings();
  void read_configuration(std::function<void()> done);
  void show_problems();
  Settings settings_of(const std::string& uri) const;
  std::vector<std::string> folder_paths() const;
  void announce_folders();
  void show(Severity severity, const std::string& sentence);
  void ask(Question question, const Reply& reply);
  std::optional<std::string> reason_for_silence(const Question& question) const;
  std::optional<Question> question(std::string_view method, const PositionParams& at,
                                   bool automatic) const;

  const std::string version_;
  const SessionHooks hooks_;
  State state_ = State::kNew;
  bool beginning_ = false;   // initialize waits for the configuration,
  std::vector<Frame> held_;  // and what came after it for the answer
  Connection connection_;
  Completions completions_;
  CodeActions actions_;
  Modules modules_;
  Progress model_progress_;
  Progress index_progress_;

  // Since initialize:
  ClientCapabilities client_;
  workspace::PositionEncoding encoding_ = workspace::PositionEncoding::kUtf16;
  std::optional<DocumentSync> documents_;
  std::vector<WorkspaceFolder> folders_;
  SettingsStore settings_;
  int64_t n_configurations_ = 0;  // asked for: only the newest counts
  bool trace_ = false;
  std::set<std::string> told_refused_;  // URIs of documents that the user knows are not read
  ClientCounts counts_;

  std::string model_state_ = "loading";
  std::string model_message_;
  std::optional<Abilities> abilities_;
  std::string larger_model_;
  std::string index_state_ = "waiting";
  std::string index_message_;
};

}  // namespace rondo::lsp
