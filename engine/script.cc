#include "engine/script.h"

#include <algorithm>
#include <array>

#include "base/mapped_file.h"

namespace rondo::engine {
namespace {

constexpr size_t kShownBytes = 60;  // of a prompt that nothing answers

Status wrong(size_t i, const std::string& what) {
  return invalid_argument_error("answer " + std::to_string(i) + ": " + what);
}

// The values of `json`, which is a T or a list of them; nothing when it is neither.
template <typename T>
std::optional<std::vector<T>> one_or_more(const Json& json) {
  const Json list = json.is_array() ? json : Json::array({json});
  std::vector<T> values;
  for (const Json& element : list) {
    const auto value = json_get<T>(Json{{"value", element}}, "value");
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

Status read_member(const std::string& key, const Json& value, size_t i, ScriptedAnswer& answer) {
  const auto is = [&](const char* name) { return key == name; };
  if (is("when")) {
    auto when = one_or_more<std::string>(value);
    if (!when) return wrong(i, "\"when\" must be a text or a list of texts");
    answer.when = std::move(*when);
  } else if (is("logprob")) {
    auto logprobs = one_or_more<float>(value);
    if (!logprobs || logprobs->empty()) return wrong(i, "\"logprob\" must be a number or a list");
    answer.logprobs = std::move(*logprobs);
  } else if (is("tokens")) {
    auto tokens = one_or_more<int32_t>(value);
    if (!tokens) return wrong(i, "\"tokens\" must be a list of ids");
    answer.tokens = std::move(*tokens);
  } else if (is("text") && value.is_string()) {
    answer.text = value.get<std::string>();
  } else if (is("scored") && value.is_string()) {
    answer.scored = value.get<std::string>();
  } else if (is("ends") && (value == "stop" || value == "limit")) {
    answer.ends_by_limit = value == "limit";
  } else if (is("error") && value.is_string() && read_error(value.get<std::string>())) {
    answer.error = *read_error(value.get<std::string>());
  } else if (is("times") && value.is_number_integer() && value.get<int64_t>() > 0) {
    answer.n_times = value.get<int64_t>();
  } else if (is("waits") && value.is_boolean()) {
    if (value.get<bool>()) answer.moment = ScriptedAnswer::kNever;
  } else {
    return wrong(i, "\"" + key + "\" is unknown or has a value that it cannot have");
  }
  return {};
}

std::string end_of(const std::string& text) {
  return text.size() <= kShownBytes ? text : "..." + text.substr(text.size() - kShownBytes);
}

}  // namespace

Result<Script> Script::load(const std::string& path) {
  ASSIGN_OR_RETURN(const MappedFile file, MappedFile::open(path));
  return parse(file.text(), path);
}

Result<Script> Script::parse(std::string_view text, std::string_view what) {
  ASSIGN_OR_RETURN(const Json json, parse_json_unique(text, what));
  const std::string name(what);
  const auto list = json.is_object() ? json.find("answers") : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array())
    return invalid_argument_error(name + ": a script is an object with a list \"answers\"");
  std::vector<ScriptedAnswer> answers;
  for (const Json& element : *list) {
    ScriptedAnswer& answer = answers.emplace_back();
    if (!element.is_object())
      return invalid_argument_error(name + ": " + wrong(answers.size(), "no object").message());
    for (const auto& [key, value] : element.items()) {
      const Status read = read_member(key, value, answers.size(), answer);
      if (!read.ok()) return invalid_argument_error(name + ": " + read.message());
    }
  }
  return Script(std::move(answers));
}

Result<ScriptedAnswer> Script::take(const Request& request, const Tokenizer& tokenizer, int64_t) {
  const std::string prompt = tokenizer.decode(request.prompt);
  const bool scores = !request.score.empty();
  const std::string scored = tokenizer.decode(request.score);
  const auto barred = [&](const ScriptedAnswer& answer) {
    if (request.barred_first.empty() || !request.healing.empty() || !answer.error.ok())
      return false;
    const TokenIds tokens = answer_tokens(answer, request, tokenizer);
    return !tokens.empty() &&
           std::count(request.barred_first.begin(), request.barred_first.end(), tokens.front()) > 0;
  };
  for (ScriptedAnswer& answer : answers_) {
    const bool fits =
        answer.n_times > 0 &&
        (scores ? answer.scored.has_value() && *answer.scored == scored : !answer.scored) &&
        std::all_of(answer.when.begin(), answer.when.end(), [&](const std::string& text) {
          return prompt.find(text) != std::string::npos;
        });
    if (!fits || barred(answer)) continue;
    if (answer.n_times != std::numeric_limits<int64_t>::max()) --answer.n_times;
    return answer;
  }
  return not_found_error("the script has no answer to " +
                         (scores ? "the score of " + end_of(scored) : end_of(prompt)));
}

std::optional<Status> read_error(std::string_view text) {
  constexpr std::array kCodes = {
      Code::kCancelled,         Code::kStale,       Code::kInvalidArgument, Code::kNotFound,
      Code::kResourceExhausted, Code::kUnavailable, Code::kCorruption,      Code::kInternal};
  const size_t colon = text.find(": ");
  if (colon == text.npos) return std::nullopt;
  for (const Code code : kCodes) {
    if (text.substr(0, colon) == code_name(code))
      return Status(code, std::string(text.substr(colon + 2)));
  }
  return std::nullopt;
}

TokenIds answer_tokens(const ScriptedAnswer& answer, const Request& request,
                       const Tokenizer& tokenizer) {
  if (!answer.tokens.empty()) return answer.tokens;
  return tokenizer.encode_part(request.healing + answer.text);
}

}  // namespace rondo::engine
