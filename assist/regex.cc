#include "assist/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>

namespace rondo::assist {
namespace {

constexpr uint32_t kMatchLimit = 1'000'000;  // steps; milliseconds

std::string message_of(int error) {
  std::array<unsigned char, 256> buffer{};
  pcre2_get_error_message(error, buffer.data(), buffer.size());
  return reinterpret_cast<const char*>(buffer.data());
}

struct MatchDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

std::optional<workspace::ByteRange> range_of(const size_t* offsets, int64_t group) {
  if (offsets[2 * group] == PCRE2_UNSET) return std::nullopt;
  return workspace::ByteRange{.begin = static_cast<int64_t>(offsets[2 * group]),
                              .end = static_cast<int64_t>(offsets[2 * group + 1])};
}

}  // namespace

void Regex::Deleter::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Result<Regex> Regex::compile(const std::string& pattern) {
  int error = 0;
  size_t offset = 0;
  Regex regex;
  regex.code_.reset(pcre2_compile(reinterpret_cast<const unsigned char*>(pattern.data()),
                                  pattern.size(), PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error,
                                  &offset, nullptr));
  if (regex.code_ == nullptr) {
    return invalid_argument_error("the regular expression is wrong at its byte " +
                                  std::to_string(offset) + ": " + message_of(error));
  }
  uint32_t n_names = 0;
  uint32_t entry_bytes = 0;
  const unsigned char* table = nullptr;  // entries: the group's number in two bytes, its name
  pcre2_pattern_info(regex.code_.get(), PCRE2_INFO_NAMECOUNT, &n_names);
  pcre2_pattern_info(regex.code_.get(), PCRE2_INFO_NAMEENTRYSIZE, &entry_bytes);
  pcre2_pattern_info(regex.code_.get(), PCRE2_INFO_NAMETABLE, &table);
  for (uint32_t i = 0; i < n_names; ++i, table += entry_bytes) {
    regex.numbers_.push_back(table[0] * 256 + table[1]);
    regex.names_.emplace_back(reinterpret_cast<const char*>(table + 2));
  }
  return regex;
}

Result<std::optional<Regex::Match>> Regex::find(std::string_view text, int64_t from) const {
  const std::unique_ptr<pcre2_match_context, MatchDeleter> context(
      pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  const std::unique_ptr<pcre2_match_data, MatchDeleter> data(
      pcre2_match_data_create_from_pattern(code_.get(), nullptr));
  const int n = pcre2_match(code_.get(), reinterpret_cast<const unsigned char*>(text.data()),
                            text.size(), static_cast<size_t>(from), 0, data.get(), context.get());
  if (n == PCRE2_ERROR_NOMATCH) return std::optional<Match>();
  if (n == PCRE2_ERROR_MATCHLIMIT || n == PCRE2_ERROR_DEPTHLIMIT || n == PCRE2_ERROR_HEAPLIMIT) {
    return resource_exhausted_error("the regular expression takes too long on this text");
  }
  if (n < 0) return invalid_argument_error("the text cannot be searched: " + message_of(n));
  const size_t* offsets = pcre2_get_ovector_pointer(data.get());
  Match match{.whole = *range_of(offsets, 0), .groups = {}};
  for (const int64_t number : numbers_) match.groups.push_back(range_of(offsets, number));
  return std::optional(std::move(match));
}

}  // namespace rondo::assist
