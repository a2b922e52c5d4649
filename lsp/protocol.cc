#include "lsp/protocol.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace rondo::lsp {
namespace {

using workspace::Position;
using workspace::PositionEncoding;
using workspace::PositionRange;

constexpr std::array<std::pair<std::string_view, PositionEncoding>, 3> kEncodings = {{
    {"utf-16", PositionEncoding::kUtf16},
    {"utf-8", PositionEncoding::kUtf8},
    {"utf-32", PositionEncoding::kUtf32},
}};
constexpr std::string_view kSection = "rondo";
constexpr int kInvoked = 1;      // InlineCompletionTriggerKind
constexpr int kIncremental = 2;  // TextDocumentSyncKind
constexpr int kPlainText = 1;    // InsertTextFormat
constexpr int kAsIs = 1;         // InsertTextMode
constexpr int kTextItem = 1;     // CompletionItemKind
constexpr size_t kMaxLabelBytes = 80;

// The members of one JSON object. Keeps the first error; once there is one, nothing more is read.
class Members {
 public:
  // `where` names the object in errors.
  Members(const Json& json, std::string where, Status& status)
      : json_(json), where_(std::move(where)), status_(status) {
    // Lua has one empty table: its clients write an empty object as [].
    const bool empty = json_.is_array() && json_.empty();
    if (!json_.is_object() && !empty) fail(where_, "an object");
  }

  template <typename T>
  void required(std::string_view key, T& out) {
    const Json* member = find(key);
    if (member == nullptr) return missing(key);
    read(*member, name(key), out);
  }

  // Absent or null: `out` stays as it is.
  template <typename T>
  void optional(std::string_view key, T& out) {
    if (const Json* member = find(key)) read(*member, name(key), out);
  }

  // `visit` reads the members of the object `key`.
  template <typename Visit>
  void required_object(std::string_view key, Visit visit) {
    if (find(key) == nullptr) return missing(key);
    optional_object(key, visit);
  }
  template <typename Visit>
  void optional_object(std::string_view key, Visit visit) {
    const Json* member = find(key);
    if (member == nullptr) return;
    Members members(*member, name(key), status_);
    if (status_.ok()) visit(members);
  }

 private:
  const Json* find(std::string_view key) const {
    if (!status_.ok()) return nullptr;
    const auto it = json_.find(key);
    return it == json_.end() || it->is_null() ? nullptr : &*it;
  }
  void missing(std::string_view key) {
    if (status_.ok()) status_ = invalid_argument_error(name(key) + " is missing");
  }
  std::string name(std::string_view key) const { return where_ + "." + std::string(key); }
  void fail(const std::string& what, std::string_view wanted) {
    if (status_.ok()) status_ = invalid_argument_error(what + " is not " + std::string(wanted));
  }

  void read(const Json& json, const std::string& what, std::string& out) {
    if (!json.is_string()) return fail(what, "a string");
    out = json.get<std::string>();
  }
  void read(const Json& json, const std::string& what, bool& out) {
    if (!json.is_boolean()) return fail(what, "true or false");
    out = json.get<bool>();
  }
  // Some clients write 3.0 for 3.
  void read(const Json& json, const std::string& what, int64_t& out) {
    constexpr double kExact = 9007199254740992.0;  // 2^53: above it a double is no exact integer
    const double value = json.is_number() ? json.get<double>() : 0.5;
    if (value != std::floor(value) || std::abs(value) > kExact) return fail(what, "an integer");
    out = static_cast<int64_t>(value);
  }
  void read(const Json& json, const std::string& what, Json& out) { out = json; }
  void read(const Json& json, const std::string& what, RequestId& out) {
    const std::optional<RequestId> id = read_id(json);
    if (!id) return fail(what, "an integer or a string");
    out = *id;
  }
  void read(const Json& json, const std::string& what, Position& out) {
    Members members(json, what, status_);
    members.required("line", out.line);
    members.required("character", out.character);
  }
  void read(const Json& json, const std::string& what, PositionRange& out) {
    Members members(json, what, status_);
    members.required("start", out.begin);
    members.required("end", out.end);
  }
  void read(const Json& json, const std::string& what, workspace::Change& out) {
    Members members(json, what, status_);
    members.optional("range", out.range);
    members.required("text", out.text);
  }
  void read(const Json& json, const std::string& what, WorkspaceFolder& out) {
    Members members(json, what, status_);
    members.required("uri", out.uri);
    members.optional("name", out.name);
  }
  void read(const Json& json, const std::string& what, SelectedCompletion& out) {
    Members members(json, what, status_);
    members.required("range", out.range);
    members.required("text", out.text);
  }
  template <typename T>
  void read(const Json& json, const std::string& what, std::optional<T>& out) {
    read(json, what, out.emplace());
  }
  template <typename T>
  void read(const Json& json, const std::string& what, std::vector<T>& out) {
    if (!json.is_array()) return fail(what, "an array");
    out.clear();
    for (size_t i = 0; i < json.size() && status_.ok(); ++i) {
      read(json[i], what + "[" + std::to_string(i) + "]", out.emplace_back());
    }
  }

  const Json& json_;
  const std::string where_;
  Status& status_;
};

// Runs `visit` on the members of `params`.
template <typename Visit>
Status read_members(const Json& params, Visit visit) {
  Status status;
  Members members(params, "params", status);
  if (status.ok()) visit(members);
  return status;
}

void read_uri(Members& members, std::string& uri) {
  members.required_object("textDocument",
                          [&](Members& document) { document.required("uri", uri); });
}

std::string_view encoding_name(PositionEncoding encoding) {
  for (const auto& [name, value] : kEncodings) {
    if (value == encoding) return name;
  }
  return kEncodings[0].first;
}

bool read_trace(const std::string& value) { return value == "messages" || value == "verbose"; }

std::optional<PositionEncoding> encoding_named(const std::string& name) {
  for (const auto& [known, encoding] : kEncodings) {
    if (name == known) return encoding;
  }
  return std::nullopt;
}

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

Json to_json(const Position& position) {
  return {{"line", position.line}, {"character", position.character}};
}

Json to_json(const PositionRange& range) {
  return {{"start", to_json(range.begin)}, {"end", to_json(range.end)}};
}

double milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

Json timings_json(const assist::CompletionReport& report) {
  return {{"contextMs", milliseconds(report.context)},
          {"tokenizeMs", milliseconds(report.tokenize)},
          {"queuedMs", milliseconds(report.engine.queued)},
          {"segmentsMs", milliseconds(report.engine.segments)},
          {"prefillMs", milliseconds(report.engine.prefill)},
          {"decodeMs", milliseconds(report.engine.decode)},
          {"postprocessMs", milliseconds(report.postprocess)},
          {"totalMs", milliseconds(report.total)}};
}

// {"definition": 1.2, "import": 0.4}
Json parts_json(const std::vector<workspace::ScorePart>& parts) {
  Json json = Json::object();
  for (const workspace::ScorePart& part : parts) json[part.name] = part.value;
  return json;
}

Json blocks_json(const std::vector<assist::UsedBlock>& blocks) {
  Json list = Json::array();
  for (const assist::UsedBlock& block : blocks) {
    list.push_back({{"path", block.path},
                    {"tokens", block.n_tokens},
                    {"score", block.score},
                    {"parts", parts_json(block.parts)},
                    {"reason", block.reason}});
  }
  return list;
}

// The first line of `text` as a menu can show it.
std::string menu_label(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  std::string_view line = text.substr(begin, text.find_first_of("\r\n", begin) - begin);
  if (line.size() <= kMaxLabelBytes) return std::string(line);
  size_t end = kMaxLabelBytes;
  while (end > 0 && static_cast<uint8_t>(line[end]) >> 6 == 2) --end;  // not inside a character
  return std::string(line.substr(0, end)) + "\u2026";
}

Json progress_value(std::string_view token, Json value) {
  return {{"token", token}, {"value", std::move(value)}};
}

Json registration(std::string_view method, Json options) {
  Json entry = {{"id", method}, {"method", method}};
  if (!options.is_null()) entry["registerOptions"] = std::move(options);
  return {{"registrations", Json::array({std::move(entry)})}};
}

}  // namespace

Status read_params(const Json& json, InitializeParams& params) {
  return read_members(json, [&](Members& members) {
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
  });
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

Json initialize_result(const ServerOffer& offer) {
  Json capabilities = {
      {"positionEncoding", encoding_name(offer.encoding)},
      {"textDocumentSync",
       {{"openClose", true}, {"change", kIncremental}, {"save", {{"includeText", true}}}}},
      {"inlineCompletionProvider", true},
      {"workspace", {{"workspaceFolders", {{"supported", true}, {"changeNotifications", true}}}}},
  };
  if (offer.completion_menu) {
    capabilities["completionProvider"] = {{"triggerCharacters", {".", "(", "="}}};
  }
  return {{"capabilities", std::move(capabilities)},
          {"serverInfo", {{"name", kSection}, {"version", offer.version}}}};
}

PositionEncoding read_encoding(const Json& initialize_result) {
  std::string name;
  (void)read_members(initialize_result, [&](Members& members) {
    members.optional_object("capabilities", [&](Members& capabilities) {
      capabilities.optional("positionEncoding", name);
    });
  });
  return encoding_named(name).value_or(PositionEncoding::kUtf16);
}

Json inline_completion_result(const std::vector<Suggestion>& suggestions) {
  Json items = Json::array();
  for (const Suggestion& suggestion : suggestions) {
    items.push_back({{"insertText", suggestion.text}, {"range", to_json(suggestion.range)}});
  }
  return {{"items", std::move(items)}};
}

Json completion_menu_result(const std::vector<Suggestion>& suggestions, bool as_is) {
  Json items = Json::array();
  for (const Suggestion& suggestion : suggestions) {
    Json item = {
        {"label", menu_label(suggestion.text)},
        {"kind", kTextItem},
        {"detail", kSection},
        {"filterText", suggestion.text},
        {"insertTextFormat", kPlainText},
        {"textEdit", {{"range", to_json(suggestion.range)}, {"newText", suggestion.text}}}};
    if (as_is) item["insertTextMode"] = kAsIs;
    items.push_back(std::move(item));
  }
  return {{"isIncomplete", true}, {"items", std::move(items)}};
}

Json why_result(const WhyReport& why) {
  Json result = {{"method", why.method},
                 {"version", why.version},
                 {"position", to_json(why.position)},
                 {"invoked", why.invoked},
                 {"suggestions", why.n_suggestions},
                 {"meanLogprob", why.mean_logprob},
                 {"promptTokens", why.report.n_prompt_tokens},
                 {"cachedTokens", why.report.n_cached_tokens},
                 {"segmentTokens", why.report.n_segment_tokens},
                 {"generatedTokens", why.report.n_generated_tokens},
                 {"timings", timings_json(why.report)},
                 {"blocks", blocks_json(why.report.blocks)}};
  if (!why.report.silence.empty()) result["reason"] = why.report.silence;
  return result;
}

Json status_result(const StatusReport& status) {
  Json folders = Json::array();
  for (const WorkspaceFolder& folder : status.folders) folders.push_back(folder.uri);
  Json result = {{"version", status.version},
                 {"model", {{"state", status.model}}},
                 {"index", {{"state", status.index}}},
                 {"documents", status.n_documents},
                 {"waiting", status.n_waiting},
                 {"positionEncoding", encoding_name(status.encoding)},
                 {"folders", std::move(folders)},
                 {"settings",
                  {{"automatic", status.settings.automatic},
                   {"multiline", status.settings.multiline},
                   {"context", status.settings.context},
                   {"maxTokens", status.settings.max_tokens},
                   {"candidates", status.settings.candidates}}}};
  if (status.abilities) {
    Json& model = result["model"];
    model["name"] = status.abilities->name;
    model["sentence"] = sentence(*status.abilities);
    model["abilities"] = to_json(*status.abilities);
    model["larger"] = status.larger_model;
  }
  if (!status.model_message.empty()) result["model"]["message"] = status.model_message;
  if (!status.index_message.empty()) result["index"]["message"] = status.index_message;
  return result;
}

Json message_params(Severity severity, std::string_view message) {
  return {{"type", static_cast<int>(severity)}, {"message", message}};
}

Json log_trace_params(const WhyReport& why) {
  return {{"message", why.method + ": " + std::to_string(why.n_suggestions) + " suggestions in " +
                          std::to_string(why.report.total.count() / 1000) + " ms"},
          {"verbose", dump_json(why_result(why))}};
}

Json configuration_params() { return {{"items", Json::array({{{"section", kSection}}})}}; }

Json register_configuration_params() {
  return registration(method::kDidChangeConfiguration, {{"section", kSection}});
}

Json register_watched_files_params() {
  return registration(method::kDidChangeWatchedFiles,
                      {{"watchers", Json::array({{{"globPattern", "**/*"}}})}});
}

Json open_params(const DidOpenParams& document) {
  return {{"textDocument",
           {{"uri", document.uri},
            {"languageId", document.language_id},
            {"version", document.version},
            {"text", document.text}}}};
}

Json no_change_params(const std::string& uri, int64_t version) {
  return {{"textDocument", {{"uri", uri}, {"version", version}}},
          {"contentChanges", Json::array()}};
}

Json create_progress_params(std::string_view token) { return {{"token", token}}; }

Json progress_begin(std::string_view token, std::string_view title) {
  return progress_value(token, {{"kind", "begin"}, {"title", title}, {"cancellable", false}});
}

Json progress_report(std::string_view token, std::string_view message, std::optional<int> percent) {
  Json value = {{"kind", "report"}, {"message", message}};
  if (percent) value["percentage"] = *percent;
  return progress_value(token, std::move(value));
}

Json progress_end(std::string_view token, std::string_view message) {
  return progress_value(token, {{"kind", "end"}, {"message", message}});
}

}  // namespace rondo::lsp
