#include "bench/result_log.h"

#include <filesystem>
#include <system_error>

#include "base/mapped_file.h"

namespace rondo::bench {

Status ResultLog::read() {
  const auto mapped = MappedFile::open(path_);
  if (!mapped.ok()) return {};
  std::string_view rest = mapped->text();
  int64_t n_lines = 0, n_bytes = 0;
  for (size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    const std::string where = path_ + ":" + std::to_string(++n_lines);
    ASSIGN_OR_RETURN(Json line, parse_json(rest.substr(0, end), where));
    const auto run = json_get<std::string>(line, "run");
    const auto key = json_get<std::string>(line, "key");
    if (!run || !key) return invalid_argument_error(where + ": not a line of results");
    if (*run == run_) results_[*key] = std::move(line);
    rest.remove_prefix(end + 1);
    n_bytes += static_cast<int64_t>(end) + 1;
  }
  if (rest.empty()) return {};
  std::error_code error;
  std::filesystem::resize_file(path_, n_bytes, error);
  if (error) return invalid_argument_error("cannot repair " + path_ + ": " + error.message());
  return {};
}

Result<ResultLog> ResultLog::open(const std::string& path, const std::string& run) {
  ResultLog log(path, run);
  RETURN_IF_ERROR(log.read());
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  log.file_.open(path, std::ios::app | std::ios::binary);
  if (!log.file_) return invalid_argument_error("cannot write results to " + path);
  return log;
}

Result<std::string> ResultLog::last_run(const std::string& path) {
  const auto mapped = MappedFile::open(path);
  const std::string_view text = mapped.ok() ? mapped->text() : std::string_view();
  const size_t end = text.rfind('\n');
  if (end == text.npos || end == 0) return not_found_error(path + " holds no results");
  const size_t begin = text.rfind('\n', end - 1) + 1;  // npos + 1: the only line
  ASSIGN_OR_RETURN(const Json line, parse_json(text.substr(begin, end - begin), path));
  const auto run = json_get<std::string>(line, "run");
  if (!run) return invalid_argument_error(path + ": not a file of results");
  return *run;
}

const Json* ResultLog::find(const std::string& key) const {
  const auto it = results_.find(key);
  return it == results_.end() ? nullptr : &it->second;
}

Status ResultLog::add(const std::string& key, Json result) {
  result["run"] = run_;
  result["key"] = key;
  file_ << dump_json(result) << '\n' << std::flush;
  if (!file_) return unavailable_error("cannot write to " + path_ + "; is the disk full?");
  results_[key] = std::move(result);
  return {};
}

}  // namespace rondo::bench
