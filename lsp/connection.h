// Connection: one side of a JSON-RPC conversation. It finds the handler of each message, sees to it
// that every request is answered exactly once, cancels, and keeps track of what we ask the client.
//
// Thread: one (the loop). Replies may be kept as long as one likes, on that thread; only their
// stop token travels. Ownership: owns handlers and open requests; borrows what its handlers borrow.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "lsp/json_rpc.h"

namespace rondo::lsp {

// How a request is answered. The first answer counts; cancelling is one, too: what a handler says
// later is dropped. A copy answers the same request.
class Reply {
 public:
  void result(Json result) const;
  void error(const RpcError& error) const;
  // Whether an answer is still wanted.
  bool open() const;
  // Stops when no answer is wanted any more: there is one, or the connection is gone.
  std::stop_token stop_token() const;

 private:
  friend class Connection;
  struct State;
  explicit Reply(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void answer(const Json& message) const;
  std::shared_ptr<State> state_;
};

class Connection {
 public:
  using Send = std::function<void(const Json& message)>;
  using Log = std::function<void(const std::string& line)>;
  using RequestHandler = std::function<void(const Json& params, Reply reply)>;
  using NotificationHandler = std::function<void(const Json& params)>;
  using ResponseHandler = std::function<void(const Response& response)>;
  // Why a message may not be handled now, or nothing.
  using Gate = std::function<std::optional<RpcError>(std::string_view method)>;

  // `gate` is asked before each request (its error is the answer) and notification (dropped).
  Connection(Send send, Log log, Gate gate);
  ~Connection();

  void on_request(std::string method, RequestHandler handler);
  void on_notification(std::string method, NotificationHandler handler);

  void receive(Message message);
  // The client's wish to have no answer to `id`: answered kRequestCancelled at once. Nothing
  // happens when that request is not open.
  void cancel(const RequestId& id);

  void notify(std::string_view method, Json params);
  // Asks the client; `handler` runs when it answers, perhaps never.
  void request(std::string_view method, Json params, ResponseHandler handler);
  // Whether every request has its answer.
  bool idle() const { return open_requests_.empty(); }
  // Answers something that is no request.
  void refuse(const std::optional<RequestId>& id, const RpcError& error);

 private:
  friend class Reply;

  void handle(Request request);
  void handle(Notification notification);
  void handle(Response response);
  void handle(InvalidMessage message);

  Send send_;
  Log log_;
  Gate gate_;
  std::map<std::string, RequestHandler, std::less<>> request_handlers_;
  std::map<std::string, NotificationHandler, std::less<>> notification_handlers_;
  std::map<RequestId, std::shared_ptr<Reply::State>> open_requests_;  // of the client
  std::map<RequestId, ResponseHandler> asked_;                        // of ours
  int64_t next_id_ = 1;
};

}  // namespace rondo::lsp
