#include "lsp/conversation.h"

#include <algorithm>
#include <utility>

#include "assist/sandbox.h"
#include "config/configuration.h"
#include "config/trust.h"
#include "lsp/module_work.h"

namespace rondo::lsp {
namespace {

// Those of `folders` in which generated code may run: approved by the user, and a sandbox is here.
std::vector<std::string> runnable_folders(const config::Places& places,
                                          const std::vector<std::string>& folders) {
  std::vector<std::string> trusted;
  const Result<config::Trust> trust = config::Trust::read(places.trust_file);
  if (!trust.ok() || trust->approved().empty() || !assist::sandbox_ready().ok()) return trusted;
  for (const std::string& folder : folders) {
    const Result<std::string> path = config::canonical_folder(folder);
    const Result<std::string> text = config::workspace_text(folder);
    if (path.ok() && text.ok() && trust->approves(*path, *text)) trusted.push_back(folder);
  }
  return trusted;
}

}  // namespace

Conversation::Conversation(Loop& loop, ConversationOptions options, ServerEvents events)
    : loop_(loop),
      options_(std::move(options)),
      workspace_(std::make_unique<Workspace>(workspace_events())),
      pause_(loop),
      server_(loop, options_.server, hooks(), std::move(events)) {}

WorkspaceEvents Conversation::workspace_events() {
  return {.post =
              [&loop = loop_, self = std::weak_ptr(self_)](std::function<void()> work) {
                loop.post([self, work = std::move(work)] {
                  if (self.lock()) work();
                });
              },
          .progress = [this](const workspace::IndexProgress& p) { progressed(p); },
          .log = options_.log};
}

SessionHooks Conversation::hooks() {
  return {.log = options_.log,
          .set_folders =
              [this](const std::vector<std::string>& paths) { workspace_->set_folders(paths); },
          .files_changed =
              [this](const std::vector<std::string>& paths) {
                for (const std::string& path : paths) workspace_->file_changed(path);
              },
          .document_changed =
              [this](const workspace::DocumentSnapshot& d) {
                workspace_->stop_preparing(options_.client, *d);
                workspace_->document_changed(d);
              },
          .document_closed =
              [this](const workspace::DocumentSnapshot& d) {
                workspace_->stop_preparing(options_.client, *d);
                workspace_->document_closed(d);
              },
          .read_configuration =
              [this](const std::vector<std::string>& folders,
                     std::function<void(config::FileLayers)> done) {
                read_configuration(folders, std::move(done));
              },
          .prepare =
              [this](assist::CompletionParams params) {
                params.client = options_.client;
                workspace_->prepare(std::move(params));
              },
          .after_pause =
              [this](std::chrono::milliseconds delay, std::function<void()> work) {
                if (!work) return pause_.stop();
                pause_.start(delay, std::move(work));
              },
          .watch_files = [this] { workspace_->watch_files(); },
          .recorded = {.recorder = options_.recorder, .name = options_.client}};
}

void Conversation::engine_loaded(const Result<engine::Engine*>& engine,
                                 const Abilities& abilities) {
  if (!engine.ok()) return server_.session().model_failed(engine.status());
  workspace_->set_abilities({.fills_in = abilities.fills_in, .chats = abilities.chats});
  workspace_->set_engine(**engine);
  server_.session().model_is(abilities, larger_model_hint(options_.configuration.user_file));
  server_.session().actions_ready(actions());
  server_.session().modules_ready(modules(), abilities.name);
  server_.session().model_ready(
      [this](assist::CompletionParams params, std::stop_token stop,
             std::function<void(Result<assist::CompletionOutcome>)> done) {
        params.client = options_.client;
        workspace_->complete(std::move(params), std::move(stop), std::move(done));
      });
}

ActionService Conversation::actions() {
  return {
      .list =
          [this](assist::ActionQuery query, std::stop_token stop, auto done) {
            workspace_->list_actions(std::move(query), std::move(stop), std::move(done));
          },
      .make =
          [this](assist::ActionOrder order, std::stop_token stop, auto done) {
            order.client = options_.client;
            workspace_->make_action(std::move(order), std::move(stop), std::move(done));
          },
      .uri_of = [this](const workspace::Document& document,
                       const std::string& path) { return workspace_->uri_beside(document, path); }};
}

ModuleService Conversation::modules() {
  return {.plan =
              [this](ModuleOrder order, std::function<void(Result<PlannedModule>)> done) {
                const Status begun = workspace_->work(
                    order.folder,
                    [order, done](const Desk& desk) { done(plan_module(order, desk)); });
                if (!begun.ok()) done(begun);
              },
          .write =
              [this](PlannedModule planned, std::stop_token stop, auto told, auto done) {
                const std::string folder = planned.folder;
                const ModuleMaking making = {.places = options_.configuration,
                                             .client = options_.client,
                                             .told = std::move(told)};
                const Status begun = workspace_->work(
                    folder, [planned = std::move(planned), stop, making, done](const Desk& desk) {
                      done(make_module(planned, desk, making, stop));
                    });
                if (!begun.ok()) done(begun);
              }};
}

void Conversation::read_configuration(const std::vector<std::string>& folders,
                                      std::function<void(config::FileLayers)> done) {
  struct Read {
    config::FileLayers layers;
    std::vector<std::string> trusted;
  };
  auto read = std::make_shared<Read>();
  loop_.behind(
      [read, places = options_.configuration, folders] {
        read->layers = config::read_layers(places, folders);
        read->trusted = runnable_folders(places, folders);
      },
      [this, read, done = std::move(done), self = std::weak_ptr(self_)] {
        if (!self.lock()) return;
        workspace_->set_trusted(read->trusted);
        config::Configuration users;
        users.add(read->layers.user);
        workspace_->set_reading(read_workspace_of(users.text("readWorkspace")));
        done(std::move(read->layers));
      });
}

void Conversation::progressed(const workspace::IndexProgress& progress) {
  const std::string total = std::to_string(progress.n_total) + " files";
  if (progress.finished) {
    if (!progress.note.empty()) options_.log(progress.note);
    return server_.session().index_ready(total);
  }
  const auto percent =
      static_cast<int>(100 * progress.n_done / std::max<int64_t>(progress.n_total, 1));
  server_.session().indexing(std::to_string(progress.n_done) + " of " + total, percent);
}

std::unique_ptr<Workspace> Conversation::take_workspace() {
  self_.reset();
  return std::move(workspace_);
}

}  // namespace rondo::lsp
