// Conversation: one client, and all that is its own: Server, Workspace, and its name in the engine
// that it shares with others.
//
// Thread: the loop. Borrows Loop and engine. Must live as long as its Server says.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "config/files.h"
#include "engine/engine.h"
#include "lsp/abilities.h"
#include "lsp/loop.h"
#include "lsp/loop_handles.h"
#include "lsp/server.h"
#include "lsp/workspace.h"

namespace rondo::lsp {

struct ConversationOptions {
  ServerOptions server;
  // Tells its cursors in the engine from those that others have in the same documents.
  std::string client;
  config::Places configuration;
  std::function<void(const std::string& line)> log;
  Recorder* recorder = nullptr;  // who writes down what is said, if anybody; outlives it
};

class Conversation {
 public:
  Conversation(Loop& loop, ConversationOptions options, ServerEvents events);

  // What EngineKeeper says.
  void engine_loaded(const Result<engine::Engine*>& engine, const Abilities& abilities);
  // From now on nothing of its workspace reaches the loop; who takes the workspace may destroy it
  // on any thread, which waits for that of others. REQUIRES: the Server is finished.
  std::unique_ptr<Workspace> take_workspace();

  Server& server() { return server_; }
  // Workspace::reading(). REQUIRES: the workspace is not taken.
  assist::ReadingProgress reading() const { return workspace_->reading(); }

 private:
  WorkspaceEvents workspace_events();
  SessionHooks hooks();
  ActionService actions();
  ModuleService modules();
  void read_configuration(const std::vector<std::string>& folders,
                          std::function<void(config::FileLayers)> done);
  void progressed(const workspace::IndexProgress& progress);

  Loop& loop_;
  const ConversationOptions options_;
  // What is posted for the workspace runs only while this is there.
  std::shared_ptr<Conversation> self_{this, [](Conversation*) {}};
  std::unique_ptr<Workspace> workspace_;
  Timer pause_;    // of who types
  Server server_;  // calls the workspace
};

}  // namespace rondo::lsp
