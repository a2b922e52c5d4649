// CHECK(condition, "what it means"): for our own bugs only. User and file input never reaches one:
// it gets a Status.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace rondo {

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition,
                                      const char* message) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed: %s\n", file, line, condition, message);
  std::abort();
}

}  // namespace rondo

#define CHECK(condition, message) \
  ((condition) ? (void)0 : ::rondo::check_failed(__FILE__, __LINE__, #condition, message))

// DCHECK: the same, only in debug builds; for inner loops.
#ifdef NDEBUG
#define DCHECK(condition, message) ((void)0)
#else
#define DCHECK(condition, message) CHECK(condition, message)
#endif
