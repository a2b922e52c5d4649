// What we send.
#include "lsp/protocol.h"

#include <utility>

#include "lsp/encodings.h"
#include "lsp/members.h"
#include "lsp/position_json.h"

namespace rondo::lsp {

using workspace::PositionEncoding;

namespace {

constexpr std::string_view kSection = "rondo";
constexpr int kIncremental = 2;  // TextDocumentSyncKind
constexpr int kPlainText = 1;    // InsertTextFormat
constexpr int kAsIs = 1;         // InsertTextMode
constexpr int kTextItem = 1;     // CompletionItemKind
constexpr size_t kMaxLabelBytes = 80;

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

// In percent.
Json gate_json(const assist::GateDecision& decision) {
  return {{"confidence", assist::percent_of(decision.confidence.mean)},
          {"asked", assist::percent_of(decision.gate.min_mean)},
          {"shown", decision.shown}};
}

}  // namespace

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
  offer_actions(offer.actions, capabilities);
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
                 {"adoptedTokens", why.report.n_adopted_tokens},
                 {"segmentTokens", why.report.n_segment_tokens},
                 {"generatedTokens", why.report.n_generated_tokens},
                 {"timings", timings_json(why.report)},
                 {"blocks", blocks_json(why.report.blocks)},
                 {"nearCopies", why.report.near_copies}};
  if (!why.steps.empty()) result["loop_steps"] = assist::loop_steps_json(why.steps);
  if (why.report.gate) result["gate"] = gate_json(*why.report.gate);
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

Json progress_begin(std::string_view token, std::string_view title, bool cancellable) {
  return progress_value(token, {{"kind", "begin"}, {"title", title}, {"cancellable", cancellable}});
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
