// The Language Server Protocol (3.17, of 3.18 inlineCompletion) as far as we speak it, and our own
// rondo/* methods: with action_protocol.h the only header that knows the spelling on the wire. What
// the client sends is read in protocol_params.cc, what we send is written in protocol.cc.
//
// read_params() is lenient in what may be missing and strict in types: a member of the wrong type
// is InvalidArgument naming it. Members that we do not know are ignored, as the protocol asks.
//
// Thread: values and pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assist/completion.h"
#include "assist/loop_step.h"
#include "base/json.h"
#include "base/status.h"
#include "lsp/abilities.h"
#include "lsp/action_protocol.h"
#include "lsp/json_rpc.h"
#include "lsp/module_protocol.h"
#include "lsp/settings.h"
#include "workspace/document_store.h"
#include "workspace/text.h"

namespace rondo::lsp {

namespace method {
inline constexpr std::string_view kInitialize = "initialize";
inline constexpr std::string_view kInitialized = "initialized";
inline constexpr std::string_view kShutdown = "shutdown";
inline constexpr std::string_view kExit = "exit";
inline constexpr std::string_view kCancelRequest = "$/cancelRequest";
inline constexpr std::string_view kSetTrace = "$/setTrace";
inline constexpr std::string_view kLogTrace = "$/logTrace";
inline constexpr std::string_view kProgress = "$/progress";
inline constexpr std::string_view kCreateProgress = "window/workDoneProgress/create";
inline constexpr std::string_view kLogMessage = "window/logMessage";
inline constexpr std::string_view kShowMessage = "window/showMessage";
inline constexpr std::string_view kRegisterCapability = "client/registerCapability";
inline constexpr std::string_view kConfiguration = "workspace/configuration";
inline constexpr std::string_view kDidChangeConfiguration = "workspace/didChangeConfiguration";
inline constexpr std::string_view kDidChangeFolders = "workspace/didChangeWorkspaceFolders";
inline constexpr std::string_view kDidChangeWatchedFiles = "workspace/didChangeWatchedFiles";
inline constexpr std::string_view kDidOpen = "textDocument/didOpen";
inline constexpr std::string_view kDidChange = "textDocument/didChange";
inline constexpr std::string_view kDidSave = "textDocument/didSave";
inline constexpr std::string_view kDidClose = "textDocument/didClose";
inline constexpr std::string_view kInlineCompletion = "textDocument/inlineCompletion";
inline constexpr std::string_view kCompletion = "textDocument/completion";
inline constexpr std::string_view kCursor = "rondo/cursor";
inline constexpr std::string_view kWhy = "rondo/why";
inline constexpr std::string_view kStatus = "rondo/status";
inline constexpr std::string_view kPing = "rondo/ping";      // of a forwarder: answered at once
inline constexpr std::string_view kEnding = "rondo/ending";  // of the daemon, for its forwarders
}  // namespace method

// ---- what the client sends -------------------------------------------------------------------

// What we use of its capabilities. Absent means no.
struct ClientCapabilities {
  std::vector<workspace::PositionEncoding> position_encodings;  // those we know, in its order
  bool inline_completion = false;
  bool insert_text_as_is = false;  // it can be told not to indent what it inserts
  bool work_done_progress = false;
  bool configuration = false;  // answers workspace/configuration
  bool register_configuration = false;
  bool register_watched_files = false;
  ActionCapabilities actions;
};

struct WorkspaceFolder {
  std::string uri;
  std::string name;
};

struct InitializeParams {
  std::optional<int64_t> process_id;  // of the editor
  std::string client_name;            // empty when it does not say
  ClientCapabilities capabilities;
  std::vector<WorkspaceFolder> folders;  // workspaceFolders, else rootUri
  ModuleCapabilities modules;
  Json settings;  // initializationOptions
  bool trace = false;
};

struct DidOpenParams {
  std::string uri;
  std::string language_id;
  int64_t version = 0;
  std::string text;
};

struct DidChangeParams {
  std::string uri;
  std::optional<int64_t> version;  // older clients send null
  std::vector<workspace::Change> changes;
};

struct DidSaveParams {
  std::string uri;
  std::optional<std::string> text;
};

struct DocumentParams {  // textDocument/didClose, rondo/why
  std::string uri;
};

struct PositionParams {  // rondo/cursor, textDocument/completion
  std::string uri;
  workspace::Position position;
};

struct SelectedCompletion {
  workspace::PositionRange range;
  std::string text;
};

struct InlineCompletionParams {
  std::string uri;
  workspace::Position position;
  bool invoked = true;                         // asked for; false: the user just types
  std::optional<SelectedCompletion> selected;  // in the completion menu: to be extended
};

struct CancelParams {
  RequestId id;
};

struct SetTraceParams {
  bool trace = false;
};

struct DidChangeFoldersParams {
  std::vector<WorkspaceFolder> added;
  std::vector<WorkspaceFolder> removed;
};

struct DidChangeWatchedFilesParams {
  std::vector<std::string> uris;  // created, changed or deleted
};

struct DidChangeConfigurationParams {
  Json settings;  // the section "rondo"; null when the client wants to be asked for it
};

// Of our own $/progress, as a forwarder sees it pass.
struct ProgressParams {
  std::string token;
  bool begins = false;
  bool ends = false;
};

// Each reads `json` into `params`. Errors: InvalidArgument naming the member.
Status read_params(const Json& json, InitializeParams& params);
Status read_params(const Json& json, DidOpenParams& params);
Status read_params(const Json& json, DidChangeParams& params);
Status read_params(const Json& json, DidSaveParams& params);
Status read_params(const Json& json, DocumentParams& params);
Status read_params(const Json& json, PositionParams& params);
Status read_params(const Json& json, InlineCompletionParams& params);
Status read_params(const Json& json, CancelParams& params);
Status read_params(const Json& json, SetTraceParams& params);
Status read_params(const Json& json, DidChangeFoldersParams& params);
Status read_params(const Json& json, DidChangeWatchedFilesParams& params);
Status read_params(const Json& json, DidChangeConfigurationParams& params);
Status read_params(const Json& json, ProgressParams& params);

// The section "rondo" in the answer to workspace/configuration; null when there is none.
Json configuration_section(const Json& result);

// ---- what we send ----------------------------------------------------------------------------

struct ServerOffer {
  std::string version;  // of Rondo
  workspace::PositionEncoding encoding = workspace::PositionEncoding::kUtf16;
  bool completion_menu = false;
  ActionCapabilities actions;  // of the client
};

// A suggestion: `text` in place of `range`, which lies on one line.
struct Suggestion {
  std::string text;
  workspace::PositionRange range;
};

// The last request for suggestions in a document: the answer to rondo/why.
struct WhyReport {
  std::string method;
  std::chrono::steady_clock::time_point asked;
  int64_t version = 0;  // of the document
  workspace::Position position;
  bool invoked = false;
  int64_t n_suggestions = 0;
  float mean_logprob = 0;               // of the first suggestion
  assist::CompletionReport report;      // report.silence: why there is none, or not yet
  std::vector<assist::LoopStep> steps;  // that made it, or the edit of an action
};

// The answer to rondo/status.
struct StatusReport {
  std::string version;
  std::string model;  // "loading", "ready" or "failed"
  std::string model_message;
  std::optional<Abilities> abilities;  // once it is loaded
  std::string larger_model;            // how to use another, then
  std::string index;                   // "waiting", "indexing" or "ready"
  std::string index_message;
  int64_t n_documents = 0;
  int64_t n_waiting = 0;  // requests that are not answered yet
  workspace::PositionEncoding encoding = workspace::PositionEncoding::kUtf16;
  std::vector<WorkspaceFolder> folders;
  Settings settings;  // of the first folder
};

enum class Severity { kError = 1, kWarning = 2, kInfo = 3 };

Json initialize_result(const ServerOffer& offer);
// The encoding that such a result says; UTF-16 when it says none.
workspace::PositionEncoding read_encoding(const Json& initialize_result);
Json inline_completion_result(const std::vector<Suggestion>& suggestions);
// `as_is`: the client can be told not to indent what it inserts.
Json completion_menu_result(const std::vector<Suggestion>& suggestions, bool as_is);
Json why_result(const WhyReport& why);
Json status_result(const StatusReport& status);

Json message_params(Severity severity, std::string_view message);
Json log_trace_params(const WhyReport& why);
Json configuration_params();
Json register_configuration_params();
Json register_watched_files_params();

// What a client would send: to open a document, and to change it to no newer version, which makes
// its text uncertain.
Json open_params(const DidOpenParams& document);
Json no_change_params(const std::string& uri, int64_t version);

Json create_progress_params(std::string_view token);
Json progress_begin(std::string_view token, std::string_view title, bool cancellable);
Json progress_report(std::string_view token, std::string_view message, std::optional<int> percent);
Json progress_end(std::string_view token, std::string_view message);

}  // namespace rondo::lsp
