#include "lsp/settings.h"

#include <utility>

#include "config/configuration.h"
#include "lsp/uri.h"

namespace rondo::lsp {

void SettingsStore::set_files(config::FileLayers files) { files_ = std::move(files); }
void SettingsStore::set_initial(const Json& options) { initial_ = read(options); }
void SettingsStore::set_section(const Json& section) { section_ = read(section); }

// An editor's section also has what only its plugin understands, and what a workspace's own
// settings say: no more than a workspace may.
config::Layer SettingsStore::read(const Json& json) const {
  return config::read_layer(json, {.name = "the editor's settings",
                                   .may_set = config::SetBy::kAnybody,
                                   .user_file = files_.user.source,
                                   .has_others = true});
}

Settings SettingsStore::of(std::string_view path) const {
  std::vector<std::string> folders;
  for (const auto& [folder, layer] : files_.workspaces) folders.push_back(folder);
  const auto place = place_path(path, folders);
  return in(place ? std::string(place->folder) : "");
}

Settings SettingsStore::in(const std::string& folder) const {
  config::Configuration all;
  all.add(files_.user);
  const auto workspace = files_.workspaces.find(folder);
  if (workspace != files_.workspaces.end()) all.add(workspace->second);
  all.add(initial_);
  all.add(section_);
  return {.automatic = all.boolean("automatic"),
          .multiline = all.boolean("multiline"),
          .context = all.boolean("context"),
          .context_mode = assist::context_mode_of(all.text("contextMode")),
          .read_ahead = all.boolean("readAhead"),
          .completion_menu = all.boolean("completionMenu"),
          .max_tokens = static_cast<int32_t>(all.integer("maxTokens")),
          .candidates = static_cast<int32_t>(all.integer("candidates")),
          .steps = static_cast<int32_t>(all.integer("steps")),
          .gate = assist::gate_of(all.integer("confidence"))};
}

std::vector<std::string> SettingsStore::take_problems() {
  std::vector<std::string> fresh;
  const auto take = [&](const config::Layer& layer) {
    for (const std::string& problem : layer.problems) {
      if (told_.insert(problem).second) fresh.push_back(problem);
    }
  };
  take(files_.user);
  for (const auto& [folder, layer] : files_.workspaces) take(layer);
  take(initial_);
  take(section_);
  return fresh;
}

}  // namespace rondo::lsp
