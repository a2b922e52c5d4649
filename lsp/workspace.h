// Workspace: what one client works on: its folders, each with an index of its Blocks that an
// Indexer keeps up to date, and a Completer that chooses context from that index. A document
// belongs to the innermost folder that holds it; those around that one index it too. Documents
// outside of all folders are completed without context.
//
// What must not be read any more is forgotten in the engine too, wherever that keeps it: of a file
// that is seen to change at once, of all others when the folder was scanned.
//
// Thread: the loop. Ownership: owns indexes, Indexers and Completers; borrows the engine.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "assist/actions.h"
#include "assist/completion.h"
#include "assist/workspace_reader.h"
#include "engine/engine.h"
#include "lsp/file_watcher.h"
#include "workspace/block_index.h"
#include "workspace/document_store.h"
#include "workspace/indexer.h"

namespace rondo::lsp {

struct WorkspaceEvents {
  // Runs a function on the loop thread, later; from any thread.
  std::function<void(std::function<void()>)> post;
  // How far all folders together have been read.
  std::function<void(const workspace::IndexProgress&)> progress;
  std::function<void(const std::string& line)> log;
};

// Where the model reads a whole folder while nobody waits.
enum class ReadWorkspace { kNever, kOnGpu, kAlways };

// Of the option of that name.
ReadWorkspace read_workspace_of(std::string_view name);

// What longer work on a workspace folder has at hand; it lives as long as the work.
struct Desk {
  engine::Engine& engine;
  const workspace::BlockIndex& index;
  std::string folder;    // the workspace folder, absolute
  std::string path;      // what is worked on, relative to it; empty: the folder itself
  std::stop_token stop;  // the folder is closed
};

class Workspace {
 public:
  explicit Workspace(WorkspaceEvents events);
  ~Workspace();

  // Generated code may run in these folders; in others not, nor in none that was not said.
  void set_trusted(const std::vector<std::string>& paths);

  // From now on folders are read ahead where `reading` says, those of before as well.
  void set_reading(ReadWorkspace reading);
  // How far all of them are read.
  assist::ReadingProgress reading() const;

  // From now on complete() may be called. REQUIRES: engine.config().fim; it outlives this.
  void set_engine(engine::Engine& engine);
  // What the model can do, before that.
  void set_abilities(assist::ActionAbilities abilities) { abilities_ = abilities; }

  // The folders are these, absolute. What is known of those that stay, stays.
  void set_folders(const std::vector<std::string>& paths);
  // The client does not tell of files that change on disk: watch them.
  void watch_files();

  void document_changed(const workspace::DocumentSnapshot& document);
  void document_closed(const workspace::DocumentSnapshot& document);
  // `path` is absolute. Nothing happens when it lies in no folder.
  void file_changed(const std::string& path);

  // As assist::Completer::complete. While somebody waits, no further file is read; but in a folder
  // that was opened a moment ago the answer waits for what is read in that moment.
  // REQUIRES: set_engine() was called.
  void complete(assist::CompletionParams params, std::stop_token stop,
                std::function<void(Result<assist::CompletionOutcome>)> done);
  // As assist::Completer::prepare; nothing happens before set_engine().
  void prepare(assist::CompletionParams params);
  // As assist::Completer::stop_preparing.
  void stop_preparing(const std::string& client, const workspace::Document& document);

  // As assist::Actions does. REQUIRES: set_engine() was called.
  void list_actions(assist::ActionQuery query, std::stop_token stop,
                    std::function<void(Result<std::vector<assist::Action>>)> done);
  void make_action(assist::ActionOrder order, std::stop_token stop,
                   std::function<void(Result<assist::ActionOutcome>)> done);
  // The URI of a file by its path in the folder of a document.
  std::string uri_beside(const workspace::Document& document, const std::string& path) const;
  // Runs `work` on a thread of its own, for the folder that holds the absolute `path`.
  // Errors: NotFound when none does. REQUIRES: set_engine() was called.
  Status work(const std::string& path, std::function<void(const Desk&)> work);

 private:
  struct Folder;
  struct Found {
    Folder& folder;    // outside_ when it lies in none
    std::string path;  // relative to it
  };

  void equip(Folder& folder);
  void begin_reading(Folder& folder);
  void read_on(Folder& folder);
  void close(std::unique_ptr<Folder> folder);
  std::unique_ptr<Folder> make_folder(const std::string& path);
  void watch(Folder& folder);
  Found find(const workspace::Document& document) const;
  std::vector<Found> find_all(std::string_view path) const;
  void keep_to_folder(assist::CompletionParams& params) const;
  void forget_excluded(const std::string& folder);
  void report();
  void pause(bool paused);

  const WorkspaceEvents events_;
  engine::Engine* engine_ = nullptr;
  assist::ActionAbilities abilities_;
  ReadWorkspace reading_ = ReadWorkspace::kNever;
  bool watching_ = false;
  int n_waiting_ = 0;                                       // completions
  std::map<std::string, std::unique_ptr<Folder>> folders_;  // by path
  std::unique_ptr<Folder> outside_;                         // of all folders
  std::vector<std::jthread> closing_;  // of folders with work that has not ended
};

}  // namespace rondo::lsp
