#include "base/status.h"

namespace rondo {

const char* code_name(Code code) {
  switch (code) {
    case Code::kOk:
      return "ok";
    case Code::kCancelled:
      return "cancelled";
    case Code::kStale:
      return "stale";
    case Code::kInvalidArgument:
      return "invalid_argument";
    case Code::kNotFound:
      return "not_found";
    case Code::kResourceExhausted:
      return "resource_exhausted";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kCorruption:
      return "corruption";
    case Code::kInternal:
      return "internal";
  }
  return "unknown";
}

std::string Status::to_string() const {
  return ok() ? "ok" : std::string(code_name(code_)) + ": " + message_;
}

Status cancelled_error(std::string m) { return {Code::kCancelled, std::move(m)}; }
Status stale_error(std::string m) { return {Code::kStale, std::move(m)}; }
Status invalid_argument_error(std::string m) { return {Code::kInvalidArgument, std::move(m)}; }
Status not_found_error(std::string m) { return {Code::kNotFound, std::move(m)}; }
Status resource_exhausted_error(std::string m) { return {Code::kResourceExhausted, std::move(m)}; }
Status unavailable_error(std::string m) { return {Code::kUnavailable, std::move(m)}; }
Status corruption_error(std::string m) { return {Code::kCorruption, std::move(m)}; }
Status internal_error(std::string m) { return {Code::kInternal, std::move(m)}; }

}  // namespace rondo
