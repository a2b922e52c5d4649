#include "lsp/module_protocol.h"

#include <utility>

#include "assist/loop_step.h"
#include "lsp/members.h"
#include "lsp/uri.h"

namespace rondo::lsp {
namespace {

constexpr std::string_view kAnnotation = "rondo.module";

Json progress(const Json& token, Json value) {
  return {{"token", token}, {"value", std::move(value)}};
}

Json start_of_file() {
  const Json zero = {{"line", 0}, {"character", 0}};
  return {{"start", zero}, {"end", zero}};
}

// Makes the files, each with its text; none that is there already.
Json creating_edit(const PlannedModule& planned, const assist::WrittenModule& module,
                   const std::string& label, const ModuleCapabilities& client) {
  Json changes = Json::array();
  for (const assist::WrittenFile& file : module.files) {
    const std::string uri = uri_of_path(planned.folder + "/" + file.path);
    Json create = {{"kind", "create"},
                   {"uri", uri},
                   {"options", {{"overwrite", false}, {"ignoreIfExists", false}}}};
    Json edit = {{"range", start_of_file()}, {"newText", file.text}};
    if (client.annotations) create["annotationId"] = edit["annotationId"] = kAnnotation;
    changes.push_back(std::move(create));
    changes.push_back({{"textDocument", {{"uri", uri}, {"version", nullptr}}},
                       {"edits", Json::array({std::move(edit)})}});
  }
  Json whole = {{"documentChanges", std::move(changes)}};
  if (client.annotations) {
    whole["changeAnnotations"] = {{kAnnotation,
                                   {{"label", "New module " + planned.plan.name},
                                    {"needsConfirmation", false},
                                    {"description", label}}}};
  }
  return whole;
}

}  // namespace

Status read_module_capabilities(const Json& initialize, ModuleCapabilities& out) {
  return read_members(initialize, [&](Members& params) {
    params.optional_object("capabilities", [&](Members& capabilities) {
      capabilities.optional_object("workspace", [&](Members& workspace) {
        workspace.optional_object("workspaceEdit", [&](Members& edit) {
          std::vector<std::string> operations;
          edit.optional("resourceOperations", operations);
          for (const std::string& name : operations) out.creates_files |= name == "create";
          edit.optional_object("changeAnnotationSupport",
                               [&](Members&) { out.annotations = true; });
        });
      });
    });
  });
}

Status read_params(const Json& json, ModuleRequest& params) {
  return read_members(json, [&](Members& members) {
    members.required("folder", params.folder);
    members.required("sentence", params.sentence);
    members.optional("language", params.language);
    members.optional("workDoneToken", params.progress_token);
  });
}

Json module_plan_result(const PlannedModule& planned, const std::string& label) {
  Json files = Json::array();
  for (const assist::PlannedFile& file : planned.plan.files) {
    files.push_back({{"uri", uri_of_path(planned.folder + "/" + file.path)},
                     {"path", file.path},
                     {"signatures", file.signatures},
                     {"test", file.is_test}});
  }
  return {{"name", planned.plan.name},
          {"language", planned.language},
          {"label", label},
          {"files", std::move(files)},
          {"siblings", planned.plan.siblings}};
}

Json module_write_result(const PlannedModule& planned, const assist::WrittenModule& module,
                         const std::string& label, const ModuleCapabilities& client) {
  return {{"edit", creating_edit(planned, module, label, client)},
          {"label", label},
          {"functions", module.n_functions},
          {"written", module.n_written},
          {"notes", module.notes},
          {"loop_steps", assist::loop_steps_json(module.steps)}};
}

Json module_progress_begin(const Json& token, const std::string& title) {
  return progress(token,
                  {{"kind", "begin"}, {"title", title}, {"cancellable", true}, {"percentage", 0}});
}

Json module_progress_report(const Json& token, const std::string& message, int percent) {
  return progress(token, {{"kind", "report"}, {"message", message}, {"percentage", percent}});
}

Json module_progress_end(const Json& token) { return progress(token, {{"kind", "end"}}); }

}  // namespace rondo::lsp
