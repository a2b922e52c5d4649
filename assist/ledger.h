// Ledger: the record of a run, a file that only grows. A record is a JSON object and bytes; what is
// said to be written survives whatever happens afterwards, and what was being written when the
// process or the machine died is not there.
//
//     file    record*
//     record  "R " json bytes " " payload bytes " " hash of both, 32 digits "\n" json payload
//
// Thread: one. A ledger that is open to be written is locked against other processes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "base/json.h"
#include "base/status.h"

namespace rondo::assist {

class Ledger {
 public:
  // The ledger at `path`, made when it is not there; what was not wholly written is cut off.
  // Errors: Unavailable when it cannot be written or another process has it.
  static Result<Ledger> open(const std::string& path);

  // Adds a record. Errors: Unavailable; then sync() would not make it safe either.
  Status add(const Json& json, std::string_view payload = {});
  // Returns when all that was added is on the disk. Errors: Unavailable.
  Status sync();

  // Calls `visit` for each whole record from the first on. Errors: NotFound, those of `visit`.
  static Status read(const std::string& path,
                     const std::function<Status(const Json&, std::string_view payload)>& visit);

 private:
  explicit Ledger(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace rondo::assist
