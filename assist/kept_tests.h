// Of the tests that a chat model wrote, those that are worth to be kept.
//
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::assist {

struct KeptTests {
  std::string code;  // without those that are not kept; no line end at its end
  std::vector<std::string> names;
  int64_t n_written = 0;
};

// `code`: Python at the left edge, LF. A test is a function test_... or a class Test... at its left
// edge; kept is one that asserts something, calls `tested`, has a name that `before` does not
// define, and that `passes`, by its name. What else stands there stays.
KeptTests keep_tests(const std::string& code, std::string_view tested, std::string_view before,
                     const std::function<bool(const std::string& name)>& passes);

}  // namespace rondo::assist
