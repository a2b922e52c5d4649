#include "config/trust.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/file_descriptor.h"
#include "base/json.h"
#include "base/mapped_file.h"

namespace rondo::config {
namespace {

Status not_written(const std::string& path) {
  return unavailable_error(path + " cannot be written: " + std::strerror(errno));
}

}  // namespace

Result<Trust> Trust::read(const std::string& path) {
  Trust trust;
  const Result<MappedFile> file = MappedFile::open(path);
  if (file.status().code() == Code::kNotFound) return trust;
  RETURN_IF_ERROR(file.status());
  ASSIGN_OR_RETURN(const Json json, parse_json(file->text(), path));
  for (const auto& [folder, approved] : json.items()) {
    if (!json.is_object() || !approved.is_string()) {
      return invalid_argument_error(path + " is no list of approvals; remove it and approve again");
    }
    trust.approved_[folder] = approved.get<std::string>();
  }
  return trust;
}

Status Trust::write(const std::string& path) const {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string text = dump_json(Json(approved_), 2) + "\n";
  std::string draft = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(draft.data(), O_CLOEXEC));  // mode 0600
  if (!file) return not_written(path);
  const bool written =
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file.get()) == 0 && std::rename(draft.c_str(), path.c_str()) == 0;
  if (written) return {};
  const Status status = not_written(path);
  ::unlink(draft.c_str());
  return status;
}

bool Trust::approves(const std::string& folder, std::string_view text) const {
  const auto found = approved_.find(folder);
  return found != approved_.end() && found->second == text;
}

void Trust::approve(const std::string& folder, std::string_view text) { approved_[folder] = text; }

}  // namespace rondo::config
