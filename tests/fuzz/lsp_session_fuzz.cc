// Any lines as messages of a client: the session answers every request exactly once, and lives on.
#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "base/check.h"
#include "lsp/session.h"

namespace rondo::lsp {
namespace {

std::string key(const RequestId& id) { return dump_json(error_message(id, {})["id"]); }

class Client {
 public:
  Client() : session_("1", hooks()) {
    session_.model_ready([](assist::CompletionParams params, std::stop_token, auto done) {
      CHECK(params.offset >= 0 && params.offset <= params.document->text->size(), "cursor in text");
      assist::CompletionOutcome outcome;
      outcome.candidates.push_back(
          {.text = "x", .replace_begin = params.offset, .replace_end = params.offset});
      done(std::move(outcome));
    });
  }

  void send(std::string line) {
    const Message message = read_message(line);
    if (const auto* request = std::get_if<Request>(&message)) ++n_open_[key(request->id)];
    const auto* invalid = std::get_if<InvalidMessage>(&message);
    if (invalid != nullptr && invalid->id) ++n_open_[key(*invalid->id)];
    session_.receive({.kind = Frame::Kind::kMessage, .text = std::move(line)});
    for (; !posted_.empty(); posted_.pop_front()) posted_.front()();
    for (const auto& [id, n] : n_open_) CHECK(n == 0, "every request is answered once");
  }

 private:
  SessionHooks hooks() {
    return {.send =
                [this](const Json& message) {
                  if (message.contains("method") || message["id"].is_null()) return;
                  --n_open_[dump_json(message["id"])];
                },
            .post = [this](std::function<void()> work) { posted_.push_back(std::move(work)); },
            .log = [](const std::string&) {},
            .exit = [](int) {},
            .watch_process = [](int64_t) {},
            .set_folders = [](const std::vector<std::string>&) {},
            .files_changed = [](const std::vector<std::string>&) {},
            .document_changed = [](const workspace::DocumentSnapshot&) {},
            .document_closed = [](const workspace::DocumentSnapshot&) {},
            .read_configuration = [](const std::vector<std::string>&,
                                     auto done) { done(config::FileLayers()); },
            .prepare = [](assist::CompletionParams) {},
            .after_pause = [](std::chrono::milliseconds, const std::function<void()>&) {},
            .watch_files = [] {}};
  }

  std::map<std::string, int> n_open_;  // by id
  std::deque<std::function<void()>> posted_;
  Session session_;
};

}  // namespace
}  // namespace rondo::lsp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rondo::lsp::Client client;
  std::string_view lines(reinterpret_cast<const char*>(data), size);
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    client.send(std::string(lines.substr(0, end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return 0;
}
