// The configuration as commands see it: the user's file, the workspace's, and the flags of the
// command line over both.
//
// Thread: the main thread.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "cli/environment.h"
#include "config/configuration.h"
#include "config/files.h"
#include "engine/engine.h"

namespace rondo::cli {

// The options that a command line has set, by name.
using Flags = std::shared_ptr<Json>;

// Of commands that start an engine.
inline const std::vector<std::string_view> kEngineFlags = {"model",   "script",  "device",
                                                           "kernels", "threads", "kvMegabytes"};

// Adds a flag for each of these options to `command`; filled when the command line is parsed.
Flags add_flags(CLI::App& command, const std::vector<std::string_view>& options);
// The words of a command line that sets the same.
std::vector<std::string> words_of(const Flags& flags);

config::Places configuration_places(const Environment& environment);

// All that is said for a process in the workspace `folder`; empty: in none. What is wrong in a file
// is told on stderr. Errors: InvalidArgument when a flag is wrong.
Result<config::Configuration> configuration_of(const Environment& environment,
                                               const std::string& folder, const Flags& flags);

// The engine that `configuration` asks for, with the model in the folder `model`.
engine::EngineOptions engine_options(const config::Configuration& configuration,
                                     const std::string& model);
// Where what the model has read is kept, for commands that serve editors: other commands keep
// nothing.
engine::TierOptions tier_options(const config::Configuration& configuration,
                                 const Environment& environment);
// When the engine of editors gives up memory.
engine::RestTimes rest_times(const config::Configuration& configuration);
// The folder for it on disk.
std::string segment_folder(const Environment& environment);

}  // namespace rondo::cli
