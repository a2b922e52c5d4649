#include "cli/model_path.h"

#include <filesystem>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"

namespace rondo::cli {
namespace {

constexpr const char* kDefaultModel = "loopcoder-mini";

Result<std::optional<std::string>> configured_model(const std::string& path) {
  auto file = MappedFile::open(path);
  if (!file.ok()) return std::optional<std::string>();  // no configuration is the usual case
  ASSIGN_OR_RETURN(const Json config, parse_json(file->text(), path));
  return json_get<std::string>(config, "model");
}

}  // namespace

Result<std::string> find_model(const Environment& environment, const std::string& flag) {
  namespace fs = std::filesystem;
  if (!flag.empty()) return fs::absolute(flag).string();
  ASSIGN_OR_RETURN(const auto configured,
                   configured_model(environment.config_home + "/rondo/config.json"));
  if (configured) return fs::absolute(*configured).string();

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
