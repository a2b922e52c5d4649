#include "assist/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include "base/hash.h"
#include "base/mapped_file.h"

namespace rondo::assist {
namespace {

Status failed(const std::string& what) {
  return unavailable_error(what + ": " + std::strerror(errno));
}

struct Record {
  std::string_view json;
  std::string_view payload;
  size_t n_bytes = 0;  // of all of it
};

std::optional<size_t> take_number(std::string_view& text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return number;
}

// The record that `bytes` begin with; nothing when it is not whole.
std::optional<Record> record_at(std::string_view bytes) {
  constexpr size_t kHashDigits = 32;
  std::string_view rest = bytes;
  if (!rest.starts_with("R ")) return std::nullopt;
  rest.remove_prefix(2);
  const auto n_json = take_number(rest);
  const auto n_payload = n_json ? take_number(rest) : std::nullopt;
  if (!n_payload || rest.size() < kHashDigits + 1 || rest[kHashDigits] != '\n') return std::nullopt;
  const std::string_view hash = rest.substr(0, kHashDigits);
  rest.remove_prefix(kHashDigits + 1);
  if (rest.size() < *n_json || rest.size() - *n_json < *n_payload) return std::nullopt;
  const std::string_view body = rest.substr(0, *n_json + *n_payload);
  if (hash_text(body).to_string() != hash) return std::nullopt;
  return Record{.json = body.substr(0, *n_json),
                .payload = body.substr(*n_json),
                .n_bytes = bytes.size() - rest.size() + body.size()};
}

}  // namespace

Result<Ledger> Ledger::open(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0600));
  if (!file) return failed("the ledger " + path + " cannot be opened");
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return unavailable_error("another process works on the run of " + path + "; wait for its end");
  }
  size_t n_whole = 0;
  {
    ASSIGN_OR_RETURN(const MappedFile map, MappedFile::open(path));
    while (const auto record = record_at(map.text().substr(n_whole))) n_whole += record->n_bytes;
  }
  if (::ftruncate(file.get(), static_cast<off_t>(n_whole)) != 0) {
    return failed("the ledger " + path + " cannot be written");
  }
  // The file's name has to be on the disk, too.
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const FileDescriptor parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) ::fsync(parent.get());
  return Ledger(std::move(file));
}

Status Ledger::add(const Json& json, std::string_view payload) {
  const std::string head = dump_json(json);
  const std::string body = head + std::string(payload);
  const std::string record = "R " + std::to_string(head.size()) + " " +
                             std::to_string(payload.size()) + " " + hash_text(body).to_string() +
                             "\n" + body;
  std::string_view rest = record;
  while (!rest.empty()) {
    const ssize_t n = ::write(file_.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("the ledger cannot be written");
    rest.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Status Ledger::sync() {
  return ::fdatasync(file_.get()) == 0 ? Status() : failed("the ledger cannot be written");
}

Status Ledger::read(const std::string& path,
                    const std::function<Status(const Json&, std::string_view)>& visit) {
  Result<MappedFile> map = MappedFile::open(path);
  if (!map.ok()) return not_found_error("there is no ledger " + path);
  std::string_view rest = map->text();
  while (const auto record = record_at(rest)) {
    ASSIGN_OR_RETURN(const Json json, parse_json(record->json, "the ledger"));
    RETURN_IF_ERROR(visit(json, record->payload));
    rest.remove_prefix(record->n_bytes);
  }
  return {};
}

}  // namespace rondo::assist
