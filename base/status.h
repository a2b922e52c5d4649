// Status and Result<T>: how every function that can fail says so. Our code never throws; a failure
// is an ordinary value that crosses threads and callbacks (a keystroke makes the last request
// stale, a cache is full, ...).
//
// Thread: values, safe to move between threads. Errors: none.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace rondo {

enum class Code {
  kOk,
  kCancelled,          // the caller asked to stop
  kStale,              // the state it was computed for is gone (an edit came between)
  kInvalidArgument,    // the input is wrong, whatever the state
  kNotFound,           // a file, a document, a model is not there
  kResourceExhausted,  // memory, pages, a limit
  kUnavailable,        // not now: loading, shutting down, device lost
  kCorruption,         // stored data does not say what its format promises
  kInternal,           // our bug, survived
};

// The name of a code as logs and JSON show it, e.g. "not_found".
const char* code_name(Code code);

class [[nodiscard]] Status {
 public:
  Status() = default;
  // `message` is a sentence for the user: what, where, and what to do.
  Status(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  const std::string& message() const { return message_; }
  // "not_found: no model at /x; run ..." or "ok".
  std::string to_string() const;

  bool operator==(const Status&) const = default;

 private:
  Code code_ = Code::kOk;
  std::string message_;
};

Status cancelled_error(std::string message);
Status stale_error(std::string message);
Status invalid_argument_error(std::string message);
Status not_found_error(std::string message);
Status resource_exhausted_error(std::string message);
Status unavailable_error(std::string message);
Status corruption_error(std::string message);
Status internal_error(std::string message);

// A T, or the Status that says why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Status status) : state_(std::in_place_index<1>, std::move(status)) {
    CHECK(!this->status().ok(), "a Result without a value needs an error");
  }

  bool ok() const { return state_.index() == 0; }
  const Status& status() const {
    static const Status ok_status;
    return ok() ? ok_status : std::get<1>(state_);
  }

  // REQUIRES: ok().
  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

 private:
  T& checked() {
    CHECK(ok(), std::get<1>(state_).to_string().c_str());
    return std::get<0>(state_);
  }

  std::variant<T, Status> state_;
};

}  // namespace rondo

#define RONDO_CONCAT_(a, b) a##b
#define RONDO_CONCAT(a, b) RONDO_CONCAT_(a, b)

// Returns the status of `expr` from the enclosing function unless it is ok.
#define RETURN_IF_ERROR(expr)                              \
  do {                                                     \
    if (::rondo::Status status_ = (expr); !status_.ok()) { \
      return status_;                                      \
    }                                                      \
  } while (false)

// ASSIGN_OR_RETURN(auto x, f()): x becomes the value of f(), or its status is returned.
#define ASSIGN_OR_RETURN(lhs, expr) ASSIGN_OR_RETURN_(RONDO_CONCAT(result_, __LINE__), lhs, expr)
#define ASSIGN_OR_RETURN_(result, lhs, expr) \
  auto result = (expr);                      \
  if (!result.ok()) return result.status();  \
  lhs = std::move(result).value()
