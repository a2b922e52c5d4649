// Where the model is: the first of
//   1. --model
//   2. the option "model": of a workspace that is trusted, of the user's config.json
//   3. $XDG_DATA_HOME/rondo/models/loopcoder-mini
//   4. beside the binary: ../share/rondo/models/loopcoder-mini (installed)
//   5. models/loopcoder-mini of the source tree that the binary was built in
//
// Thread: the main thread.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/environment.h"
#include "config/configuration.h"

namespace rondo::cli {

// An absolute path. Whether what is configured is a model is for the engine to say.
// Errors: NotFound naming every place that was tried.
Result<std::string> find_model(const Environment& environment,
                               const config::Configuration& configuration);
// The same outside of a workspace; `flag` is the value of --model, empty when it was not given.
Result<std::string> find_model(const Environment& environment, const std::string& flag);

}  // namespace rondo::cli
