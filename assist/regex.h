// Regex: PCRE2 with a limit on its work, so that no pattern hangs on any text.
//
// Thread: immutable after compile(); any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "workspace/text.h"

struct pcre2_real_code_8;

namespace rondo::assist {

class Regex {
 public:
  // '^' and '$' match at lines. Errors: InvalidArgument with what is wrong where in the pattern.
  static Result<Regex> compile(const std::string& pattern);

  struct Match {
    workspace::ByteRange whole;
    std::vector<std::optional<workspace::ByteRange>> groups;  // like group_names()
  };

  // The first match at or behind `from`; nothing when there is none.
  // Errors: InvalidArgument when `text` is not UTF-8; ResourceExhausted after too much work.
  Result<std::optional<Match>> find(std::string_view text, int64_t from) const;

  // The names of the named groups.
  const std::vector<std::string>& group_names() const { return names_; }

 private:
  struct Deleter {
    void operator()(pcre2_real_code_8* code) const;
  };

  std::unique_ptr<pcre2_real_code_8, Deleter> code_;
  std::vector<std::string> names_;
  std::vector<int64_t> numbers_;  // of the groups with these names
};

}  // namespace rondo::assist
