// PreTokenizer: cuts text into words as "pre_tokenizer" of a tokenizer.json says; no token reaches
// over two of them.
//
// A chain of patterns. Each cuts the pieces that the one before left into its matches and what lies
// between them, and sees of the text nothing but its piece. Patterns are PCRE2's with Unicode
// properties; they were written for Oniguruma, whose \s differs by U+180E alone.
//
// Thread: immutable after reading; any thread.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

struct pcre2_real_code_8;

namespace rondo::engine {

class PreTokenizer {
 public:
  // Of the value of "pre_tokenizer". Errors: InvalidArgument naming what in it is not supported.
  static Result<PreTokenizer> read(const Json& json);

  // The words of `text`, one after the other, all of it. REQUIRES: `text` is UTF-8.
  std::vector<std::string_view> cut(std::string_view text) const;

 private:
  struct Deleter {
    void operator()(pcre2_real_code_8* code) const;
  };
  using Pattern = std::unique_ptr<pcre2_real_code_8, Deleter>;

  Status add(const Json& step);
  Status add_split(const Json& split);
  Status add_pattern(std::string_view pattern);
  static void cut_by(const Pattern& pattern, std::string_view piece,
                     std::vector<std::string_view>& into);

  std::vector<Pattern> patterns_;
  bool ends_in_bytes_ = false;  // "ByteLevel" was there: nothing may follow
};

}  // namespace rondo::engine
