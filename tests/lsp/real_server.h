// The whole server with the embedded model, on a thread of its own, and an editor that talks to it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

#include "lsp/standalone.h"
#include "lsp/uri.h"
#include "tests/lsp/client.h"

namespace rondo::lsp {

inline const std::string kEmbeddedModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";

// Whether `holds()` soon: asks it again and again, since what other threads do shows only then.
template <typename Holds>
bool soon(Holds holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (std::chrono::steady_clock::now() < deadline) {
    if (holds()) return true;
  }
  return false;
}

class RealServer {
 public:
  explicit RealServer(std::string model = kEmbeddedModel, engine::TierOptions tiers = {},
                      std::string script = {})
      : exit_code_(std::async(
            std::launch::async,
            [input = pipes_.to_server[0], output = pipes_.to_client[1], model, tiers, script] {
              return run_standalone({.server = {.version = "1", .input = input, .output = output},
                                     .engine = {.model_found = {},
                                                .engine = {.model = model,
                                                           .n_threads = 2,
                                                           .kv_bytes = 64 << 20,
                                                           .tiers = tiers,
                                                           .script = script}}});
            })),
        client(pipes_.to_client[0], pipes_.to_server[1]) {}

  // Introduces the editor, with a workspace folder, and waits until model and index are ready.
  void begin(const std::filesystem::path& folder, Json params = kInitialize) {
    params["rootUri"] = uri_of_path(folder.string());
    ask("initialize", params);
    client.send(notification_message("initialized", Json::object()));
    EXPECT_TRUE(ask_until("rondo/status", nullptr, [](const Json& status) {
      return status["index"]["state"] == "ready" && status["model"]["state"] == "ready";
    }));
  }

  Json ask(std::string_view method, const Json& params) {
    const Json answer = client.ask(++id_, method, params);
    EXPECT_EQ(answer["id"], id_) << answer.dump();
    return answer.contains("error") ? answer : answer["result"];
  }

  // Asks until the answer is as wanted.
  template <typename Wanted>
  bool ask_until(std::string_view method, const Json& params, Wanted wanted) {
    return soon([&] { return wanted(ask(method, params)); });
  }

  Json complete(const std::string& uri, int line, int character) {
    return ask("textDocument/inlineCompletion", at(uri, line, character));
  }
  Json why(const std::string& uri) { return ask("rondo/why", at(uri, 0, 0)); }

  // Whether a completion there is made with a Block of the file at `path`.
  bool uses(const std::string& uri, int line, int character, const std::string& path) {
    EXPECT_TRUE(complete(uri, line, character).is_object());
    const Json report = why(uri);
    for (const Json& block : report["blocks"]) {
      if (block["path"] == path) return true;
    }
    return false;
  }

  int hang_up() {
    client.hang_up();
    return exit_code_.get();
  }
  int wait() { return exit_code_.get(); }

 private:
  Pipes pipes_;
  std::future<int> exit_code_;
  int id_ = 0;

 public:
  Client client;
};

}  // namespace rondo::lsp
