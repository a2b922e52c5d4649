#include "cli/daemon_home.h"

#include "cli/settings.h"

namespace rondo::cli {

Result<lsp::DaemonPlace> daemon_place(const Environment& environment,
                                      const config::Configuration& configuration) {
  const std::string chosen = configuration.text("socketFolder");
  return lsp::DaemonPlace::open(chosen.empty() ? environment.runtime_home : chosen,
                                environment.cache_home);
}

Result<lsp::DaemonPlace> daemon_place(const Environment& environment) {
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, "", std::make_shared<Json>(Json::object())));
  return daemon_place(environment, configuration);
}

}  // namespace rondo::cli
