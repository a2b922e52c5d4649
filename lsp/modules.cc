#include "lsp/modules.h"

#include <algorithm>
#include <utility>

#include "lsp/protocol.h"
#include "lsp/uri.h"

namespace rondo::lsp {
namespace {

constexpr size_t kSiblingsNamed = 3;

}  // namespace

void Modules::ready(ModuleService service, std::string model) {
  service_ = std::move(service);
  model_ = std::move(model);
  obstacle_.clear();
}

void Modules::failed(std::string reason) {
  service_ = {};
  obstacle_ = std::move(reason);
}

void Modules::plan(ModuleRequest request, Reply reply) {
  with_plan(request, reply, [this, reply](const PlannedModule& planned) {
    reply.result(module_plan_result(planned, label_of(planned)));
  });
}

void Modules::write(ModuleRequest request, Reply reply) {
  if (!client_.creates_files) {
    return reply.error({ErrorCode::kRequestFailed, "This editor cannot make files by an edit."});
  }
  with_plan(request, reply,
            [this, token = request.progress_token, reply](const PlannedModule& planned) {
              write_planned(planned, token, reply);
            });
}

void Modules::with_plan(const ModuleRequest& request, const Reply& reply,
                        std::function<void(PlannedModule)> then) {
  if (!obstacle_.empty()) return reply.error({ErrorCode::kRequestFailed, obstacle_});
  const auto folder = path_of_uri(request.folder);
  if (!folder) return reply.error({ErrorCode::kInvalidParams, request.folder + " is no folder"});
  service_.plan({.folder = *folder, .sentence = request.sentence, .language = request.language},
                [post = post_, self = std::weak_ptr(self_), reply,
                 then = std::move(then)](Result<PlannedModule> planned) {
                  post([self, reply, then, planned = std::move(planned)] {
                    if (!self.lock() || !reply.open()) return;
                    if (!planned.ok()) return reply.error(to_rpc_error(planned.status()));
                    then(*planned);
                  });
                });
}

void Modules::write_planned(const PlannedModule& planned, const Json& token, const Reply& reply) {
  const auto show = [post = post_, self = std::weak_ptr(self_), token](Json params) {
    if (token.is_null()) return;
    post([self, params = std::move(params)] {
      if (const auto modules = self.lock()) modules->connection_.notify(method::kProgress, params);
    });
  };
  show(module_progress_begin(token, "Rondo: writing " + planned.plan.name));
  const auto told = [show, token](int n_done, int n_all, const std::string& function) {
    show(module_progress_report(token, function, 100 * n_done / std::max(n_all, 1)));
  };
  const auto done = [post = post_, self = std::weak_ptr(self_), reply, planned, show,
                     token](Result<assist::WrittenModule> module) {
    show(module_progress_end(token));
    post([self, reply, planned, module = std::move(module)] {
      const auto modules = self.lock();
      if (!modules) return;
      if (!module.ok()) return reply.error(to_rpc_error(module.status()));
      reply.result(
          module_write_result(planned, *module, modules->label_of(planned), modules->client_));
    });
  };
  service_.write(planned, reply.stop_token(), told, done);
}

// Says how much of it is the model's.
std::string Modules::label_of(const PlannedModule& planned) const {
  std::string like;
  const std::vector<std::string>& siblings = planned.plan.siblings;
  for (size_t i = 0; i < std::min(siblings.size(), kSiblingsNamed); ++i) {
    like += (i == 0 ? " like " : ", ") + siblings[i];
  }
  return "A skeleton" + like + "; " + model_ + " only fills in the bodies, so read them.";
}

}  // namespace rondo::lsp
