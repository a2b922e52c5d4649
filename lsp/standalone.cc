#include "lsp/standalone.h"

#include <spdlog/spdlog.h>

#include <string>

#include "lsp/conversation.h"
#include "lsp/loop.h"

namespace rondo::lsp {

int run_standalone(const StandaloneOptions& options) {
  // What calls goes before what it calls: conversation, keeper, loop.
  Loop loop;
  EngineKeeper keeper(loop, options.engine);
  const auto log = [](const std::string& line) { spdlog::info("{}", line); };
  Conversation conversation(loop,
                            {.server = options.server,
                             .client = {},
                             .configuration = options.configuration,
                             .log = log,
                             .recorder = options.recorder},
                            {.finished = [&loop] { loop.close(); }});
  Server& server = conversation.server();
  loop.watch_signals([&server] { server.hang_up(); });
  if (const Status started = server.start(); !started.ok()) {
    spdlog::error("{}", started.message());
    return 1;
  }
  if (options.client_process_id) server.watch_process(*options.client_process_id);
  keeper.want([&conversation, &keeper](const Result<engine::Engine*>& engine) {
    conversation.engine_loaded(engine, keeper.abilities());
  });
  loop.run();
  return server.exit_code();
}

}  // namespace rondo::lsp
