#include "lsp/action_protocol.h"

#include <algorithm>
#include <utility>

#include "lsp/members.h"
#include "lsp/position_json.h"

namespace rondo::lsp {
namespace {

constexpr int kAutomatic = 2;     // CodeActionTriggerKind
constexpr int kLlmGenerated = 1;  // CodeActionTag
constexpr std::string_view kAnnotation = "rondo";

bool has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

void read_action_member(Members& action, ActionCapabilities& out) {
  out.wanted = true;
  action.optional_object("codeActionLiteralSupport", [&](Members&) { out.literals = true; });
  action.optional("dataSupport", out.data);
  action.optional("disabledSupport", out.disabled);
  action.optional_object("resolveSupport", [&](Members& resolve) {
    std::vector<std::string> properties;
    resolve.optional("properties", properties);
    out.resolves_edit = has(properties, "edit");
  });
  action.optional_object("tagSupport", [&](Members& tags) {
    std::vector<int64_t> values;
    tags.optional("valueSet", values);
    out.llm_tag = std::count(values.begin(), values.end(), kLlmGenerated) > 0;
  });
}

void read_edit_member(Members& edit, ActionCapabilities& out) {
  edit.optional("documentChanges", out.document_changes);
  edit.optional_object("changeAnnotationSupport", [&](Members&) { out.annotations = true; });
  std::vector<std::string> operations;
  edit.optional("resourceOperations", operations);
  out.creates_files = has(operations, "create");
}

Json data_json(const ActionData& data) {
  return {{"uri", data.uri},   {"version", data.version},      {"hash", data.hash},
          {"name", data.name}, {"range", to_json(data.range)}, {"choice", data.choice}};
}

Json command_json(const std::string& title, const ActionData& data) {
  const bool answers = assist::action_kind(data.name)->answers;
  return {{"title", title},
          {"command", answers ? command::kAnswerAction : command::kApplyAction},
          {"arguments", Json::array({data_json(data)})}};
}

Json edits_json(const FileEdits& file, bool annotated) {
  Json edits = Json::array();
  for (const auto& [range, text] : file.edits) {
    edits.push_back({{"range", to_json(range)}, {"newText", text}});
    if (annotated) edits.back()["annotationId"] = kAnnotation;
  }
  return edits;
}

}  // namespace

static void read_object(Members& members, ClientDiagnostic& out) {
  members.required("range", out.range);
  members.required("message", out.message);
  members.optional("source", out.source);
  Json code;
  members.optional("code", code);
  if (code.is_string()) out.code = code.get<std::string>();
  if (code.is_number_integer()) out.code = std::to_string(code.get<int64_t>());
}

static void read_object(Members& members, ActionData& out) {
  members.required("uri", out.uri);
  members.required("version", out.version);
  members.required("hash", out.hash);
  members.required("name", out.name);
  members.required("range", out.range);
  members.optional("choice", out.choice);
}

Status read_action_capabilities(const Json& capabilities, ActionCapabilities& out) {
  return read_members(capabilities, [&](Members& members) {
    members.optional_object("workspace", [&](Members& workspace) {
      workspace.optional("applyEdit", out.apply_edit);
      workspace.optional_object("workspaceEdit",
                                [&](Members& edit) { read_edit_member(edit, out); });
    });
    members.optional_object("textDocument", [&](Members& document) {
      document.optional_object("codeAction",
                               [&](Members& action) { read_action_member(action, out); });
    });
    members.optional_object("experimental", [&](Members& experimental) {
      experimental.optional("rondoAnswers", out.shows_answers);
    });
  });
}

Status read_params(const Json& json, CodeActionParams& params) {
  const Json* list = nullptr;
  const Status read = read_members(json, [&](Members& members) {
    members.required_object("textDocument",
                            [&](Members& document) { document.required("uri", params.uri); });
    members.required("range", params.range);
    members.required_object("context", [&](Members& context) {
      context.optional("diagnostics", params.diagnostics);
      context.optional("only", params.only);
      int64_t trigger = 0;
      context.optional("triggerKind", trigger);
      params.automatic = trigger == kAutomatic;
    });
  });
  if (!read.ok() || params.diagnostics.empty()) return read;
  list = &json["context"]["diagnostics"];
  for (size_t i = 0; i < params.diagnostics.size(); ++i) params.diagnostics[i].json = (*list)[i];
  return read;
}

Status read_params(const Json& json, ResolveParams& params) {
  params.action = json;
  return read_members(json, [&](Members& members) { members.required("data", params.data); });
}

Status read_params(const Json& json, CommandParams& params) {
  return read_members(json, [&](Members& members) {
    members.required("command", params.command);
    if (params.command != command::kApplyAction && params.command != command::kAnswerAction) return;
    std::vector<ActionData> arguments;
    members.required("arguments", arguments);
    if (!arguments.empty()) params.data = std::move(arguments[0]);
  });
}

Status read_params(const Json& json, CancelProgressParams& params) {
  return read_members(json, [&](Members& members) { members.required("token", params.token); });
}

std::string wire_kind(const assist::ActionKind& kind) {
  const bool fix = kind.group == assist::ActionGroup::kQuickFix;
  return std::string(fix ? "quickfix" : "refactor.rewrite") + ".rondo." + std::string(kind.name);
}

// A kind means all that begin with it and a dot; the empty one means all.
bool is_wanted(const std::vector<std::string>& only, const std::string& kind) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& wanted) {
           return wanted.empty() || kind == wanted || kind.starts_with(wanted + ".");
         });
}

void offer_actions(const ActionCapabilities& client, Json& capabilities) {
  if (!client.works()) return;
  if (!client.literals) {
    capabilities["codeActionProvider"] = true;
  } else {
    Json kinds = Json::array();
    for (const assist::ActionKind& kind : assist::action_kinds()) kinds.push_back(wire_kind(kind));
    capabilities["codeActionProvider"] = {{"codeActionKinds", std::move(kinds)}};
    if (client.resolves()) capabilities["codeActionProvider"]["resolveProvider"] = true;
  }
  Json commands = Json::array({command::kAnswerAction});
  if (!client.resolves()) commands.push_back(command::kApplyAction);
  capabilities["executeCommandProvider"] = {{"commands", std::move(commands)}};
}

Json action_json(const assist::Action& action, const ActionData& data,
                 const std::vector<ClientDiagnostic>& diagnostics,
                 const ActionCapabilities& client) {
  if (!client.literals) return command_json(action.title, data);
  const assist::ActionKind& kind = *assist::action_kind(action.name);
  Json json = {{"title", action.title}, {"kind", wire_kind(kind)}};
  if (action.diagnostic) {
    json["diagnostics"] = Json::array({diagnostics[*action.diagnostic].json});
  }
  if (kind.generates && client.llm_tag) json["tags"] = Json::array({kLlmGenerated});
  if (!action.disabled.empty()) {
    json["disabled"] = {{"reason", action.disabled}};
    return json;
  }
  if (client.resolves()) json["data"] = data_json(data);
  if (kind.answers || !client.resolves()) json["command"] = command_json(action.title, data);
  return json;
}

Json workspace_edit_json(const std::vector<FileEdits>& files, const std::string& label,
                         const ActionCapabilities& client) {
  if (!client.document_changes) {
    Json changes = Json::object();
    for (const FileEdits& file : files) changes[file.uri] = edits_json(file, false);
    return {{"changes", std::move(changes)}};
  }
  const bool annotated = client.annotations && files.size() > 1;
  Json changes = Json::array();
  for (const FileEdits& file : files) {
    if (file.create) {
      changes.push_back({{"kind", "create"}, {"uri", file.uri}});
      if (annotated) changes.back()["annotationId"] = kAnnotation;
    }
    changes.push_back(
        {{"textDocument",
          {{"uri", file.uri}, {"version", file.version ? Json(*file.version) : Json(nullptr)}}},
         {"edits", edits_json(file, annotated)}});
  }
  Json edit = {{"documentChanges", std::move(changes)}};
  if (annotated) {
    edit["changeAnnotations"][std::string(kAnnotation)] = {{"label", label},
                                                           {"needsConfirmation", true}};
  }
  return edit;
}

Json apply_edit_params(const std::string& label, Json edit) {
  return {{"label", label}, {"edit", std::move(edit)}};
}

bool was_applied(const Json& result, std::string& reason) {
  reason = json_get<std::string>(result, "failureReason").value_or("");
  return json_get<bool>(result, "applied").value_or(false);
}

Json resolved_action(Json action, Json edit, const std::vector<assist::LoopStep>& steps) {
  action["edit"] = std::move(edit);
  action["data"]["loop_steps"] = assist::loop_steps_json(steps);
  return action;
}

Json command_result(const std::vector<assist::LoopStep>& steps) {
  return {{"loop_steps", assist::loop_steps_json(steps)}};
}

Json answer_result(const std::string& title, const assist::ActionOutcome& outcome) {
  return {{"title", title},
          {"markdown", outcome.markdown},
          {"loop_steps", assist::loop_steps_json(outcome.steps)}};
}

}  // namespace rondo::lsp
