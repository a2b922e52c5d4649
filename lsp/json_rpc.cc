#include "lsp/json_rpc.h"

#include <charconv>
#include <utility>
#include <vector>

#include "base/check.h"

namespace rondo::lsp {
namespace {

Json id_json(const RequestId& id) {
  if (const auto* number = std::get_if<int64_t>(&id)) return *number;
  return std::get<std::string>(id);
}

Message invalid(std::optional<RequestId> id, std::string message) {
  return InvalidMessage{.id = std::move(id),
                        .error = {ErrorCode::kInvalidRequest, std::move(message)}};
}

RpcError read_error(const Json& error) {
  return {.code = static_cast<ErrorCode>(json_get<int>(error, "code").value_or(0)),
          .message = json_get<std::string>(error, "message").value_or("")};
}

Message read_object(Json& json) {
  const bool has_id = json.contains("id");
  const std::optional<RequestId> id = has_id ? read_id(json["id"]) : std::nullopt;
  if (!json.contains("method")) {
    if (!json.contains("result") && !json.contains("error")) {
      return invalid(id, "the message has no method");
    }
    Response response = {.id = id};
    if (json.contains("error") && !json["error"].is_null()) {
      response.error = read_error(json["error"]);
    } else if (json.contains("result")) {
      response.result = std::move(json["result"]);
    }
    return response;
  }
  const std::optional<std::string> method = json_get<std::string>(json, "method");
  if (!method) return invalid(id, "the method is not a string");
  Json params = json.contains("params") ? std::move(json["params"]) : Json();
  if (!params.is_null() && !params.is_structured()) {
    return invalid(id, "the params of " + *method + " are neither an object nor an array");
  }
  if (!has_id) return Notification{.method = *method, .params = std::move(params)};
  if (!id) return invalid(std::nullopt, "the id of " + *method + " is no integer and no string");
  return Request{.id = *id, .method = *method, .params = std::move(params)};
}

// How many bytes the well-formed UTF-8 sequence at the front of `text` has; 0 when there is none.
size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  uint32_t code = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte >> 6 != 2) return 0;
    code = code << 6 | (byte & 0x3F);
  }
  if (length == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) return 0;
  if (length == 4 && (code < 0x10000 || code > 0x10FFFF)) return 0;
  return length;
}

// The value of "\uXXXX" at the front of `text`.
std::optional<uint32_t> unicode_escape(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, value, 16);
  if (error != std::errc() || end != text.data() + 6) return std::nullopt;
  return value;
}

// `text` with U+FFFD for each byte and each half of a surrogate pair that stands for nothing.
std::string repair(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  const auto take = [&](size_t n) {
    repaired += text.substr(0, n);
    text.remove_prefix(n);
  };
  const auto replace = [&](size_t n) {
    repaired += "\xEF\xBF\xBD";
    text.remove_prefix(n);
  };
  const auto is_half = [](std::optional<uint32_t> code, uint32_t first) {
    return code && *code >= first && *code < first + 0x400;
  };
  while (!text.empty()) {
    const std::optional<uint32_t> code = unicode_escape(text);
    const bool high = is_half(code, 0xD800);
    if (high && is_half(unicode_escape(text.substr(6)), 0xDC00)) {
      take(12);
    } else if (high || is_half(code, 0xDC00)) {
      replace(6);
    } else if (text[0] == '\\' && text.size() > 1 && static_cast<uint8_t>(text[1]) < 0x80) {
      take(2);
    } else if (const size_t n = sequence_length(text); n > 0) {
      take(n);
    } else {
      replace(1);
    }
  }
  return repaired;
}

// Takes the wanted members as the parser passes them, until the text breaks off.
class HeadReader : public nlohmann::json_sax<Json> {
 public:
  MessageHead head;

  bool key(string_t& name) override {
    path_.back() = name;
    return true;
  }
  bool start_object(std::size_t) override { return push(); }
  bool end_object() override { return pop(); }
  bool start_array(std::size_t) override { return push(); }
  bool end_array() override { return pop(); }
  bool string(string_t& value) override {
    if (path_ == Path{"method"}) head.method = value;
    if (path_ == Path{"params", "textDocument", "uri"}) head.uri = value;
    return scalar(value);
  }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override {
    return false;
  }

 private:
  using Path = std::vector<std::string>;

  bool push() {
    path_.emplace_back();
    return true;
  }
  bool pop() {
    path_.pop_back();
    return true;
  }
  bool scalar(const Json& value) {
    if (path_ == Path{"id"}) head.id = read_id(value);
    return true;
  }

  Path path_;  // the key reached in each open object; empty in arrays
};

Json message(Json members) {
  members["jsonrpc"] = "2.0";
  return members;
}

}  // namespace

// 1e3 is none, as no client writes it.
std::optional<RequestId> read_id(const Json& json) {
  if (json.is_string()) return RequestId(json.get<std::string>());
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) return std::nullopt;
  if (json.is_number_integer()) return RequestId(json.get<int64_t>());
  return std::nullopt;
}

RpcError to_rpc_error(const Status& status) {
  switch (status.code()) {
    case Code::kCancelled:
      return {ErrorCode::kRequestCancelled, status.message()};
    case Code::kStale:
      return {ErrorCode::kContentModified, status.message()};
    case Code::kInvalidArgument:
      return {ErrorCode::kInvalidParams, status.message()};
    case Code::kNotFound:
    case Code::kResourceExhausted:
    case Code::kUnavailable:
    case Code::kCorruption:
      return {ErrorCode::kRequestFailed, status.message()};
    case Code::kInternal:
      return {ErrorCode::kInternalError, status.message()};
    case Code::kOk:
      break;
  }
  CHECK(false, "only a failure becomes an error");
}

Message read_message(std::string_view body) {
  Result<Json> json = parse_json(body, "the message");
  if (!json.ok()) json = parse_json(repair(body), "the message");
  if (!json.ok()) {  // the parser's own words would quote the user's text
    return InvalidMessage{.error = {ErrorCode::kParseError, "the message is not valid JSON"}};
  }
  if (json->is_array())
    return invalid(std::nullopt, "the protocol has no batches: send one by one");
  if (!json->is_object()) return invalid(std::nullopt, "the message is not an object");
  return read_object(*json);
}

MessageHead read_message_head(std::string_view head) {
  HeadReader reader;
  Json::sax_parse(head, &reader);
  return std::move(reader.head);
}

Json request_message(const RequestId& id, std::string_view method, Json params) {
  return message({{"id", id_json(id)}, {"method", method}, {"params", std::move(params)}});
}

Json notification_message(std::string_view method, Json params) {
  return message({{"method", method}, {"params", std::move(params)}});
}

Json result_message(const RequestId& id, Json result) {
  return message({{"id", id_json(id)}, {"result", std::move(result)}});
}

Json error_message(const std::optional<RequestId>& id, const RpcError& error) {
  return message({{"id", id ? id_json(*id) : Json()},
                  {"error", {{"code", static_cast<int>(error.code)}, {"message", error.message}}}});
}

}  // namespace rondo::lsp
