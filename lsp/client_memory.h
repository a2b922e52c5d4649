// ClientMemory: what a client has told its server, as far as another server must hear it to go on
// in its place: initialize, the newest configuration and workspace folders, and the documents that
// are open, with their texts as they are now.
//
// Thread: the loop.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/document_sync.h"
#include "lsp/json_rpc.h"
#include "lsp/protocol.h"

namespace rondo::lsp {

class ClientMemory {
 public:
  explicit ClientMemory(std::function<void(const std::string& line)> log) : log_(std::move(log)) {}

  // A message that goes to the server, and its body.
  void told(const Message& message, std::string_view body);
  // One that is too large to be read, or no JSON.
  void told(const MessageHead& unread);
  // The server's answer to initialize.
  void initialized_with(const Json& result);
  // The client was told that there is no server: as if it had never begun.
  void not_initialized() { initialize_.reset(); }

  bool has_begun() const { return initialize_.has_value(); }
  // Whether the client still waits for the answer to initialize.
  bool is_beginning() const { return has_begun() && !documents_; }

  // The bodies of the messages that tell it all again; initialize comes first and has the id
  // `initialize_id`. Empty before the client began.
  std::vector<std::string> retell(const RequestId& initialize_id) const;

 private:
  void told(const Notification& notification, std::string_view body);
  void told_of_document(const Notification& notification);
  void retell_documents(std::vector<std::string>& bodies) const;

  const std::function<void(const std::string& line)> log_;
  std::optional<Json> initialize_;                          // its params
  std::vector<std::string> folder_changes_;                 // bodies, all of them
  std::map<std::string, std::string, std::less<>> newest_;  // bodies by method: the last counts
  std::optional<DocumentSync> documents_;
  std::map<std::string, std::string> language_ids_;  // of open documents, by URI
};

}  // namespace rondo::lsp
