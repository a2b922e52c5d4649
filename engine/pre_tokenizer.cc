#include "engine/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <string>
#include <utility>

namespace rondo::engine {
namespace {

// Steps of one match: an honest pattern takes a few for each byte.
constexpr uint32_t kMatchLimit = 10'000'000;

// What "ByteLevel" cuts by, GPT-2's pattern.
constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct MatchDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

Status unsupported(const std::string& what) {
  return invalid_argument_error("its pre_tokenizer " + what + ", which is not supported");
}

}  // namespace

void PreTokenizer::Deleter::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Result<PreTokenizer> PreTokenizer::read(const Json& json) {
  if (json.is_null()) return invalid_argument_error("it has no pre_tokenizer");
  PreTokenizer cutter;
  const Json* steps = &json;
  if (json_get<std::string>(json, "type") == "Sequence") {
    const auto found = json.find("pretokenizers");
    if (found == json.end() || !found->is_array()) return unsupported("is a Sequence of nothing");
    steps = &*found;
  }
  for (const Json& step : steps->is_array() ? *steps : Json::array({json})) {
    RETURN_IF_ERROR(cutter.add(step));
  }
  if (!cutter.ends_in_bytes_) return unsupported("does not end with \"ByteLevel\"");
  return cutter;
}

Status PreTokenizer::add(const Json& step) {
  const std::string type = json_get<std::string>(step, "type").value_or("nothing");
  if (ends_in_bytes_) return unsupported("has \"" + type + "\" behind \"ByteLevel\"");
  if (type == "Split") return add_split(step);
  if (type == "Digits") {
    const bool individual = json_get<bool>(step, "individual_digits").value_or(false);
    return add_pattern(individual ? R"(\p{N})" : R"(\p{N}+)");
  }
  if (type != "ByteLevel") return unsupported("has a step \"" + type + "\"");
  if (json_get<bool>(step, "add_prefix_space").value_or(true)) {
    return unsupported("puts a space before a text (add_prefix_space)");
  }
  ends_in_bytes_ = true;
  const bool cuts = json_get<bool>(step, "use_regex").value_or(true);
  return cuts ? add_pattern(kByteLevelPattern) : Status();
}

Status PreTokenizer::add_split(const Json& split) {
  const std::string behavior = json_get<std::string>(split, "behavior").value_or("");
  if (behavior != "Isolated") return unsupported("splits with behavior \"" + behavior + "\"");
  if (json_get<bool>(split, "invert").value_or(false)) return unsupported("splits with invert");
  const auto pattern = split.find("pattern");
  if (pattern != split.end() && pattern->is_object() && pattern->size() == 1) {
    if (const auto regex = json_get<std::string>(*pattern, "Regex")) return add_pattern(*regex);
    if (const auto text = json_get<std::string>(*pattern, "String")) {
      const bool quotable = text->find("\\E") == std::string::npos;
      if (quotable) return add_pattern("\\Q" + *text + "\\E");
    }
  }
  return unsupported("splits by " + (pattern == split.end() ? "nothing" : dump_json(*pattern)));
}

Status PreTokenizer::add_pattern(std::string_view pattern) {
  int error = 0;
  size_t offset = 0;
  patterns_.emplace_back(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                       PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
  if (patterns_.back() == nullptr) {
    std::array<unsigned char, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return unsupported("has the pattern " + std::string(pattern) + ", wrong at its byte " +
                       std::to_string(offset) + " (" +
                       reinterpret_cast<const char*>(message.data()) + ")");
  }
  pcre2_jit_compile(patterns_.back().get(), PCRE2_JIT_COMPLETE);  // where it can: only speed
  return {};
}

std::vector<std::string_view> PreTokenizer::cut(std::string_view text) const {
  std::vector<std::string_view> pieces = {text};
  std::vector<std::string_view> smaller;
  for (const Pattern& pattern : patterns_) {
    smaller.clear();
    for (const std::string_view piece : pieces) cut_by(pattern, piece, smaller);
    std::swap(pieces, smaller);
  }
  return pieces;
}

// Behind a match that takes too long the rest is one piece.
void PreTokenizer::cut_by(const Pattern& pattern, std::string_view piece,
                          std::vector<std::string_view>& into) {
  thread_local const std::unique_ptr<pcre2_match_data, MatchDeleter> data(
      pcre2_match_data_create(1, nullptr));
  thread_local const std::unique_ptr<pcre2_match_context, MatchDeleter> context = [] {
    std::unique_ptr<pcre2_match_context, MatchDeleter> made(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(made.get(), kMatchLimit);
    return made;
  }();
  size_t at = 0;
  while (at < piece.size()) {
    const int n =
        pcre2_match(pattern.get(), reinterpret_cast<PCRE2_SPTR>(piece.data()), piece.size(), at,
                    PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, data.get(), context.get());
    if (n < 0) break;
    const size_t* const range = pcre2_get_ovector_pointer(data.get());
    if (range[1] <= at) break;  // \K might
    if (range[0] > at) into.push_back(piece.substr(at, range[0] - at));
    into.push_back(piece.substr(range[0], range[1] - range[0]));
    at = range[1];
  }
  if (at < piece.size()) into.push_back(piece.substr(at));
}

}  // namespace rondo::engine
