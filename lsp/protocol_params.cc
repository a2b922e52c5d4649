// What the client sends.
#include <algorithm>

#include "lsp/encodings.h"
#include "lsp/members.h"
#include "lsp/protocol.h"

namespace rondo::lsp {

using workspace::PositionEncoding;

namespace {

constexpr std::string_view kSection = "rondo";
constexpr int kInvoked = 1;  // InlineCompletionTriggerKind
constexpr int kAsIs = 1;     // InsertTextMode

void read_uri(Members& members, std::string& uri) {
  members.required_object("textDocument",
                          [&](Members& document) { document.required("uri", uri); });
}

bool read_trace(const std::string& value) { return value == "messages" || value == "verbose"; }

void read_encodings(Members& general, std::vector<PositionEncoding>& encodings) {
  std::vector<std::string> names;
  general.optional("positionEncodings", names);
  for (const std::string& name : names) {
    if (const auto encoding = encoding_named(name)) encodings.push_back(*encoding);
  }
}

void read_capabilities(Members& members, ClientCapabilities& capabilities) {
  members.optional_object("general", [&](Members& general) {
    read_encodings(general, capabilities.position_encodings);
  });
  members.optional_object("window", [&](Members& window) {
    window.optional("workDoneProgress", capabilities.work_done_progress);
  });
  members.optional_object("workspace", [&](Members& workspace) {
    workspace.optional("configuration", capabilities.configuration);
    workspace.optional_object("didChangeConfiguration", [&](Members& change) {
      change.optional("dynamicRegistration", capabilities.register_configuration);
    });
    workspace.optional_object("didChangeWatchedFiles", [&](Members& watched) {
      watched.optional("dynamicRegistration", capabilities.register_watched_files);
    });
  });
  members.optional_object("textDocument", [&](Members& document) {
    document.optional_object("inlineCompletion",
                             [&](Members&) { capabilities.inline_completion = true; });
    document.optional_object("completion", [&](Members& completion) {
      completion.optional_object("completionItem", [&](Members& item) {
        item.optional_object("insertTextModeSupport", [&](Members& support) {
          std::vector<int64_t> modes;
          support.optional("valueSet", modes);
          capabilities.insert_text_as_is = std::count(modes.begin(), modes.end(), kAsIs) > 0;
        });
      });
    });
  });
}

}  // namespace

// What Members reads; found by the argument.
static void read_object(Members& members, WorkspaceFolder& out) {
  members.required("uri", out.uri);
  members.optional("name", out.name);
}

static void read_object(Members& members, workspace::Change& out) {
  members.optional("range", out.range);
  members.required("text", out.text);
}

static void read_object(Members& members, SelectedCompletion& out) {
  members.required("range", out.range);
  members.required("text", out.text);
}

Status read_params(const Json& json, InitializeParams& params) {
  RETURN_IF_ERROR(read_module_capabilities(json, params.modules));
  Status actions;
  const Status read = read_members(json, [&](Members& members) {
    members.optional("processId", params.process_id);
    members.optional("initializationOptions", params.settings);
    members.optional_object("clientInfo",
                            [&](Members& info) { info.optional("name", params.client_name); });
    std::string trace;
    members.optional("trace", trace);
    params.trace = read_trace(trace);
    members.optional("workspaceFolders", params.folders);
    std::string root;
    members.optional("rootUri", root);
    if (params.folders.empty() && !root.empty()) params.folders.push_back({.uri = root});
    members.optional_object("capabilities", [&](Members& capabilities) {
      read_capabilities(capabilities, params.capabilities);
    });
    Json capabilities;
    members.optional("capabilities", capabilities);
    if (capabilities.is_object()) {
      actions = read_action_capabilities(capabilities, params.capabilities.actions);
    }
  });
  return read.ok() ? actions : read;
}

Status read_params(const Json& json, DidOpenParams& params) {
  return read_members(json, [&](Members& members) {
    members.required_object("textDocument", [&](Members& document) {
      document.required("uri", params.uri);
      document.required("text", params.text);
      document.optional("languageId", params.language_id);
      document.optional("version", params.version);
    });
  });
}

Status read_params(const Json& json, DidChangeParams& params) {
  return read_members(json, [&](Members& members) {
    members.required_object("textDocument", [&](Members& document) {
      document.required("uri", params.uri);
      document.optional("version", params.version);
    });
    members.required("contentChanges", params.changes);
  });
}

Status read_params(const Json& json, DidSaveParams& params) {
  return read_members(json, [&](Members& members) {
    read_uri(members, params.uri);
    members.optional("text", params.text);
  });
}

Status read_params(const Json& json, DocumentParams& params) {
  return read_members(json, [&](Members& members) { read_uri(members, params.uri); });
}

Status read_params(const Json& json, PositionParams& params) {
  return read_members(json, [&](Members& members) {
    read_uri(members, params.uri);
    members.required("position", params.position);
  });
}

Status read_params(const Json& json, InlineCompletionParams& params) {
  return read_members(json, [&](Members& members) {
    read_uri(members, params.uri);
    members.required("position", params.position);
    members.optional_object("context", [&](Members& context) {
      int64_t trigger = kInvoked;
      context.optional("triggerKind", trigger);
      params.invoked = trigger == kInvoked;
      context.optional("selectedCompletionInfo", params.selected);
    });
  });
}

Status read_params(const Json& json, CancelParams& params) {
  return read_members(json, [&](Members& members) { members.required("id", params.id); });
}

Status read_params(const Json& json, SetTraceParams& params) {
  return read_members(json, [&](Members& members) {
    std::string value;
    members.required("value", value);
    params.trace = read_trace(value);
  });
}

Status read_params(const Json& json, DidChangeFoldersParams& params) {
  return read_members(json, [&](Members& members) {
    members.required_object("event", [&](Members& event) {
      event.optional("added", params.added);
      event.optional("removed", params.removed);
    });
  });
}

Status read_params(const Json& json, DidChangeWatchedFilesParams& params) {
  return read_members(json, [&](Members& members) {
    std::vector<WorkspaceFolder>
        changes;  // an event has a uri, too, and a type that we do not need
    members.required("changes", changes);
    for (WorkspaceFolder& change : changes) params.uris.push_back(std::move(change.uri));
  });
}

Status read_params(const Json& json, DidChangeConfigurationParams& params) {
  return read_members(json, [&](Members& members) {
    Json settings;
    members.optional("settings", settings);
    if (settings.is_object() && settings.contains(kSection)) params.settings = settings[kSection];
  });
}

Status read_params(const Json& json, ProgressParams& params) {
  return read_members(json, [&](Members& members) {
    members.required("token", params.token);
    std::string kind;
    members.required_object("value", [&](Members& value) { value.required("kind", kind); });
    params.begins = kind == "begin";
    params.ends = kind == "end";
  });
}

Json configuration_section(const Json& result) {
  return result.is_array() && !result.empty() ? result[0] : Json();
}

}  // namespace rondo::lsp
