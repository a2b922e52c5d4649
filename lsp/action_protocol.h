// The part of the protocol that is about code actions: with protocol.h, the only header that knows
// the spelling on the wire.
//
// What an action is made from travels with it, in its `data` or as the argument of the command
// rondo.applyAction, and comes back: {"uri", "version", "hash" of the text, "name" of the kind,
// "range", "choice"}. Once it is made, `loop_steps` says how. Actions that answer with something to
// read are the command rondo.answerAction with every client: its result has it as `markdown`.
//
// Thread: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assist/action.h"
#include "assist/action_kinds.h"
#include "base/json.h"
#include "base/status.h"
#include "workspace/text.h"

namespace rondo::lsp {

namespace method {
inline constexpr std::string_view kCodeAction = "textDocument/codeAction";
inline constexpr std::string_view kResolveAction = "codeAction/resolve";
inline constexpr std::string_view kExecuteCommand = "workspace/executeCommand";
inline constexpr std::string_view kApplyEdit = "workspace/applyEdit";
inline constexpr std::string_view kCancelProgress = "window/workDoneProgress/cancel";
}  // namespace method

namespace command {
inline constexpr std::string_view kApplyAction = "rondo.applyAction";
inline constexpr std::string_view kAnswerAction = "rondo.answerAction";
}  // namespace command

// What the client can do with actions and edits. Absent means no.
struct ActionCapabilities {
  bool wanted = false;            // it knows code actions at all
  bool literals = false;          // it takes actions; else only commands
  bool data = false;              // it keeps an action's data
  bool resolves_edit = false;     // it asks for the edit when the action is chosen
  bool disabled = false;          // it shows those that cannot be made
  bool llm_tag = false;           // it knows the tag of generated text
  bool apply_edit = false;        // it makes edits that it is asked to make
  bool document_changes = false;  // versioned edits
  bool annotations = false;       // of edits, to be confirmed
  bool creates_files = false;
  bool shows_answers = false;  // the result of kAnswerAction (experimental: rondoAnswers)

  // An action's edit is asked for by codeAction/resolve; else by the command, if at all.
  bool resolves() const { return literals && data && resolves_edit; }
  bool works() const { return wanted && (resolves() || apply_edit); }
};

// `capabilities`: the member of initialize's parameters. Errors: InvalidArgument naming the member.
Status read_action_capabilities(const Json& capabilities, ActionCapabilities& out);

// A diagnostic as the client sent it, and what we read of it.
struct ClientDiagnostic {
  workspace::PositionRange range;
  std::string message;
  std::string source;
  std::string code;
  Json json;
};

struct CodeActionParams {
  std::string uri;
  workspace::PositionRange range;
  std::vector<ClientDiagnostic> diagnostics;
  std::vector<std::string> only;  // kinds; empty: all
  bool automatic = false;         // at a move of the cursor
};

// What travels with an action.
struct ActionData {
  std::string uri;
  int64_t version = 0;
  std::string hash;  // of the text
  std::string name;
  workspace::PositionRange range;
  std::string choice;
};

// codeAction/resolve: the action as it came from the client, which gets it back.
struct ResolveParams {
  Json action;
  ActionData data;
};

struct CommandParams {
  std::string command;
  ActionData data;  // of either command
};

struct CancelProgressParams {
  std::string token;
};

Status read_params(const Json& json, CodeActionParams& params);
Status read_params(const Json& json, ResolveParams& params);
Status read_params(const Json& json, CommandParams& params);
Status read_params(const Json& json, CancelProgressParams& params);

// "refactor.rewrite.rondo.completeBody"
std::string wire_kind(const assist::ActionKind& kind);
// Whether a client that asked only for these kinds wants this one.
bool is_wanted(const std::vector<std::string>& only, const std::string& kind);

// What the server says of itself: the members for initialize's result.
void offer_actions(const ActionCapabilities& client, Json& capabilities);

// An entry of the list.
Json action_json(const assist::Action& action, const ActionData& data,
                 const std::vector<ClientDiagnostic>& diagnostics,
                 const ActionCapabilities& client);

// One file's part of an edit.
struct FileEdits {
  std::string uri;
  std::optional<int64_t> version;  // nothing: it is not open
  bool create = false;             // it is to be made first
  std::vector<std::pair<workspace::PositionRange, std::string>> edits;
};

// A WorkspaceEdit in the words that the client knows. With several files each waits for the user's
// consent, where the client can ask. `label`: what the edit does.
Json workspace_edit_json(const std::vector<FileEdits>& files, const std::string& label,
                         const ActionCapabilities& client);

Json apply_edit_params(const std::string& label, Json edit);
// Whether the client made the edit; why not, when it says.
bool was_applied(const Json& result, std::string& reason);

// The action `action` of the client's, made.
Json resolved_action(Json action, Json edit, const std::vector<assist::LoopStep>& steps);
Json command_result(const std::vector<assist::LoopStep>& steps);
Json answer_result(const std::string& title, const assist::ActionOutcome& outcome);

}  // namespace rondo::lsp
