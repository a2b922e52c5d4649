#include "lsp/recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "lsp/json_rpc.h"
#include "lsp/protocol.h"
#include "lsp/uri.h"
#include "workspace/scanner.h"

namespace rondo::lsp {
namespace {

// As the ignore files say it now.
bool is_excluded(const workspace::Document& document, const std::vector<std::string>& folders) {
  const std::string path = path_in_uri(document.uri).value_or("/" + document.path);
  bool inside = false;
  for (const std::string& folder : folders) {
    const auto place = place_path(path, {folder});
    if (!place) continue;
    inside = true;
    auto scanner = workspace::Scanner::open(folder);
    if (!scanner.ok()) return true;
    if (scanner->exclusion(place->path, *document.text)) return true;
  }
  if (inside) return false;
  return workspace::exclusion_outside(path, *document.text).has_value();
}

// Whether it holds text of a document.
bool carries_text(const Json& message) {
  const auto params = message.find("params");
  if (params == message.end() || !params->is_object()) return false;
  const auto document = params->find("textDocument");
  return params->contains("text") || params->contains("contentChanges") ||
         (document != params->end() && document->is_object() && document->contains("text"));
}

std::string id_of(const Json& message) {
  const auto id = message.find("id");
  return id == message.end() ? "" : dump_json(*id);
}

std::string method_of(const Json& message) {
  return json_get<std::string>(message, "method").value_or("an answer");
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::create(const RecorderOptions& options) {
  FileDescriptor file(
      ::open(options.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file && errno == EEXIST) {
    return invalid_argument_error(options.path +
                                  " is there already; name a new file for the recording");
  }
  if (!file) {
    return unavailable_error(options.path + " cannot be written: " + std::strerror(errno));
  }
  std::unique_ptr<Recorder> recorder(new Recorder(std::move(file), options.max_bytes));
  recorder->post([recorder = recorder.get(), program = options.program, model = options.model] {
    recorder->write({{"recording", 1}, {"program", program}, {"model", model}});
  });
  return recorder;
}

Recorder::Recorder(FileDescriptor file, int64_t max_bytes)
    : file_(std::move(file)), max_bytes_(max_bytes), thread_([this](std::stop_token stop) {
        while (auto work = queue_.pop(stop)) (*work)();
      }) {}

Recorder::~Recorder() = default;

void Recorder::post(std::function<void()> work) { queue_.push(std::move(work), {}); }

int64_t Recorder::now_us() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began_).count();
}

void Recorder::received(Received message) {
  post([this, us = now_us(), message = std::move(message)] { write_received(message, us); });
}

void Recorder::sent(const std::string& client, const Json& message) {
  post([this, client, message, line = Json{{"n", next()}, {"us", now_us()}, {"client", client}}] {
    write_sent(client, message, line);
  });
}

void Recorder::answered(const std::string& cursor, int64_t asked, Json answer) {
  Json line = {{"n", next()},
               {"us", now_us()},
               {"cursor", cursor},
               {"asked", asked},
               {"answer", std::move(answer)}};
  post([this, cursor, line = std::move(line)] {
    const bool hidden = std::any_of(hidden_uris_.begin(), hidden_uris_.end(), [&](const Key& key) {
      return cursor.find(key.second) != std::string::npos;
    });
    if (!hidden) write(line);
  });
}

// ---- on the thread ---------------------------------------------------------------------------

void Recorder::write_received(const Received& received, int64_t us) {
  Json line = {{"n", received.n}, {"us", us}, {"client", received.client}};
  const Result<Json> message = parse_json(received.text, "a message");
  if (!message.ok() || !message->is_object()) {
    return leave_out(std::move(line), Json{{"method", "what cannot be read"}});
  }
  const std::string method = method_of(*message);
  if (received.document != nullptr) {
    const Key key(received.client, received.document->uri);
    if (method == method::kDidOpen) hidden_uris_.erase(key);
    if (is_excluded(*received.document, received.folders)) hidden_uris_.insert(key);
  }
  // Text that is not what was looked at.
  const bool unseen = received.document == nullptr || !received.document->in_sync;
  const bool hidden = is_hidden(received.client, *message) || (unseen && carries_text(*message));
  if (hidden) return leave_out(std::move(line), *message);
  line["in"] = *message;
  write(line);
}

void Recorder::write_sent(const std::string& client, const Json& message, Json line) {
  if (is_hidden(client, message)) return leave_out(std::move(line), message);
  line["out"] = message;
  write(line);
}

// A message that names a hidden document, or answers one that does.
bool Recorder::is_hidden(const std::string& client, const Json& message) {
  const bool is_answer = !message.contains("method");
  const Key request(client, id_of(message));
  if (is_answer && hidden_requests_.erase(request) > 0) return true;
  if (hidden_uris_.empty()) return false;
  const std::string text = dump_json(message);
  const bool names_one = std::any_of(hidden_uris_.begin(), hidden_uris_.end(), [&](const Key& key) {
    return key.first == client && text.find(dump_json(Json(key.second))) != std::string::npos;
  });
  if (names_one && !is_answer && !request.second.empty()) hidden_requests_.insert(request);
  return names_one;
}

void Recorder::leave_out(Json line, const Json& message) {
  line["left"] = method_of(message);
  write(line);
}

void Recorder::write(const Json& line) {
  if (ended_) return;
  std::string text = dump_json(line) + "\n";
  if (n_bytes_ + static_cast<int64_t>(text.size()) > max_bytes_) {
    ended_ = true;
    text = dump_json(Json{{"end", "it is as large as it may get"}}) + "\n";
  }
  n_bytes_ += static_cast<int64_t>(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t n = ::write(file_.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      ended_ = true;  // a full disk: the half line at the end is dropped when it is read
      return;
    }
    rest.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace rondo::lsp
