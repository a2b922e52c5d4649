#include "lsp/workspace.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "lsp/uri.h"

namespace rondo::lsp {

using assist::CompletionOutcome;
using workspace::DocumentSnapshot;
using workspace::IndexProgress;

namespace {

using Clock = std::chrono::steady_clock;

// A folder that was just opened is read for so long before a suggestion there does without it: as
// long as a person hardly notices once, and enough for some hundred files.
constexpr std::chrono::milliseconds kFirstReading{300};

// Why the model must not read a document at all. `indexer`: of its folder, or null.
std::optional<std::string> refusal(const workspace::Indexer* indexer,
                                   const workspace::Document& document) {
  const auto exclusion =
      indexer != nullptr
          ? indexer->exclusion(document)
          : workspace::exclusion_outside(path_in_uri(document.uri).value_or("/" + document.path),
                                         *document.text);
  if (!exclusion || !exclusion->at_all) return std::nullopt;
  return document.path + " " + exclusion->reason + ": it is not read";
}

}  // namespace

ReadWorkspace read_workspace_of(std::string_view name) {
  if (name == "gpu") return ReadWorkspace::kOnGpu;
  return name == "always" ? ReadWorkspace::kAlways : ReadWorkspace::kNever;
}

// What calls goes before what it calls.
struct Workspace::Folder {
  std::string path;
  const Clock::time_point opened = Clock::now();
  workspace::BlockIndex index;
  std::unique_ptr<workspace::Indexer> indexer;   // null when the folder cannot be read
  std::unique_ptr<FileWatcher> watcher;          // null when the client tells, or none can be had
  std::unique_ptr<assist::Completer> completer;  // null while there is no engine
  std::atomic<bool> runs_code = false;
  std::unique_ptr<assist::Actions> actions;         // null likewise; asks runs_code
  std::unique_ptr<assist::WorkspaceReader> reader;  // null where the folder is not read ahead
  std::vector<std::string> open;  // documents that are, the one that changed last first

  // Longer work, whose end a thread says before it ends.
  struct Worker {
    std::shared_ptr<std::atomic<bool>> done;
    std::jthread thread;
  };
  std::vector<Worker> workers;

  // What is left of its first reading.
  std::chrono::milliseconds first_reading() const {
    return std::max(
        std::chrono::ceil<std::chrono::milliseconds>(opened + kFirstReading - Clock::now()),
        std::chrono::milliseconds(0));
  }
};

Workspace::Workspace(WorkspaceEvents events)
    : events_(std::move(events)), outside_(std::make_unique<Folder>()) {}

Workspace::~Workspace() = default;

void Workspace::set_engine(engine::Engine& engine) {
  engine_ = &engine;
  equip(*outside_);
  for (const auto& [path, folder] : folders_) equip(*folder);
}

void Workspace::equip(Folder& folder) {
  assist::CompleterOptions options;
  options.folder = folder.path;
  options.refuse = [indexer = folder.indexer.get()](const workspace::Document& document) {
    return refusal(indexer, document);
  };
  options.await_index = [&folder](std::stop_token stop) {
    if (folder.indexer && folder.first_reading().count() > 0) {
      folder.indexer->wait_until_idle(folder.first_reading(), std::move(stop));
    }
  };
  folder.completer = std::make_unique<assist::Completer>(*engine_, folder.index, options);
  folder.actions = std::make_unique<assist::Actions>(
      *engine_, folder.index,
      assist::ActionsOptions{.folder = folder.path,
                             .abilities = abilities_,
                             .runs_code = [&folder] { return folder.runs_code.load(); },
                             .refuse = options.refuse});
  if (folder.indexer && folder.indexer->progress().finished) forget_excluded(folder.path);
  begin_reading(folder);
}

void Workspace::set_reading(ReadWorkspace reading) {
  reading_ = reading;
  for (const auto& [path, folder] : folders_) begin_reading(*folder);
}

void Workspace::begin_reading(Folder& folder) {
  const bool wanted =
      reading_ == ReadWorkspace::kAlways ||
      (reading_ == ReadWorkspace::kOnGpu && engine_ != nullptr && engine_->stats().device != "CPU");
  if (!wanted || engine_ == nullptr || folder.indexer == nullptr || !engine_->config().segment)
    return folder.reader.reset();
  if (folder.reader == nullptr)
    folder.reader = std::make_unique<assist::WorkspaceReader>(*engine_, folder.index, folder.path);
  read_on(folder);
}

// What is open comes first, but nothing before the whole folder is indexed: what it imports is not
// known sooner.
void Workspace::read_on(Folder& folder) {
  if (folder.reader && folder.indexer->progress().finished) folder.reader->look(folder.open);
}

assist::ReadingProgress Workspace::reading() const {
  assist::ReadingProgress all = {.finished = true};
  for (const auto& [path, folder] : folders_) {
    if (folder->reader == nullptr) continue;
    const assist::ReadingProgress one = folder->reader->progress();
    all.n_blocks += one.n_blocks;
    all.n_tokens += one.n_tokens;
    all.max_tokens += one.max_tokens;
    all.finished = all.finished && one.finished;
  }
  return all;
}

// Of what the engine has kept of this folder, now or in an earlier process, what is excluded now.
void Workspace::forget_excluded(const std::string& folder) {
  if (engine_ == nullptr) return;
  const auto found = [this, folder](const std::vector<std::string>& origins) {
    const auto it = folders_.find(folder);
    if (it == folders_.end() || it->second->indexer == nullptr || origins.empty()) return;
    std::vector<std::string> paths;
    for (const std::string& origin : origins) paths.push_back(origin.substr(folder.size() + 1));
    it->second->indexer->find_excluded(
        std::move(paths), [folder, engine = engine_](std::vector<std::string> excluded) {
          for (std::string& path : excluded) path = folder + "/" + path;
          if (!excluded.empty()) engine->forget_segments(std::move(excluded));
        });
  };
  engine_->list_origins(folder + "/",
                        [found, post = events_.post](std::vector<std::string> origins) {
                          post([found, origins = std::move(origins)] { found(origins); });
                        });
}

void Workspace::set_trusted(const std::vector<std::string>& paths) {
  for (const auto& [path, folder] : folders_) {
    folder->runs_code = std::find(paths.begin(), paths.end(), path) != paths.end();
  }
}

void Workspace::set_folders(const std::vector<std::string>& paths) {
  for (auto it = folders_.begin(); it != folders_.end();) {
    const bool stays = std::find(paths.begin(), paths.end(), it->first) != paths.end();
    if (!stays) close(std::move(it->second));
    it = stays ? std::next(it) : folders_.erase(it);
  }
  for (const std::string& path : paths) {
    if (!folders_.contains(path)) folders_[path] = make_folder(path);
  }
  report();
}

// Work may take a while to end, which nobody here waits for.
void Workspace::close(std::unique_ptr<Folder> folder) {
  if (folder->workers.empty()) return;
  for (Folder::Worker& worker : folder->workers) worker.thread.request_stop();
  closing_.emplace_back([folder = std::move(folder)]() mutable { folder.reset(); });
}

std::unique_ptr<Workspace::Folder> Workspace::make_folder(const std::string& path) {
  auto folder = std::make_unique<Folder>();
  folder->path = path;
  const auto on_progress = [this, path](const IndexProgress& progress) {
    events_.post([this, path, finished = progress.finished] {
      if (finished) forget_excluded(path);
      if (const auto it = folders_.find(path); finished && it != folders_.end())
        read_on(*it->second);
      report();
    });
  };
  const auto on_excluded = [this, folder = path](const std::string& path) {
    events_.post([this, origin = folder + "/" + path] {
      if (engine_ != nullptr) engine_->forget_segments({origin});
    });
  };
  auto indexer = workspace::Indexer::start(
      path, folder->index, {.on_progress = on_progress, .on_excluded = on_excluded});
  if (indexer.ok()) {
    folder->indexer = std::move(*indexer);
  } else {
    events_.log(indexer.status().message());
  }
  if (watching_) watch(*folder);
  if (engine_ != nullptr) equip(*folder);
  return folder;
}

void Workspace::watch_files() {
  watching_ = true;
  for (const auto& [path, folder] : folders_) watch(*folder);
}

void Workspace::watch(Folder& folder) {
  workspace::Indexer* const indexer = folder.indexer.get();
  if (indexer == nullptr || folder.watcher != nullptr) return;
  auto watcher = FileWatcher::start(
      folder.path,
      {.changed = [indexer](const std::string& path) { indexer->file_changed(path); },
       .lost = [indexer] { indexer->rescan(); },
       .log =
           [this](const std::string& line) { events_.post([this, line] { events_.log(line); }); }});
  if (!watcher.ok()) return events_.log(watcher.status().message());
  folder.watcher = std::move(*watcher);
}

// ---- what changes ----------------------------------------------------------------------------

// Documents without a path of their own, as new ones, lie outside.
Workspace::Found Workspace::find(const workspace::Document& document) const {
  std::vector<std::string> paths;
  for (const auto& [folder, unused] : folders_) paths.push_back(folder);
  const std::string path = path_of_uri(document.uri).value_or("");
  const auto place = place_path(path, paths);
  if (!place) return {.folder = *outside_};
  return {.folder = *folders_.at(std::string(place->folder)), .path = std::string(place->path)};
}

// The readable folders that hold `path`.
std::vector<Workspace::Found> Workspace::find_all(std::string_view path) const {
  std::vector<Found> all;
  for (const auto& [name, folder] : folders_) {
    const auto place = place_path(path, {name});
    if (place && folder->indexer) {
      all.push_back({.folder = *folder, .path = std::string(place->path)});
    }
  }
  return all;
}

void Workspace::document_changed(const DocumentSnapshot& document) {
  for (Found& found : find_all(path_of_uri(document->uri).value_or(""))) {
    auto there = std::make_shared<workspace::Document>(*document);
    there->path = std::move(found.path);
    const bool opened = std::erase(found.folder.open, there->path) == 0;
    found.folder.open.insert(found.folder.open.begin(), there->path);
    if (opened) read_on(found.folder);
    found.folder.indexer->document_changed(std::move(there));
  }
}

void Workspace::document_closed(const DocumentSnapshot& document) {
  for (const Found& found : find_all(path_of_uri(document->uri).value_or(""))) {
    std::erase(found.folder.open, found.path);
    found.folder.indexer->document_closed(found.path);
  }
}

void Workspace::file_changed(const std::string& path) {
  for (const Found& found : find_all(path)) found.folder.indexer->file_changed(found.path);
}

void Workspace::report() {
  IndexProgress all = {.finished = true};
  for (const auto& [path, folder] : folders_) {
    if (!folder->indexer) continue;
    const IndexProgress one = folder->indexer->progress();
    all.n_done += one.n_done;
    all.n_total += one.n_total;
    all.n_skipped += one.n_skipped;
    all.finished = all.finished && one.finished;
    if (!one.note.empty()) all.note = one.note;
  }
  events_.progress(all);
}

// ---- completion ------------------------------------------------------------------------------

void Workspace::complete(assist::CompletionParams params, std::stop_token stop,
                         std::function<void(Result<CompletionOutcome>)> done) {
  assist::Completer& completer = *find(*params.document).folder.completer;
  keep_to_folder(params);
  if (++n_waiting_ == 1) pause(true);
  completer.complete(std::move(params), std::move(stop),
                     [this, done = std::move(done)](Result<CompletionOutcome> outcome) {
                       done(std::move(outcome));
                       events_.post([this] {
                         if (--n_waiting_ == 0) pause(false);
                       });
                     });
}

// What lies in another folder is no context in this one.
void Workspace::keep_to_folder(assist::CompletionParams& params) const {
  const Folder* folder = &find(*params.document).folder;
  std::erase_if(params.open, [&](const DocumentSnapshot& open) {
    return &find(*open).folder != folder || open->uri == params.document->uri;
  });
  std::erase_if(params.edits, [&](const workspace::DocumentEdit& edit) {
    return &find(*edit.document).folder != folder;
  });
}

void Workspace::prepare(assist::CompletionParams params) {
  Folder& folder = find(*params.document).folder;
  keep_to_folder(params);
  if (folder.completer) folder.completer->prepare(std::move(params));
}

void Workspace::stop_preparing(const std::string& client, const workspace::Document& document) {
  const Folder& folder = find(document).folder;
  if (folder.completer) folder.completer->stop_preparing(client, document.uri);
}

void Workspace::list_actions(assist::ActionQuery query, std::stop_token stop,
                             std::function<void(Result<std::vector<assist::Action>>)> done) {
  assist::Actions& actions = *find(*query.document).folder.actions;
  actions.list(std::move(query), std::move(stop), std::move(done));
}

void Workspace::make_action(assist::ActionOrder order, std::stop_token stop,
                            std::function<void(Result<assist::ActionOutcome>)> done) {
  assist::Actions& actions = *find(*order.document).folder.actions;
  actions.make(std::move(order), std::move(stop), std::move(done));
}

std::string Workspace::uri_beside(const workspace::Document& document,
                                  const std::string& path) const {
  return uri_of_path(find(document).folder.path + "/" + path);
}

Status Workspace::work(const std::string& path, std::function<void(const Desk&)> work) {
  std::vector<std::string> paths;
  for (const auto& [folder, unused] : folders_) paths.push_back(folder);
  const auto place = place_path(path, paths);
  if (!place && !folders_.contains(path)) {
    return not_found_error(path + " lies in no folder of the workspace");
  }
  Folder& folder = *folders_.at(place ? std::string(place->folder) : path);
  std::erase_if(folder.workers, [](const Folder::Worker& worker) { return worker.done->load(); });
  Desk desk = {.engine = *engine_,
               .index = folder.index,
               .folder = folder.path,
               .path = place ? std::string(place->path) : ""};
  const auto done = std::make_shared<std::atomic<bool>>(false);
  folder.workers.push_back({.done = done,
                            .thread = std::jthread([desk = std::move(desk), work = std::move(work),
                                                    done](std::stop_token stop) mutable {
                              desk.stop = std::move(stop);
                              work(desk);
                              *done = true;
                            })});
  return {};
}

void Workspace::pause(bool paused) {
  for (const auto& [path, folder] : folders_) {
    if (!folder->indexer || (paused && folder->first_reading().count() > 0)) continue;
    folder->indexer->pause(paused);
  }
}

}  // namespace rondo::lsp
