#include "cli/daemon_home.h"

#include "cli/build_identity.h"
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

Result<Json> ask_daemon(const Environment& environment, lsp::Wish wish, std::chrono::seconds time) {
  ASSIGN_OR_RETURN(const lsp::DaemonPlace place, daemon_place(environment));
  const Result<FileDescriptor> socket = place.connect();
  if (socket.status().code() == Code::kNotFound) return Json();
  RETURN_IF_ERROR(socket.status());
  ASSIGN_OR_RETURN(lsp::Welcome welcome,
                   ask(socket->get(), {.program = build_identity(), .wish = wish},
                       lsp::Patience::for_at_most(time)));
  if (welcome.answer != lsp::Answer::kAccepted) return unavailable_error(welcome.reason);
  return std::move(welcome.status);
}

}  // namespace rondo::cli
