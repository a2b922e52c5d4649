#include "lsp/client_memory.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rondo::lsp {
namespace {

// In the order in which they are told again.
constexpr std::array kNewestCounts = {method::kInitialized, method::kSetTrace,
                                      method::kDidChangeConfiguration};

std::string notification(std::string_view method, Json params) {
  return dump_json(notification_message(method, std::move(params)));
}

}  // namespace

void ClientMemory::told(const Message& message, std::string_view body) {
  if (const auto* request = std::get_if<Request>(&message)) {
    if (request->method == method::kInitialize && !initialize_) initialize_ = request->params;
  } else if (const auto* notification = std::get_if<Notification>(&message)) {
    told(*notification, body);
  } else if (std::holds_alternative<InvalidMessage>(message)) {
    told(read_message_head(body));
  }
}

void ClientMemory::told(const MessageHead& unread) {
  if (documents_ && unread.method == method::kDidChange) documents_->lost_change(unread.uri);
}

void ClientMemory::told(const Notification& notification, std::string_view body) {
  if (notification.method == method::kDidChangeFolders) {
    folder_changes_.emplace_back(body);
  } else if (std::count(kNewestCounts.begin(), kNewestCounts.end(), notification.method) != 0) {
    newest_[notification.method] = body;
  } else if (documents_) {
    told_of_document(notification);
  }
}

// What cannot be read does here what it does in the server.
void ClientMemory::told_of_document(const Notification& notification) {
  const auto read = [&](auto& params) { return read_params(notification.params, params).ok(); };
  DidOpenParams opened;
  DidChangeParams changed;
  DidSaveParams saved;
  DocumentParams named;
  if (notification.method == method::kDidOpen && read(opened)) {
    language_ids_[opened.uri] = opened.language_id;
    documents_->open(std::move(opened));
  } else if (notification.method == method::kDidChange) {
    if (read(changed)) return documents_->change(changed);
    if (read(named)) documents_->lost_change(named.uri);
  } else if (notification.method == method::kDidSave && read(saved)) {
    documents_->save(std::move(saved));
  } else if (notification.method == method::kDidClose && read(named)) {
    language_ids_.erase(named.uri);
    documents_->close(named.uri);
  }
}

void ClientMemory::initialized_with(const Json& result) {
  const auto nothing = [](const workspace::DocumentSnapshot&) {};
  documents_.emplace(
      read_encoding(result),
      DocumentEvents{
          .changed = nothing, .closed = nothing, .log = log_, .warn = [](const std::string&) {}});
}

std::vector<std::string> ClientMemory::retell(const RequestId& initialize_id) const {
  if (!initialize_) return {};
  std::vector<std::string> bodies = {
      dump_json(request_message(initialize_id, method::kInitialize, *initialize_))};
  for (const std::string_view method : kNewestCounts) {
    if (const auto told = newest_.find(method); told != newest_.end()) {
      bodies.push_back(told->second);
    }
  }
  bodies.insert(bodies.end(), folder_changes_.begin(), folder_changes_.end());
  retell_documents(bodies);
  return bodies;
}

// A document whose text is not certain is opened as it was last known, and made uncertain by a
// change to no newer version.
void ClientMemory::retell_documents(std::vector<std::string>& bodies) const {
  for (const auto& [uri, language_id] : language_ids_) {
    const workspace::DocumentSnapshot document = documents_->find(uri);
    if (document == nullptr) continue;
    bodies.push_back(
        notification(method::kDidOpen, open_params({.uri = uri,
                                                    .language_id = language_id,
                                                    .version = document->version,
                                                    .text = document->text->bytes()})));
    if (document->in_sync) continue;
    bodies.push_back(notification(method::kDidChange, no_change_params(uri, document->version)));
  }
}

}  // namespace rondo::lsp
