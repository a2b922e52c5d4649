#include "cli/trust_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/place.h"
#include "cli/settings.h"
#include "config/trust.h"

namespace rondo::cli {
namespace {

using config::Trust;

struct Arguments {
  std::string folder;
  bool list = false;
  bool revoke = false;
};

// One line a workspace. What was changed since does not count.
Status list(const Trust& trust) {
  for (const auto& [folder, approved] : trust.approved()) {
    const Result<std::string> text = config::workspace_text(folder);
    const bool holds = text.ok() && trust.approves(folder, *text);
    std::printf("%s%s\n", folder.c_str(),
                holds ? "" : ": not trusted any more, its .rondo.json was changed");
  }
  return {};
}

Status approve(Trust& trust, const std::string& folder, const config::Places& places) {
  ASSIGN_OR_RETURN(const std::string text, config::workspace_text(folder));
  trust.approve(folder, text);
  RETURN_IF_ERROR(trust.write(places.trust_file));
  std::printf("%s is trusted as it is configured now:\n%s", folder.c_str(),
              text.empty() ? "it has no .rondo.json\n" : text.c_str());
  if (!text.empty() && !text.ends_with('\n')) std::puts("");
  for (const std::string& problem : config::workspace_layer(places, folder).problems) {
    std::fprintf(stderr, "rondo: %s\n", problem.c_str());
  }
  return {};
}

Status run(const Arguments& arguments, const Environment& environment) {
  const config::Places places = configuration_places(environment);
  ASSIGN_OR_RETURN(Trust trust, Trust::read(places.trust_file));
  if (arguments.list) return list(trust);
  if (arguments.revoke && trust.revoke(arguments.folder)) {  // as --list shows it; it may be gone
    return trust.write(places.trust_file);
  }
  ASSIGN_OR_RETURN(const std::string folder, find_workspace(arguments.folder));
  if (!arguments.revoke) return approve(trust, folder, places);
  if (!trust.revoke(folder)) return not_found_error(folder + " was not trusted");
  return trust.write(places.trust_file);
}

}  // namespace

void add_trust_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "trust", "Let a workspace configure what is started and loaded, as long as its file stays");
  command->add_option("DIR", arguments->folder,
                      "Workspace (default: the one around the current folder)");
  CLI::Option* list =
      command->add_flag("--list", arguments->list, "The workspaces that are trusted");
  command->add_flag("--revoke", arguments->revoke, "Do not trust it any more")->excludes(list);
  on_run(*command, context, [arguments, context] { return run(*arguments, context.environment); });
}

}  // namespace rondo::cli
