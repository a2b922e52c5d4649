// Results of a long measurement, one JSON object a line, so that a run which was stopped goes on
// where it was. A line belongs to a run (all that decides its value: model, corpus, options) and
// has a key within it; lines of other runs are kept and not looked at.
//
// Thread: one thread at a time. Ownership: owns the open file.
#pragma once

#include <fstream>
#include <string>
#include <unordered_map>

#include "base/json.h"
#include "base/status.h"

namespace rondo::bench {

class ResultLog {
 public:
  // Opens or makes the file at `path` and reads what `run` already has. A last line that was cut
  // off is dropped.
  // Errors: InvalidArgument when the file cannot be written or holds something else.
  static Result<ResultLog> open(const std::string& path, const std::string& run);

  // The run that the last line of the file at `path` belongs to.
  // Errors: NotFound when there is none; InvalidArgument when the file holds something else.
  static Result<std::string> last_run(const std::string& path);

  // The result under `key`, or nullptr.
  const Json* find(const std::string& key) const;
  // Appends a result; it is on its way to the disk when this returns. REQUIRES: an object.
  // Errors: Unavailable when the disk is full.
  Status add(const std::string& key, Json result);

 private:
  ResultLog(std::string path, std::string run) : path_(std::move(path)), run_(std::move(run)) {}
  Status read();

  std::string path_;
  std::string run_;
  std::ofstream file_;
  std::unordered_map<std::string, Json> results_;
};

}  // namespace rondo::bench
