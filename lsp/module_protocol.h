// The part of the protocol that is about new modules: with protocol.h, the only header that knows
// the spelling on the wire.
//
//   rondo/modulePlan    {"folder": URI, "sentence", "language"?}
//     -> {"name", "language", "label", "files": [{"uri", "path", "signatures", "test"}],
//     "siblings"}
//   rondo/moduleWrite   the same and {"workDoneToken"?}
//     -> {"edit": WorkspaceEdit, "label", "functions", "written", "notes", "loop_steps"}
//
// Thread: values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assist/module_plan.h"
#include "assist/module_writer.h"
#include "base/json.h"
#include "base/status.h"

namespace rondo::lsp {

namespace method {
inline constexpr std::string_view kModulePlan = "rondo/modulePlan";
inline constexpr std::string_view kModuleWrite = "rondo/moduleWrite";
}  // namespace method

// What the client can do with the edit that makes files. Absent means no.
struct ModuleCapabilities {
  bool creates_files = false;
  bool annotations = false;  // it shows what they are for; the plan was agreed to already
};

// `initialize`: the parameters of that request. Errors: InvalidArgument naming the member.
Status read_module_capabilities(const Json& initialize, ModuleCapabilities& out);

struct ModuleRequest {
  std::string folder;  // URI
  std::string sentence;
  std::string language;  // an editor's name or ours; empty: that of most files in the folder
  Json progress_token;   // null: no progress is shown
};

Status read_params(const Json& json, ModuleRequest& params);

// A plan, and where its files would lie.
struct PlannedModule {
  assist::ModulePlan plan;
  std::string language;  // our name
  std::string folder;    // the workspace folder, absolute
};

Json module_plan_result(const PlannedModule& planned, const std::string& label);
Json module_write_result(const PlannedModule& planned, const assist::WrittenModule& module,
                         const std::string& label, const ModuleCapabilities& client);

Json module_progress_begin(const Json& token, const std::string& title);
Json module_progress_report(const Json& token, const std::string& message, int percent);
Json module_progress_end(const Json& token);

}  // namespace rondo::lsp
