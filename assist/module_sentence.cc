#include "assist/module_sentence.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace rondo::assist {
namespace {

using Words = std::vector<std::string>;

// Longer names are no names any more.
constexpr size_t kMaxNameWords = 5;
constexpr size_t kMaxModuleWords = 3;
constexpr size_t kMaxFunctions = 8;

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array<std::string_view, 14> kUnsaid = {"a",  "an",   "the", "their", "its",
                                                      "of", "some", "all", "every", "each",
                                                      "it", "them", "our", "my"};
constexpr std::array<std::string_view, 11> kPrepositions = {
    "by", "from", "in", "into", "for", "with", "to", "at", "on", "per", "as"};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (std::isspace(static_cast<unsigned char>(text.back())) ||
                           text.back() == '.' || text.back() == ',')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string as_sentence(std::string_view text) {
  std::string sentence(trim(text));
  if (sentence.empty()) return sentence;
  sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  return sentence + ".";
}

// The words of a name: "loadPrices" and "load_prices" are {"load", "prices"}.
Words words_of_name(std::string_view name) {
  Words words;
  bool begins = true;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool upper = std::isupper(static_cast<unsigned char>(c)) != 0;
    const bool after_upper = i > 0 && std::isupper(static_cast<unsigned char>(name[i - 1])) != 0;
    if (c == '_' || c == '-') {
      begins = true;
      continue;
    }
    if (begins || (upper && !after_upper)) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    begins = false;
  }
  return words;
}

// Words of ASCII letters and digits that begin with a letter; the others name nothing.
Words words_of(std::string_view text) {
  Words words;
  size_t i = 0;
  while (i < text.size()) {
    const size_t begin = i;
    while (i < text.size() && is_word(text[i])) ++i;
    if (i == begin) {
      ++i;
    } else if (is_letter(text[begin])) {
      for (std::string& word : words_of_name(text.substr(begin, i - begin))) {
        words.push_back(std::move(word));
      }
    }
  }
  return words;
}

// Where the brackets that begin at `i` are closed: behind the last; npos when they are not.
size_t end_of_brackets(std::string_view text, size_t i) {
  int depth = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '(' || text[i] == '[') ++depth;
    if ((text[i] == ')' || text[i] == ']') && --depth == 0) return i + 1;
  }
  return std::string_view::npos;
}

// The type behind "->", up to a comma or semicolon outside of brackets.
std::string_view result_type(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && text[i] != ',' && text[i] != ';') {
    const bool opens = text[i] == '(' || text[i] == '[';
    i = std::min(opens ? end_of_brackets(text, i) : i + 1, text.size());
  }
  return text.substr(0, i);
}

// "name(a, b) -> T" at the beginning of `text`, which ends at `end`; nothing when there is none.
std::optional<AskedFunction> written_function(std::string_view text, size_t& end) {
  size_t open = 0;
  while (open < text.size() && is_word(text[open])) ++open;
  if (open == 0 || !is_letter(text[0]) || open == text.size() || text[open] != '(') {
    return std::nullopt;
  }
  AskedFunction function = {.name = words_of_name(text.substr(0, open)), .is_written = true};
  end = end_of_brackets(text, open);
  if (end == std::string_view::npos || function.name.empty()) return std::nullopt;
  function.written_parameters = trim(text.substr(open + 1, end - open - 2));
  const size_t arrow = std::min(text.find_first_not_of(' ', end), text.size());
  if (text.substr(arrow, 2) == "->") {
    const std::string_view type = result_type(text.substr(arrow + 2));
    function.written_result = trim(type);
    end = arrow + 2 + type.size();
  }
  std::string purpose = join_name(function.name, NameStyle::kSnake);
  std::replace(purpose.begin(), purpose.end(), '_', ' ');
  function.purpose = as_sentence(purpose);
  return function;
}

std::vector<AskedFunction> written_functions(std::string_view text) {
  std::vector<AskedFunction> functions;
  for (size_t i = 0; i < text.size();) {
    size_t end = 0;
    const bool begins = i == 0 || !is_word(text[i - 1]);
    std::optional<AskedFunction> function;
    if (begins) function = written_function(text.substr(i), end);
    if (!function) {
      ++i;
      continue;
    }
    functions.push_back(std::move(*function));
    i += end;
  }
  return functions;
}

// The clauses between commas, semicolons and "and".
std::vector<std::string> clauses_of(std::string_view text) {
  std::vector<std::string> clauses(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' || text[i] == ';' || text[i] == '\n') {
      clauses.emplace_back();
    } else if (text.substr(i, 5) == " and ") {
      clauses.emplace_back();
      i += 4;
    } else {
      clauses.back() += text[i];
    }
  }
  std::erase_if(clauses, [](const std::string& clause) { return words_of(clause).empty(); });
  return clauses;
}

// A verb alone does the same to what the next clause is about ("load and total the lines"); a last
// word alone belongs to what came before ("load prices and names").
void complete_clauses(std::vector<std::string>& clauses) {
  for (size_t i = clauses.size(); i-- > 0;) {
    if (words_of(clauses[i]).size() > 1 || clauses.size() == 1) continue;
    if (i + 1 == clauses.size()) {
      clauses[i - 1] += " and " + std::string(trim(clauses[i]));
      clauses.pop_back();
    } else {
      const std::string_view next = trim(clauses[i + 1]);
      clauses[i] = std::string(trim(clauses[i])) + std::string(next.substr(next.find(' ')));
    }
  }
}

// "total the lines by region": total_lines_by_region(lines, region).
AskedFunction function_of(std::string_view clause) {
  AskedFunction function = {.purpose = as_sentence(clause)};
  Words parameter;
  const auto finish = [&] {
    if (!parameter.empty()) function.parameters.push_back(std::exchange(parameter, {}));
  };
  Words words = words_of(clause);
  std::erase_if(words, [](const std::string& word) { return is_one_of(kUnsaid, word); });
  for (size_t i = 0; i < words.size(); ++i) {
    const bool parts = is_one_of(kPrepositions, words[i]) || words[i] == "and";
    if (parts) finish();
    if (!parts && i > 0) parameter.push_back(words[i]);
    if (function.name.size() < kMaxNameWords) function.name.push_back(words[i]);
  }
  finish();
  while (function.name.size() > 1 &&
         (is_one_of(kPrepositions, function.name.back()) || function.name.back() == "and")) {
    function.name.pop_back();
  }
  return function;
}

// "it" is what the function before did something to.
void resolve_pronouns(std::vector<AskedFunction>& functions) {
  for (size_t i = 1; i < functions.size(); ++i) {
    const std::vector<std::vector<std::string>>& before = functions[i - 1].parameters;
    if (functions[i].parameters.empty() && !before.empty()) {
      functions[i].parameters = {before[0]};
    }
  }
}

// What the module is about: the thing that its first function does something to.
Words module_name(std::string_view named, const std::vector<AskedFunction>& functions) {
  Words name = words_of(named);
  std::erase_if(name, [](const std::string& word) { return is_one_of(kUnsaid, word); });
  if (name.empty() && !functions.empty()) {
    const AskedFunction& first = functions[0];
    name = first.parameters.empty() ? first.name : first.parameters[0];
  }
  if (name.size() > kMaxModuleWords) name.resize(kMaxModuleWords);
  return name;
}

}  // namespace

Result<AskedModule> read_module_sentence(std::string_view sentence) {
  const size_t parenthesis = std::min(sentence.find('('), sentence.size());
  const size_t colon = sentence.substr(0, parenthesis).find(':');
  const bool is_named = colon != std::string_view::npos;
  const std::string_view said = is_named ? sentence.substr(colon + 1) : sentence;
  AskedModule module = {.purpose = as_sentence(said)};
  module.functions = written_functions(said);
  if (module.functions.empty()) {
    std::vector<std::string> clauses = clauses_of(said);
    complete_clauses(clauses);
    for (const std::string& clause : clauses) module.functions.push_back(function_of(clause));
    std::erase_if(module.functions, [](const AskedFunction& f) { return f.name.empty(); });
    resolve_pronouns(module.functions);
  } else if (is_named) {
    module.purpose = as_sentence(sentence.substr(0, colon));
  }
  if (module.functions.size() > kMaxFunctions) module.functions.resize(kMaxFunctions);
  module.name = module_name(is_named ? sentence.substr(0, colon) : "", module.functions);
  if (module.name.empty() || module.functions.empty()) {
    return invalid_argument_error(
        "Say what the module does, as in \"load price lists and total the lines by region\", or "
        "its functions, as in \"prices: load(path), total(lines)\"");
  }
  return module;
}

std::string join_name(const std::vector<std::string>& words, NameStyle style) {
  const bool capitals = style == NameStyle::kCamel || style == NameStyle::kPascal;
  std::string name;
  for (const std::string& word : words) {
    const bool first = name.empty();
    if (!first && !capitals) name += style == NameStyle::kSnake ? '_' : '-';
    name += word;
    if (capitals && !(first && style == NameStyle::kCamel)) {
      char& begin = name[name.size() - word.size()];
      begin = static_cast<char>(std::toupper(static_cast<unsigned char>(begin)));
    }
  }
  return name;
}

}  // namespace rondo::assist
