#include "cli/settings.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace rondo::cli {
namespace {

struct FlagName {
  std::string_view flag;
  std::string_view option;
};
constexpr std::array<FlagName, 10> kFlags = {{
    {"--context-mode", "contextMode"},
    {"--model", "model"},
    {"--script", "script"},
    {"--device", "device"},
    {"--kernels", "kernels"},
    {"--threads", "threads"},
    {"--kv-megabytes", "kvMegabytes"},
    {"--rest-after", "restAfterSeconds"},
    {"--release-after", "releaseAfterSeconds"},
    {"--exit-after", "exitAfterSeconds"},
}};

// What is no number stays text, and is refused as such.
Json value_of(const config::Option& option, const std::string& text) {
  const bool number =
      option.kind == config::Kind::kInteger || option.kind == config::Kind::kSeconds;
  if (!number) return text;
  Result<Json> json = parse_json(text, text);
  return json.ok() ? std::move(*json) : Json(text);
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

// A flag that is wrong is an error, since somebody has just typed it.
Status check(const Json& flags) {
  for (const auto& [flag, name] : kFlags) {
    const auto set = flags.find(name);
    const config::Option& option = *config::find_option(name);
    if (set == flags.end() || fits(option, *set)) continue;
    return invalid_argument_error(std::string(flag) + " is " + text_of(*set) + " and must be " +
                                  expected(option));
  }
  return {};
}

}  // namespace

Flags add_flags(CLI::App& command, const std::vector<std::string_view>& options) {
  auto flags = std::make_shared<Json>(Json::object());
  for (const auto& [flag, name] : kFlags) {
    if (std::count(options.begin(), options.end(), name) == 0) continue;
    const config::Option& option = *config::find_option(name);
    command.add_option_function<std::string>(
        std::string(flag),
        [flags, &option](const std::string& text) {
          (*flags)[std::string(option.name)] = value_of(option, text);
        },
        std::string(option.sentence));
  }
  return flags;
}

std::vector<std::string> words_of(const Flags& flags) {
  std::vector<std::string> words;
  for (const auto& [flag, option] : kFlags) {
    const auto set = flags->find(option);
    if (set != flags->end()) words.insert(words.end(), {std::string(flag), text_of(*set)});
  }
  return words;
}

config::Places configuration_places(const Environment& environment) {
  return {.user_file = environment.config_home + "/rondo/config.json",
          .trust_file = environment.state_home + "/rondo/trust.json"};
}

Result<config::Configuration> configuration_of(const Environment& environment,
                                               const std::string& folder, const Flags& flags) {
  const config::Places places = configuration_places(environment);
  config::Configuration configuration;
  configuration.add(config::user_layer(places));
  if (!folder.empty()) configuration.add(config::workspace_layer(places, folder));
  for (const std::string& problem : configuration.problems()) {
    std::fprintf(stderr, "rondo: %s\n", problem.c_str());
  }
  RETURN_IF_ERROR(check(*flags));
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  configuration.add(config::read_layer(*flags, {.name = "the command line", .folder = here}));
  return configuration;
}

engine::EngineOptions engine_options(const config::Configuration& configuration,
                                     const std::string& model) {
  return {.model = model,
          .device = configuration.text("device"),
          .kernels = configuration.text("kernels"),
          .n_threads = static_cast<int32_t>(configuration.integer("threads")),
          .kv_bytes = configuration.integer("kvMegabytes") << 20,
          .script = configuration.text("script")};
}

engine::TierOptions tier_options(const config::Configuration& configuration,
                                 const Environment& environment) {
  const int64_t disk_bytes = configuration.integer("diskMegabytes") << 20;
  return {.disk_folder = disk_bytes == 0 ? "" : segment_folder(environment),
          .disk_bytes = disk_bytes,
          .host_bytes = configuration.integer("hostMegabytes") << 20};
}

engine::RestTimes rest_times(const config::Configuration& configuration) {
  return {.kv = configuration.time("restAfterSeconds"),
          .model = configuration.time("releaseAfterSeconds")};
}

std::string segment_folder(const Environment& environment) {
  return environment.cache_home + "/rondo/segments";
}

}  // namespace rondo::cli
