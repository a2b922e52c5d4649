#include "lsp/connection.h"

#include <utility>

namespace rondo::lsp {

struct Reply::State {
  Connection* connection;  // null once answered, or when the connection is gone
  RequestId id;
  std::stop_source stop;

  State(Connection* connection, RequestId id) : connection(connection), id(std::move(id)) {}
};

// Only the first answer has a connection; with it the request is closed and work for it may stop.
void Reply::answer(const Json& message) const {
  const std::shared_ptr<State> state = state_;  // the connection may hold the last other one
  Connection* const connection = std::exchange(state->connection, nullptr);
  if (connection == nullptr) return;
  connection->open_requests_.erase(state->id);
  state->stop.request_stop();
  connection->send_(message);
}

void Reply::result(Json result) const { answer(result_message(state_->id, std::move(result))); }

void Reply::error(const RpcError& error) const { answer(error_message(state_->id, error)); }

bool Reply::open() const { return state_->connection != nullptr; }

std::stop_token Reply::stop_token() const { return state_->stop.get_token(); }

Connection::Connection(Send send, Log log, Gate gate)
    : send_(std::move(send)), log_(std::move(log)), gate_(std::move(gate)) {}

Connection::~Connection() {
  for (const auto& [id, state] : open_requests_) {
    state->connection = nullptr;
    state->stop.request_stop();
  }
}

void Connection::on_request(std::string method, RequestHandler handler) {
  request_handlers_[std::move(method)] = std::move(handler);
}

void Connection::on_notification(std::string method, NotificationHandler handler) {
  notification_handlers_[std::move(method)] = std::move(handler);
}

void Connection::receive(Message message) {
  std::visit([this](auto&& m) { handle(std::move(m)); }, std::move(message));
}

void Connection::notify(std::string_view method, Json params) {
  send_(notification_message(method, std::move(params)));
}

void Connection::request(std::string_view method, Json params, ResponseHandler handler) {
  const RequestId id = next_id_++;
  asked_[id] = std::move(handler);
  send_(request_message(id, method, std::move(params)));
}

void Connection::refuse(const std::optional<RequestId>& id, const RpcError& error) {
  send_(error_message(id, error));
}

void Connection::handle(Request request) {
  if (open_requests_.contains(request.id)) {
    return refuse(request.id, {ErrorCode::kInvalidRequest,
                               "an earlier request with this id is still being answered"});
  }
  if (const std::optional<RpcError> error = gate_(request.method)) {
    return refuse(request.id, *error);
  }
  const auto handler = request_handlers_.find(request.method);
  if (handler == request_handlers_.end()) {
    return refuse(request.id, {ErrorCode::kMethodNotFound, "no method " + request.method});
  }
  auto state = std::make_shared<Reply::State>(this, request.id);
  open_requests_[request.id] = state;
  handler->second(request.params, Reply(std::move(state)));
}

void Connection::handle(Notification notification) {
  const auto handler = notification_handlers_.find(notification.method);
  if (handler == notification_handlers_.end() || gate_(notification.method)) return;
  handler->second(notification.params);
}

void Connection::handle(Response response) {
  const auto asked = response.id ? asked_.find(*response.id) : asked_.end();
  if (asked == asked_.end()) {
    return log_("the client answered what was not asked: " +
                (response.error ? response.error->message : "a result"));
  }
  const ResponseHandler handler = std::move(asked->second);
  asked_.erase(asked);
  if (response.error) log_("the client refused a request: " + response.error->message);
  handler(response);
}

void Connection::handle(InvalidMessage message) {
  log_(message.error.message);
  refuse(message.id, message.error);
}

void Connection::cancel(const RequestId& id) {
  const auto open = open_requests_.find(id);
  if (open == open_requests_.end()) return;
  Reply(open->second).error({ErrorCode::kRequestCancelled, "cancelled by the client"});
}

}  // namespace rondo::lsp
