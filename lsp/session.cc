#include "lsp/session.h"

#include <algorithm>
#include <utility>

#include "lsp/uri.h"

namespace rondo::lsp {

using workspace::DocumentSnapshot;
using workspace::PositionEncoding;

namespace {

// UTF-16 wherever the client takes it, as most do and some insist; also when it does not say.
PositionEncoding choose_encoding(const std::vector<PositionEncoding>& offered) {
  const bool utf16 =
      offered.empty() || std::count(offered.begin(), offered.end(), PositionEncoding::kUtf16) > 0;
  return utf16 ? PositionEncoding::kUtf16 : offered.front();
}

// So long after an edit what may be asked next is made ready: longer than editors take to ask, or
// to say where the cursor rests.
constexpr std::chrono::milliseconds kPause{250};

RpcError not_open(const std::string& uri) {
  return {ErrorCode::kInvalidParams, uri + " is not open"};
}

}  // namespace

Session::Session(std::string version, SessionHooks hooks)
    : version_(std::move(version)),
      hooks_(std::move(hooks)),
      connection_(hooks_.send, hooks_.log,
                  [this](std::string_view method) { return gate(method); }),
      completions_(hooks_.post, hooks_.log,
                   [this](const std::string& uri, const WhyReport& why) { answered(uri, why); }),
      actions_(connection_, action_hooks()),
      modules_(connection_, hooks_.post),
      model_progress_(connection_, "model"),
      index_progress_(connection_, "index") {
  bind();
  model_progress_.begin("Rondo: loading the model");
}

// One line a method: everything that a client can ask.
void Session::bind() {
  bind_request(method::kInitialize, &Session::initialize);
  bind_request(method::kInlineCompletion, &Session::inline_completion);
  bind_request(method::kCompletion, &Session::completion_menu);
  bind_request(method::kCodeAction, &Session::code_action);
  bind_request(method::kResolveAction, &Session::resolve_action);
  bind_request(method::kExecuteCommand, &Session::execute_command);
  bind_request(method::kWhy, &Session::why);
  bind_request(method::kModulePlan, &Session::plan_module);
  bind_request(method::kModuleWrite, &Session::write_module);
  connection_.on_request(std::string(method::kPing),
                         [](const Json&, const Reply& reply) { reply.result(nullptr); });
  connection_.on_request(std::string(method::kStatus),
                         [this](const Json&, const Reply& reply) { status(reply); });
  connection_.on_request(std::string(method::kShutdown),
                         [this](const Json&, const Reply& reply) { shutdown(reply); });
  connection_.on_notification(std::string(method::kInitialized),
                              [this](const Json&) { initialized(); });
  connection_.on_notification(std::string(method::kExit), [this](const Json&) { exit(); });
  bind_notification(method::kCancelRequest, &Session::cancel);
  bind_notification(method::kCancelProgress, &Session::cancel_progress);
  bind_notification(method::kSetTrace, &Session::set_trace);
  bind_notification(method::kDidChangeFolders, &Session::change_folders);
  bind_notification(method::kDidChangeConfiguration, &Session::change_configuration);
  bind_notification(method::kDidChangeWatchedFiles, &Session::change_files);
  bind_notification(method::kDidOpen, &Session::open);
  bind_notification(method::kDidChange, &Session::change);
  bind_notification(method::kDidSave, &Session::save);
  bind_notification(method::kDidClose, &Session::close);
  bind_notification(method::kCursor, &Session::cursor);
}

template <typename Params>
void Session::bind_request(std::string_view method, void (Session::*handler)(Params, Reply)) {
  connection_.on_request(std::string(method),
                         [this, handler](const Json& json, const Reply& reply) {
                           Params params;
                           if (const Status read = read_params(json, params); !read.ok()) {
                             return reply.error(to_rpc_error(read));
                           }
                           (this->*handler)(std::move(params), reply);
                         });
}

template <typename Params>
void Session::bind_notification(std::string_view method, void (Session::*handler)(Params)) {
  connection_.on_notification(
      std::string(method), [this, handler, name = std::string(method)](const Json& json) {
        Params params;
        const Status read = read_params(json, params);
        if (read.ok()) return (this->*handler)(std::move(params));
        hooks_.log(name + ": " + read.message());
        DocumentParams document;
        if (name == method::kDidChange && read_params(json, document).ok()) {
          documents_->lost_change(document.uri);
        }
      });
}

// Notifications that it refuses are dropped.
std::optional<RpcError> Session::gate(std::string_view method) const {
  if (method == method::kExit) return std::nullopt;
  if (state_ == State::kStopped) {
    return RpcError{ErrorCode::kInvalidRequest, "the server was shut down"};
  }
  if (state_ == State::kNew && method != method::kInitialize) {
    return RpcError{ErrorCode::kServerNotInitialized, "initialize must come first"};
  }
  if (state_ == State::kRunning && method == method::kInitialize) {
    return RpcError{ErrorCode::kInvalidRequest, "the server is initialized already"};
  }
  return std::nullopt;
}

// ---- messages --------------------------------------------------------------------------------

void Session::receive(Frame frame) {
  if (beginning_) return held_.push_back(std::move(frame));
  Recorder* const recorder = hooks_.recorded.recorder;
  if (recorder == nullptr) return work_on(frame);
  const int64_t n = recorder->next();
  work_on(frame);
  const bool is_read = frame.kind == Frame::Kind::kMessage;
  const std::string uri = is_read ? read_message_head(frame.text).uri : "";
  recorder->received({.n = n,
                      .client = hooks_.recorded.name,
                      .text = is_read ? std::move(frame.text) : "",
                      .document = documents_ ? documents_->find(uri) : nullptr,
                      .folders = folder_paths()});
}

void Session::work_on(const Frame& frame) {
  if (frame.kind == Frame::Kind::kBroken) {
    hooks_.log("input is not framed: " + frame.text);
    return connection_.refuse(std::nullopt, {ErrorCode::kParseError, frame.text});
  }
  if (frame.kind == Frame::Kind::kTooLarge) return left_out(frame);
  Message message = read_message(frame.text);
  const auto* invalid = std::get_if<InvalidMessage>(&message);
  if (invalid != nullptr && invalid->error.code == ErrorCode::kParseError && documents_) {
    const MessageHead head = read_message_head(frame.text);
    if (head.method == method::kDidChange) documents_->lost_change(head.uri);
  }
  connection_.receive(std::move(message));
}

void Session::left_out(const Frame& frame) {
  const MessageHead head = read_message_head(frame.text);
  const std::string subject = head.uri.empty() ? head.method : head.method + " of " + head.uri;
  const std::string sentence = "A message of " + std::to_string(frame.size_bytes >> 20) + " MiB (" +
                               subject + ") is too large and was left out";
  hooks_.log(sentence);
  if (head.id || head.method.empty()) {
    return connection_.refuse(head.id, {ErrorCode::kInvalidRequest, sentence});
  }
  if (head.method == method::kDidChange && documents_) documents_->lost_change(head.uri);
  if (state_ == State::kRunning) show(Severity::kWarning, sentence);
}

int Session::end_of_input() { return state_ == State::kStopped ? 0 : 1; }

// ---- life cycle ------------------------------------------------------------------------------

void Session::initialize(InitializeParams params, Reply reply) {
  client_ = std::move(params.capabilities);
  encoding_ = choose_encoding(client_.position_encodings);
  folders_ = std::move(params.folders);
  modules_.begin(params.modules);
  trace_ = params.trace;
  actions_.begin(client_.actions, encoding_, client_.work_done_progress);
  documents_.emplace(
      encoding_,
      DocumentEvents{.changed =
                         [this](const DocumentSnapshot& document) {
                           completions_.supersede(document->uri);
                           hooks_.document_changed(document);
                         },
                     .closed =
                         [this](const DocumentSnapshot& document) {
                           completions_.forget(document->uri);
                           hooks_.document_closed(document);
                         },
                     .log = hooks_.log,
                     .warn = [this](const std::string& s) { show(Severity::kWarning, s); }});
  state_ = State::kRunning;
  beginning_ = true;
  if (params.process_id) hooks_.watch_process(*params.process_id);
  announce_folders();
  read_configuration([this, reply, settings = std::move(params.settings)] {
    settings_.set_initial(settings);
    // The menu is for clients that cannot show a suggestion in the text.
    const bool menu = !client_.inline_completion || settings_.in("").completion_menu;
    reply.result(initialize_result({.version = version_,
                                    .encoding = encoding_,
                                    .completion_menu = menu,
                                    .actions = client_.actions}));
    show_problems();
    if (!model_message_.empty()) show(Severity::kError, model_message_);
    beginning_ = false;
    for (Frame& frame : std::exchange(held_, {})) receive(std::move(frame));
  });
}

// Only from here on may the client be asked anything.
void Session::initialized() {
  if (client_.work_done_progress) {
    model_progress_.enable();
    index_progress_.enable();
  }
  if (client_.register_configuration) {
    connection_.request(method::kRegisterCapability, register_configuration_params(),
                        [](const Response&) {});
  }
  if (client_.register_watched_files) {
    connection_.request(method::kRegisterCapability, register_watched_files_params(),
                        [](const Response&) {});
  } else {
    hooks_.watch_files();
  }
  ask_for_settings();
}

void Session::shutdown(const Reply& reply) {
  state_ = State::kStopped;
  hooks_.after_pause({}, nullptr);
  completions_.supersede_all();
  actions_.stop();
  model_progress_.disable();
  index_progress_.disable();
  reply.result(nullptr);
}

void Session::exit() { hooks_.exit(end_of_input()); }

// ---- workspace -------------------------------------------------------------------------------

void Session::change_folders(DidChangeFoldersParams params) {
  for (const WorkspaceFolder& folder : params.removed) {
    std::erase_if(folders_, [&](const WorkspaceFolder& f) { return f.uri == folder.uri; });
  }
  for (WorkspaceFolder& folder : params.added) folders_.push_back(std::move(folder));
  announce_folders();
  read_configuration([this] { show_problems(); });
}

// Of those on this machine.
std::vector<std::string> Session::folder_paths() const {
  std::vector<std::string> paths;
  for (const WorkspaceFolder& folder : folders_) {
    if (auto path = path_of_uri(folder.uri)) paths.push_back(std::move(*path));
  }
  return paths;
}

void Session::announce_folders() {
  for (const WorkspaceFolder& folder : folders_) {
    if (path_of_uri(folder.uri)) continue;
    hooks_.log("workspace folder " + folder.uri + " is not a folder of this machine: not read");
  }
  const std::vector<std::string> paths = folder_paths();
  hooks_.set_folders(paths);
  documents_->set_folders(paths);
}

void Session::change_files(DidChangeWatchedFilesParams params) {
  std::vector<std::string> paths;
  for (const std::string& uri : params.uris) {
    if (auto path = path_of_uri(uri)) paths.push_back(std::move(*path));
  }
  hooks_.files_changed(paths);
  const bool configured = std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    return path.ends_with(std::string("/") + config::kWorkspaceFile);
  });
  if (configured) read_configuration([this] { show_problems(); });
}

// `done` runs once they are read; what was asked for before does not count then.
void Session::read_configuration(std::function<void()> done) {
  hooks_.read_configuration(folder_paths(), [this, n = ++n_configurations_,
                                             done = std::move(done)](config::FileLayers files) {
    if (n == n_configurations_) settings_.set_files(std::move(files));
    done();
  });
}

void Session::show_problems() {
  for (const std::string& sentence : settings_.take_problems()) {
    show(Severity::kWarning, "Rondo: " + sentence);
  }
}

Settings Session::settings_of(const std::string& uri) const {
  return settings_.of(path_of_uri(uri).value_or(""));
}

void Session::change_configuration(DidChangeConfigurationParams params) {
  read_configuration([this] { show_problems(); });
  if (client_.configuration) return ask_for_settings();
  if (!params.settings.is_null()) apply_settings(params.settings);
}

void Session::ask_for_settings() {
  if (!client_.configuration) return;
  connection_.request(method::kConfiguration, configuration_params(),
                      [this](const Response& response) {
                        const Json section = configuration_section(response.result);
                        if (!section.is_null()) apply_settings(section);
                      });
}

void Session::apply_settings(const Json& json) {
  settings_.set_section(json);
  show_problems();
}

// ---- suggestions -----------------------------------------------------------------------------

// What all kinds have in common; nothing when the document is not open.
std::optional<Question> Session::question(std::string_view method, const PositionParams& at,
                                          bool automatic) const {
  const DocumentSnapshot document = documents_->find(at.uri);
  if (document == nullptr) return std::nullopt;
  const Settings settings = settings_of(at.uri);
  Question question = {
      .method = method, .document = document, .position = at.position, .encoding = encoding_};
  question.params = {.document = document,
                     .offset = document->text->offset_at(at.position, encoding_),
                     .open = documents_->all(),
                     .edits = documents_->recent_edits(),
                     .automatic = automatic,
                     .n_candidates = automatic ? 1 : settings.candidates,
                     .max_tokens = settings.max_tokens,
                     .use_context = settings.context,
                     .context_mode = settings.context_mode,
                     .gate = settings.gate,
                     .depth = settings.steps,
                     .multiline = settings.multiline};
  return question;
}

void Session::inline_completion(InlineCompletionParams params, Reply reply) {
  std::optional<Question> question = this->question(
      method::kInlineCompletion, {params.uri, params.position}, /*automatic=*/!params.invoked);
  if (!question) return reply.error(not_open(params.uri));
  question->to_result = inline_completion_result;
  if (params.selected) {
    const int64_t begin =
        question->document->text->offset_at(params.selected->range.begin, encoding_);
    if (params.selected->range.begin.line != params.position.line ||
        begin > question->params.offset) {
      return reply.error({ErrorCode::kInvalidParams,
                          "the selected completion is not on the line before the position"});
    }
    question->params.must_start_with = std::move(params.selected->text);
    question->params.replace_begin = begin;
  }
  ask(std::move(*question), reply);
}

void Session::completion_menu(PositionParams params, Reply reply) {
  std::optional<Question> question =
      this->question(method::kCompletion, params, /*automatic=*/true);
  if (!question) return reply.error(not_open(params.uri));
  question->whole_words = true;
  question->to_result = [as_is = client_.insert_text_as_is](const std::vector<Suggestion>& all) {
    return completion_menu_result(all, as_is);
  };
  ask(std::move(*question), reply);
}

// A hint: what would be asked if the user typed here may be made ready.
void Session::cursor(PositionParams params) {
  hooks_.after_pause({}, nullptr);
  if (!settings_of(params.uri).read_ahead) return;
  std::optional<Question> question =
      this->question(method::kInlineCompletion, params, /*automatic=*/true);
  if (question && !reason_for_silence(*question)) hooks_.prepare(std::move(question->params));
}

void Session::change(DidChangeParams params) {
  documents_->change(params);
  prepare_soon(params);
}

// Whoever edits and then neither asks nor says where the cursor is has it behind the last change.
// Where the whole text was sent nobody knows.
void Session::prepare_soon(const DidChangeParams& params) {
  hooks_.after_pause({}, nullptr);
  const DocumentSnapshot document = documents_->find(params.uri);
  if (document == nullptr || params.changes.empty() || !params.changes.back().range) return;
  const workspace::Change& last = params.changes.back();
  const int64_t end = document->text->offset_at(last.range->begin, encoding_) +
                      static_cast<int64_t>(last.text.size());
  hooks_.after_pause(
      kPause, [this, at = PositionParams{params.uri, document->text->position_at(end, encoding_)}] {
        cursor(at);
      });
}

void Session::ask(Question question, const Reply& reply) {
  hooks_.after_pause({}, nullptr);
  if (std::optional<std::string> reason = reason_for_silence(question)) {
    return completions_.decline(question, reply, std::move(*reason));
  }
  completions_.ask(std::move(question), reply);
}

std::optional<std::string> Session::reason_for_silence(const Question& question) const {
  const workspace::Document& document = *question.document;
  if (!document.in_sync) {
    return "the editor may show another text than Rondo has; save the file";
  }
  if (question.method == method::kInlineCompletion && question.params.automatic &&
      !settings_of(document.uri).automatic) {
    return "suggestions while typing are switched off";
  }
  return std::nullopt;
}

CodeActionHooks Session::action_hooks() {
  return {.post = hooks_.post,
          .log = hooks_.log,
          .find = [this](const std::string& uri) { return documents_->find(uri); },
          .made =
              [this](const workspace::Document& document, std::string_view method,
                     const workspace::PositionRange& range,
                     const std::vector<assist::LoopStep>& steps) {
                completions_.made(document, method, range.begin, steps);
              }};
}

void Session::count(const assist::CompletionReport& report) {
  ++counts_.n_answers;
  if (report.typed_through) {
    ++counts_.n_typed_through;
  } else {
    counts_.n_prompt_tokens += report.n_prompt_tokens;
    counts_.n_read_before += report.n_cached_tokens;
  }
}

void Session::answered(const std::string& uri, const WhyReport& why) {
  count(why.report);
  if (trace_) connection_.notify(method::kLogTrace, log_trace_params(why));
  if (why.report.refused && told_refused_.insert(uri).second) {
    const std::string sentence = "Rondo suggests nothing here: " + why.report.silence + ".";
    connection_.notify(method::kLogMessage, message_params(Severity::kInfo, sentence));
  }
}

void Session::why(DocumentParams params, Reply reply) {
  const WhyReport* why = completions_.why(params.uri);
  reply.result(why == nullptr ? Json() : why_result(*why));
}

void Session::status(const Reply& reply) {
  const std::vector<std::string> paths = folder_paths();
  reply.result(status_result({.version = version_,
                              .model = model_state_,
                              .model_message = model_message_,
                              .abilities = abilities_,
                              .larger_model = larger_model_,
                              .index = index_state_,
                              .index_message = index_message_,
                              .n_documents = documents_->size(),
                              .n_waiting = completions_.n_open(),
                              .encoding = encoding_,
                              .folders = folders_,
                              .settings = settings_.in(paths.empty() ? "" : paths[0])}));
}

// ---- model and index -------------------------------------------------------------------------

void Session::model_is(Abilities abilities, std::string larger) {
  abilities_ = std::move(abilities);
  larger_model_ = std::move(larger);
}

void Session::model_ready(Complete complete) {
  model_state_ = "ready";
  model_progress_.end("ready");
  completions_.model_ready(std::move(complete));
}

void Session::model_failed(const Status& status) {
  model_state_ = "failed";
  model_message_ = "Rondo has no model and suggests nothing: " + status.message();
  model_progress_.end("failed");
  if (state_ == State::kRunning) show(Severity::kError, model_message_);
  completions_.model_failed(model_message_);
  actions_.failed();
  modules_.failed(model_message_);
}

void Session::indexing(std::string message, std::optional<int> percent) {
  if (std::exchange(index_state_, "indexing") != "indexing") {
    index_progress_.begin("Rondo: reading the workspace");
  }
  index_message_ = message;
  index_progress_.report(std::move(message), percent);
}

void Session::index_ready(std::string message) {
  index_state_ = "ready";
  index_message_ = std::move(message);
  index_progress_.end(index_message_);
}

void Session::show(Severity severity, const std::string& sentence) {
  connection_.notify(method::kShowMessage, message_params(severity, sentence));
}

}  // namespace rondo::lsp
