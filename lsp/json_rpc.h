// JSON-RPC 2.0 as the Language Server Protocol uses it: what a message is, how one is read and
// written, and which code each error has. Batches (arrays) are not part of that protocol: refused.
//
// Thread: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/status.h"

namespace rondo::lsp {

enum class ErrorCode : int {
  kParseError = -32700,            // not JSON, or not framed
  kInvalidRequest = -32600,        // JSON, but no request that may be made now
  kMethodNotFound = -32601,        //
  kInvalidParams = -32602,         //
  kInternalError = -32603,         // our bug, survived
  kServerNotInitialized = -32002,  // anything before initialize
  kRequestCancelled = -32800,      // the client asked for it
  kContentModified = -32801,       // the text is no longer the one that the answer was for
  kServerCancelled = -32802,       // the server gave up; the client may ask again
  kRequestFailed = -32803,         // a good request that could not be served; the message says why
};

struct RpcError {
  ErrorCode code = ErrorCode::kInternalError;
  std::string message;

  bool operator==(const RpcError&) const = default;
};

// The one mapping of our errors to the protocol's. REQUIRES: !status.ok().
RpcError to_rpc_error(const Status& status);

using RequestId = std::variant<int64_t, std::string>;

// The id in `json`, or nothing when it is none that the protocol allows.
std::optional<RequestId> read_id(const Json& json);

struct Request {
  RequestId id;
  std::string method;
  Json params;  // null when absent
};

struct Notification {
  std::string method;
  Json params;
};

// The client's answer to a request of ours.
struct Response {
  std::optional<RequestId> id;  // none: an error about a message that the client could not read
  Json result;                  // null when there is an error
  std::optional<RpcError> error;
};

// Something that is none of these; it is answered with `error` to `id`, or to null.
struct InvalidMessage {
  std::optional<RequestId> id;
  RpcError error;
};

using Message = std::variant<Request, Notification, Response, InvalidMessage>;

// Reads the body of one message. Text that is not UTF-8 and halves of surrogate pairs, which some
// editors send when a document holds them, are read as U+FFFD: it counts as long in UTF-16.
Message read_message(std::string_view body);

// What the beginning of a message that is too large to be read says about it.
struct MessageHead {
  std::optional<RequestId> id;
  std::string method;  // empty when it is not seen
  std::string uri;     // of params.textDocument, likewise
};
MessageHead read_message_head(std::string_view head);

// The messages that we send.
Json request_message(const RequestId& id, std::string_view method, Json params);
Json notification_message(std::string_view method, Json params);
Json result_message(const RequestId& id, Json result);
Json error_message(const std::optional<RequestId>& id, const RpcError& error);

}  // namespace rondo::lsp
