#include "lsp/recording.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "base/mapped_file.h"

namespace rondo::lsp {
namespace {

using Kind = RecordedEvent::Kind;

std::optional<RecordedEvent> read_event(const Json& json) {
  constexpr std::pair<const char*, Kind> kKinds[] = {
      {"in", Kind::kIn}, {"out", Kind::kOut}, {"answer", Kind::kAnswer}, {"left", Kind::kLeft}};
  RecordedEvent event = {.n = json_get<int64_t>(json, "n").value_or(0),
                         .client = json_get<std::string>(json, "client").value_or(""),
                         .cursor = json_get<std::string>(json, "cursor").value_or(""),
                         .asked = json_get<int64_t>(json, "asked").value_or(0)};
  for (const auto& [name, kind] : kKinds) {
    const auto member = json.find(name);
    if (member == json.end()) continue;
    if (event.n <= 0 || (kind != Kind::kLeft && !member->is_object())) return std::nullopt;
    event.kind = kind;
    if (kind != Kind::kLeft) event.json = *member;
    return event;
  }
  return std::nullopt;
}

Status wrong(const std::string& path, int64_t line, const std::string& what) {
  return invalid_argument_error(path + ":" + std::to_string(line) + ": " + what);
}

Status read_line(const std::string& path, int64_t line, const Json& json, Recording& recording) {
  if (!json.is_object()) return wrong(path, line, "is no JSON object");
  if (line == 1) {
    if (json_get<int64_t>(json, "recording") != 1)
      return wrong(path, line, "is not the beginning of a recording; rondo lsp --record makes one");
    recording.program = json_get<std::string>(json, "program").value_or("");
    recording.model = json_get<std::string>(json, "model").value_or("");
    return {};
  }
  if (const auto end = json_get<std::string>(json, "end")) {
    recording.end = *end;
    return {};
  }
  auto event = read_event(json);
  if (!event) return wrong(path, line, "is no event of a recording");
  recording.events.push_back(std::move(*event));
  return {};
}

}  // namespace

Result<Recording> read_recording(const std::string& path) {
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  return parse_recording(file.text(), path);
}

Result<Recording> parse_recording(std::string_view text, const std::string& path) {
  Recording recording;
  int64_t line = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const bool is_last = end + 1 >= text.size();
    const Result<Json> json = parse_json(text.substr(0, end), path);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++line;
    if (!json.ok() && is_last && line > 1) break;
    if (!json.ok()) return wrong(path, line, "is no JSON");
    RETURN_IF_ERROR(read_line(path, line, *json, recording));
  }
  if (line == 0) return wrong(path, 1, "is empty");
  std::stable_sort(recording.events.begin(), recording.events.end(),
                   [](const auto& a, const auto& b) { return a.n < b.n; });
  return recording;
}

std::string question_hash(const engine::Request& request) {
  Hash128 hash = hash_values<int32_t>(request.prompt);
  const auto add = [&](Hash128 other) { hash = hash_combine(hash, other); };
  add(hash_values<int32_t>(request.score));
  add(hash_text(request.healing));
  add(hash_values<int32_t>(request.barred_first));
  for (const std::string& stop : request.stop.strings) add(hash_text(stop));
  const std::vector<int64_t> numbers = {request.stop.max_tokens,
                                        static_cast<int64_t>(request.sampling.seed)};
  add(hash_values<int64_t>(numbers));
  return hash.to_string();
}

bool is_question(const engine::Request& request) {
  return !request.prompt.empty() && (!request.score.empty() || request.stop.max_tokens > 0);
}

}  // namespace rondo::lsp
