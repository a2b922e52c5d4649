#include "assist/parse_repair.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "assist/bracket_repair.h"
#include "assist/line_shapes.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr size_t kMostFound = 6;      // that the model will be asked about
constexpr int32_t kMostParses = 600;  // of one question: below a second in a file of 100 KiB
constexpr size_t kMostRests = 200;
constexpr size_t kMostBeginnings = 16;

std::string_view line_before(const CutText& cut) {
  const std::string_view before = std::string_view(cut.text).substr(0, cut.offset);
  return before.substr(before.rfind('\n') + 1);
}

std::string_view blanks_at_begin(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

// `lines` with the braces closed that they leave open, each in a line of its own, as the line that
// opened it is indented. Braces in quotes count too: what comes out is parsed anyhow.
std::string with_blocks_closed(std::string_view before, std::string_view lines) {
  std::vector<std::string_view> indents;  // of the lines with open braces, the innermost last
  std::string_view indent = blanks_at_begin(before);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == '\n') indent = blanks_at_begin(lines.substr(i + 1));
    if (lines[i] == '{') indents.push_back(indent);
    if (lines[i] == '}' && !indents.empty()) indents.pop_back();
  }
  std::string closed(lines);
  for (; !indents.empty(); indents.pop_back()) closed += "\n" + std::string(indents.back()) + "}";
  return closed;
}

// Parses texts until some fit, or enough were tried.
class Search {
 public:
  explicit Search(AnswerCheck& check) : check_(check) {}

  bool is_over() const { return found.size() >= kMostFound || n_parses_ >= kMostParses; }
  Status look_at(std::string text) {
    if (is_over() || trimmed(text, " \t\n").empty()) return {};
    ++n_parses_;
    ASSIGN_OR_RETURN(const int64_t n_errors, check_.count_errors(text));
    const bool known = std::find(found.begin(), found.end(), text) != found.end();
    if (n_errors <= check_.errors_without() && !known) found.push_back(std::move(text));
    return {};
  }
  // `begin` and all that lines end with, also with its brackets closed.
  Status look_at_ends(std::string_view begin) {
    std::vector<std::string> begins = bracket_repairs(line_before(check_.cut()), begin);
    begins.insert(begins.begin(), std::string(begin));
    for (const std::string& each : begins) {
      for (const std::string_view end : line_ends(check_.cut().language))
        RETURN_IF_ERROR(look_at(each + std::string(end)));
    }
    return {};
  }

  std::vector<std::string> found;

 private:
  AnswerCheck& check_;
  int32_t n_parses_ = 0;
};

// `line`, less what ends a statement, and it without its last words and signs, the longest first.
std::vector<std::string_view> beginnings_of(std::string_view line) {
  std::vector<std::string_view> beginnings;
  line = line.substr(0, line.find_last_not_of(" \t;,") + 1);
  while (!line.empty() && beginnings.size() < kMostBeginnings) {
    beginnings.push_back(line);
    const bool word = is_word_byte(line.back());
    do {
      line.remove_suffix(1);
    } while (word && !line.empty() && is_word_byte(line.back()));
    line = line.substr(0, line.find_last_not_of(" \t") + 1);
  }
  return beginnings;
}

// The end of a line from its last word on; empty: there is no word in it.
std::string_view last_word(std::string_view line) {
  size_t end = line.size();
  while (end > 0 && !is_word_byte(line[end - 1])) --end;
  while (end > 0 && is_word_byte(line[end - 1])) --end;
  return trimmed(line, " \t").empty() ? std::string_view() : line.substr(end);
}

}  // namespace

Result<std::string> cut_back(AnswerCheck& check, std::string_view answer) {
  for (size_t end = answer.rfind('\n'); end != answer.npos && end > 0;
       end = answer.rfind('\n', end - 1)) {
    const std::string_view kept = answer.substr(0, end);
    if (trimmed(kept, " \t\n").empty()) break;
    Search search(check);
    RETURN_IF_ERROR(search.look_at(std::string(kept)));
    RETURN_IF_ERROR(search.look_at(with_blocks_closed(line_before(check.cut()), kept)));
    if (!search.found.empty()) return std::move(search.found.front());
  }
  return std::string();
}

Result<std::vector<std::string>> other_ends(AnswerCheck& check, std::string_view answer) {
  Search ends(check);
  for (const std::string_view begin : beginnings_of(answer.substr(0, answer.find('\n')))) {
    RETURN_IF_ERROR(ends.look_at_ends(begin));
    if (!ends.found.empty()) break;
  }
  Search elsewhere(check);
  for (std::string& rest : similar_rests(check.cut().text, check.cut().offset))
    RETURN_IF_ERROR(elsewhere.look_at(std::move(rest)));
  std::vector<std::string> found = std::move(ends.found);
  std::move(elsewhere.found.begin(), elsewhere.found.end(), std::back_inserter(found));
  if (!found.empty()) return found;
  Search anything(check);
  ASSIGN_OR_RETURN(std::vector<std::string> names, check.names_in_scope());
  names.resize(std::min(names.size(), kMostFound));
  for (const std::string& name : names) RETURN_IF_ERROR(anything.look_at_ends(name));
  if (anything.found.empty()) RETURN_IF_ERROR(anything.look_at_ends(""));
  return std::move(anything.found);
}

std::vector<std::string> similar_rests(std::string_view text, int64_t offset) {
  const auto at = static_cast<size_t>(offset);
  const std::string_view before = text.substr(0, at);
  const size_t line_begin = before.rfind('\n') + 1;
  const std::string_view key = last_word(before.substr(line_begin));
  std::vector<std::pair<size_t, std::string_view>> rests;  // with how far away they are
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    const size_t found = key.empty() ? line.find_first_not_of(" \t") : line.find(key);
    if (found != line.npos && begin != line_begin &&
        (key.empty() || found == 0 || !is_word_byte(line[found - 1]))) {
      const std::string_view rest = trimmed(line.substr(found + key.size()), " \t\r");
      if (!rest.empty()) rests.emplace_back(begin > at ? begin - at : at - begin, rest);
    }
    begin = end + 1;
  }
  std::stable_sort(rests.begin(), rests.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> nearest;
  for (const auto& [distance, rest] : rests) {
    if (nearest.size() == kMostRests) break;
    if (std::find(nearest.begin(), nearest.end(), rest) == nearest.end())
      nearest.emplace_back(rest);
  }
  return nearest;
}

}  // namespace rondo::assist
