// What a new module takes, on a thread of a Workspace's.
//
// Thread: any but the loop and the engine's; both wait for the disk.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "assist/module_writer.h"
#include "config/files.h"
#include "lsp/modules.h"
#include "lsp/workspace.h"

namespace rondo::lsp {

// Errors: InvalidArgument for a sentence that names nothing, a language without template, a file
// that is there already.
Result<PlannedModule> plan_module(const ModuleOrder& order, const Desk& desk);

struct ModuleMaking {
  config::Places places;  // who is trusted
  std::string client;     // of the engine
  std::function<void(int n_done, int n_all, const std::string& function)> told;
};

// Errors: Cancelled when either stop is requested; those of assist::write_module().
Result<assist::WrittenModule> make_module(const PlannedModule& planned, const Desk& desk,
                                          const ModuleMaking& making, std::stop_token stop);

}  // namespace rondo::lsp
