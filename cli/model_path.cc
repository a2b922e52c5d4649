#include "cli/model_path.h"

#include <filesystem>
#include <vector>

#include "cli/settings.h"

namespace rondo::cli {
namespace {

constexpr const char* kDefaultModel = "loopcoder-mini";

}  // namespace

Result<std::string> find_model(const Environment& environment, const std::string& flag) {
  const auto flags = std::make_shared<Json>(Json::object());
  if (!flag.empty()) (*flags)["model"] = flag;
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, "", flags));
  return find_model(environment, configuration);
}

Result<std::string> find_model(const Environment& environment,
                               const config::Configuration& configuration) {
  namespace fs = std::filesystem;
  if (!configuration.text("model").empty()) return configuration.text("model");
  const fs::path binary_folder = fs::path(environment.executable).parent_path();
  const std::vector<fs::path> candidates = {
      fs::path(environment.data_home) / "rondo/models" / kDefaultModel,
      binary_folder.parent_path() / "share/rondo/models" / kDefaultModel,
      binary_folder.parent_path().parent_path() / "models" / kDefaultModel,
  };
  std::string tried;
  for (const fs::path& candidate : candidates) {
    std::error_code error;
    if (fs::exists(candidate / "config.json", error)) return candidate.string();
    tried += "\n  " + candidate.string();
  }
  return not_found_error("no model found; name one with --model DIR. Looked for:" + tried);
}

}  // namespace rondo::cli
