#include "cli/config_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "cli/place.h"
#include "cli/settings.h"

namespace rondo::cli {
namespace {

struct Arguments {
  std::string folder;
  bool origin = false;
  bool json = false;
  bool reference = false;  // for the documentation
};

Json to_json(const config::Configuration& configuration, bool origin) {
  Json json = Json::object();
  for (const config::Option& option : config::schema()) {
    const config::Setting& setting = configuration[option.name];
    const std::string name(option.name);
    if (origin) {
      json[name] = {{"value", setting.value}, {"origin", setting.origin}};
    } else {
      json[name] = setting.value;
    }
  }
  return json;
}

void print(const config::Configuration& configuration, bool origin) {
  for (const config::Option& option : config::schema()) {
    const config::Setting& setting = configuration[option.name];
    const std::string value = setting.value == "" ? "\"\"" : dump_json(setting.value);
    std::printf(origin ? "%-20s  %-10s  %s\n" : "%-20s  %s\n", std::string(option.name).c_str(),
                value.c_str(), setting.origin.c_str());
  }
}

Status run(const Arguments& arguments, const Environment& environment) {
  if (arguments.reference) {
    std::fputs(config::reference_table().c_str(), stdout);
    return {};
  }
  ASSIGN_OR_RETURN(const std::string folder, find_workspace(arguments.folder));
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, folder, std::make_shared<Json>(Json::object())));
  if (arguments.json) {
    print_json(to_json(configuration, arguments.origin));
  } else {
    print(configuration, arguments.origin);
  }
  return {};
}

}  // namespace

void add_config_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("config", "The value of every option");
  command->add_option("DIR", arguments->folder,
                      "Workspace (default: the one around the current folder)");
  command->add_flag("--origin", arguments->origin, "And where it comes from");
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  command->add_flag("--reference", arguments->reference)->group("");
  on_run(*command, context, [arguments, context] { return run(*arguments, context.environment); });
}

}  // namespace rondo::cli
