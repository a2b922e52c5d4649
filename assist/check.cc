#include "assist/check.h"

namespace rondo::assist {

Result<std::vector<std::string>> command_words(std::string_view command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (const char c : command) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == '\0' && blank) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0')
    return invalid_argument_error("a quote is not closed in: " + std::string(command));
  if (words.empty()) return invalid_argument_error("a check needs a program");
  return words;
}

Result<Check> check_of(std::string_view command) {
  Check check;
  ASSIGN_OR_RETURN(check.words, command_words(command));
  check.name = check.words[0].substr(check.words[0].rfind('/') + 1);
  return check;
}

}  // namespace rondo::assist
