#include "lsp/code_actions.h"

#include <utility>

#include "base/hash.h"
#include "lsp/protocol.h"

namespace rondo::lsp {
namespace {

using assist::Action;
using assist::ActionOutcome;
using workspace::ByteRange;
using workspace::DocumentSnapshot;
using workspace::PositionRange;
using workspace::Text;

std::string hash_of(const Text& text) { return hash_text(text.bytes()).to_string(); }

ByteRange bytes_of(const Text& text, const PositionRange& range,
                   workspace::PositionEncoding encoding) {
  const int64_t begin = text.offset_at(range.begin, encoding);
  return {.begin = begin, .end = std::max(begin, text.offset_at(range.end, encoding))};
}

std::vector<std::pair<PositionRange, std::string>> positioned(
    const Text& text, const std::vector<assist::TextEdit>& edits,
    workspace::PositionEncoding encoding) {
  std::vector<std::pair<PositionRange, std::string>> out;
  for (const assist::TextEdit& edit : edits) {
    out.push_back({{.begin = text.position_at(edit.range.begin, encoding),
                    .end = text.position_at(edit.range.end, encoding)},
                   edit.with});
  }
  return out;
}

Status changed(const std::string& uri) {
  return stale_error(uri + " is not what it was when the action was offered; ask for it again");
}

bool answers(const std::string& name) {
  const assist::ActionKind* kind = assist::action_kind(name);
  return kind != nullptr && kind->answers;
}

}  // namespace

void CodeActions::begin(const ActionCapabilities& client, workspace::PositionEncoding encoding,
                        bool shows_progress) {
  client_ = client;
  encoding_ = encoding;
  shows_progress_ = shows_progress;
}

// ---- the list --------------------------------------------------------------------------------

void CodeActions::list(CodeActionParams params, Reply reply) {
  const DocumentSnapshot document = hooks_.find(params.uri);
  if (document == nullptr) {
    return reply.error({ErrorCode::kInvalidParams, params.uri + " is not open"});
  }
  if (!service_.list || !client_.works() || !document->in_sync) return reply.result(Json::array());
  assist::ActionQuery query = {.document = document,
                               .selection = bytes_of(*document->text, params.range, encoding_)};
  query.automatic = params.automatic && query.selection.empty();
  for (const ClientDiagnostic& diagnostic : params.diagnostics) {
    query.diagnostics.push_back({.bytes = bytes_of(*document->text, diagnostic.range, encoding_),
                                 .message = diagnostic.message,
                                 .source = diagnostic.source,
                                 .code = diagnostic.code});
  }
  const auto answer = [this, document, params = std::move(params),
                       reply](const Result<std::vector<Action>>& actions) {
    Json list = Json::array();
    if (!actions.ok()) return reply.result(std::move(list));
    for (const Action& action : *actions) {
      const bool wanted = is_wanted(params.only, wire_kind(*assist::action_kind(action.name)));
      const bool shown = action.disabled.empty() || (client_.disabled && client_.literals);
      if (!wanted || !shown) continue;
      list.push_back(action_json(action, data_of(*document, action), params.diagnostics, client_));
    }
    reply.result(std::move(list));
  };
  service_.list(std::move(query), reply.stop_token(),
                [post = hooks_.post, self = std::weak_ptr(self_),
                 answer](Result<std::vector<Action>> actions) {
                  post([self, answer, actions = std::move(actions)] {
                    if (self.lock()) answer(actions);
                  });
                });
}

ActionData CodeActions::data_of(const workspace::Document& document, const Action& action) const {
  return {.uri = document.uri,
          .version = document.version,
          .hash = hash_of(*document.text),
          .name = action.name,
          .range = {.begin = document.text->position_at(action.bytes.begin, encoding_),
                    .end = document.text->position_at(action.bytes.end, encoding_)},
          .choice = action.choice};
}

// ---- making one ------------------------------------------------------------------------------

void CodeActions::resolve(ResolveParams params, Reply reply) {
  // Editors resolve whatever has no edit; this one has its command.
  if (answers(params.data.name)) return reply.result(std::move(params.action));
  const std::string title = json_get<std::string>(params.action, "title").value_or("");
  make(std::move(params.data), title, method::kResolveAction, reply,
       [reply, action = std::move(params.action)](Json edit, const ActionOutcome& outcome) {
         reply.result(resolved_action(action, std::move(edit), outcome.steps));
       });
}

void CodeActions::execute(CommandParams params, Reply reply) {
  if (params.command == command::kApplyAction && !params.data.uri.empty()) {
    return execute_edit(std::move(params.data), std::move(reply));
  }
  if (params.command == command::kAnswerAction && !params.data.uri.empty()) {
    return execute_answer(std::move(params.data), std::move(reply));
  }
  reply.error({ErrorCode::kInvalidParams, "there is no command " + params.command});
}

void CodeActions::execute_answer(ActionData data, Reply reply) {
  if (!answers(data.name)) {
    return reply.error({ErrorCode::kInvalidParams, data.name + " answers nothing to be read"});
  }
  const std::string title = data.name;
  make(std::move(data), title, method::kExecuteCommand, reply,
       [this, reply, title](const Json&, const ActionOutcome& outcome) {
         if (!client_.shows_answers) {
           connection_.notify(method::kShowMessage,
                              message_params(Severity::kInfo, outcome.markdown));
         }
         reply.result(answer_result(title, outcome));
       });
}

void CodeActions::execute_edit(ActionData data, Reply reply) {
  if (answers(data.name)) {
    return reply.error({ErrorCode::kInvalidParams, data.name + " makes no edit"});
  }
  const std::string label = "Rondo: " + data.name;
  make(std::move(data), label, method::kExecuteCommand, reply,
       [this, reply, label](Json edit, const ActionOutcome& outcome) {
         connection_.request(
             method::kApplyEdit, apply_edit_params(label, std::move(edit)),
             [reply, steps = outcome.steps](const Response& response) {
               std::string reason;
               if (!response.error && was_applied(response.result, reason)) {
                 return reply.result(command_result(steps));
               }
               reply.error({ErrorCode::kRequestFailed, "the editor did not make the edit" +
                                                           (reason.empty() ? "" : ": " + reason)});
             });
       });
}

void CodeActions::make(ActionData data, std::string title, std::string_view method, Reply reply,
                       std::function<void(Json edit, const ActionOutcome& outcome)> finish) {
  const DocumentSnapshot document = hooks_.find(data.uri);
  if (const Status current = check_current(document, data); !current.ok()) {
    return reply.error(to_rpc_error(current));
  }
  if (!service_.make) {
    return reply.error(
        to_rpc_error(unavailable_error("Rondo has no model; rondo/status says why")));
  }
  const int64_t id = ++n_jobs_;
  assist::ActionOrder order = {.document = document,
                               .action = {.name = data.name,
                                          .bytes = bytes_of(*document->text, data.range, encoding_),
                                          .choice = data.choice}};
  order.report = [post = hooks_.post, self = std::weak_ptr(self_), id](std::string message) {
    post([self, id, message = std::move(message)] {
      const auto actions = self.lock();
      if (!actions || !actions->jobs_.contains(id)) return;
      actions->jobs_[id]->progress.report(message, std::nullopt);
    });
  };
  auto job = std::unique_ptr<Job>(new Job{.document = document,
                                          .data = std::move(data),
                                          .title = std::move(title),
                                          .reply = reply,
                                          .progress = {connection_, "action" + std::to_string(id)},
                                          .finish = std::move(finish)});
  if (shows_progress_) job->progress.enable();
  job->progress.begin("Rondo: " + job->title, [reply] {
    reply.error({ErrorCode::kRequestCancelled, "the user cancelled it"});
  });
  jobs_[id] = std::move(job);
  service_.make(
      std::move(order), reply.stop_token(),
      [post = hooks_.post, self = std::weak_ptr(self_), id, method](Result<ActionOutcome> outcome) {
        post([self, id, method, outcome = std::move(outcome)] {
          if (const auto actions = self.lock()) actions->made(id, method, outcome);
        });
      });
}

void CodeActions::made(int64_t id, std::string_view method, const Result<ActionOutcome>& outcome) {
  const auto node = jobs_.extract(id);
  if (node.empty()) return;
  Job& job = *node.mapped();
  job.progress.end("");
  if (!job.reply.open()) return;
  if (!outcome.ok()) return job.reply.error(to_rpc_error(outcome.status()));
  hooks_.made(*job.document, method, job.data.range, outcome->steps);
  // What was said of the code as it was can be read still.
  if (!outcome->markdown.empty()) return job.finish({}, *outcome);
  Result<Json> edit = edit_of(job, *outcome);
  if (!edit.ok()) return job.reply.error(to_rpc_error(edit.status()));
  job.finish(std::move(*edit), *outcome);
}

// The text that the action was offered for is the one that the client has.
Status CodeActions::check_current(const DocumentSnapshot& now, const ActionData& data) const {
  const bool current = now != nullptr && now->in_sync && now->version == data.version &&
                       hash_of(*now->text) == data.hash;
  return current ? Status() : changed(data.uri);
}

Result<Json> CodeActions::edit_of(const Job& job, const ActionOutcome& outcome) const {
  RETURN_IF_ERROR(check_current(hooks_.find(job.data.uri), job.data));
  std::vector<FileEdits> files;
  if (!outcome.edits.empty()) {
    files.push_back({.uri = job.document->uri,
                     .version = job.document->version,
                     .edits = positioned(*job.document->text, outcome.edits, encoding_)});
  }
  for (const assist::OtherFile& other : outcome.others) {
    const std::string uri = service_.uri_of(*job.document, other.path);
    const DocumentSnapshot open = hooks_.find(uri);
    if (open != nullptr && (!open->in_sync || open->text->bytes() != other.before.value_or(""))) {
      return changed(uri);
    }
    if (!other.before && !client_.creates_files) {
      return not_found_error("this editor cannot make the file " + other.path);
    }
    files.push_back(other_file(uri, other));
    if (open != nullptr) files.back().version = open->version;
  }
  return workspace_edit_json(files, job.title, client_);
}

FileEdits CodeActions::other_file(const std::string& uri, const assist::OtherFile& file) const {
  const Text text(file.before.value_or(""));
  return {.uri = uri,
          .version = std::nullopt,
          .create = !file.before,
          .edits = positioned(text, file.edits, encoding_)};
}

void CodeActions::cancel(const std::string& token) {
  for (const auto& [id, job] : jobs_) job->progress.cancel(token);
}

void CodeActions::stop() {
  for (const auto& [id, job] : jobs_) {
    job->progress.disable();
    if (job->reply.open()) {
      job->reply.error({ErrorCode::kServerCancelled, "the server was shut down"});
    }
  }
}

}  // namespace rondo::lsp
