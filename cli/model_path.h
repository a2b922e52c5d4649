// Where the model is: the first of
//   1. --model
//   2. "model" in $XDG_CONFIG_HOME/rondo/config.json
//   3. $XDG_DATA_HOME/rondo/models/loopcoder-mini
//   4. beside the binary: ../share/rondo/models/loopcoder-mini (installed)
//   5. models/loopcoder-mini of the source tree that the binary was built in
//
// Thread: pure apart from reading the configuration file.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/environment.h"

namespace rondo::cli {

// An absolute path. `flag` is the value of --model, empty when it was not given. Whether what flag
// or configuration name is a model is for the engine to say. Errors: NotFound
// naming every place that was tried; InvalidArgument when the configuration file cannot be read.
Result<std::string> find_model(const Environment& environment, const std::string& flag);

}  // namespace rondo::cli
