#include "assist/python_strings.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "assist/captures.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

Status stays(std::string reason) { return invalid_argument_error(std::move(reason)); }

bool is_identifier(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), is_word_byte);
}

TSNode field(TSNode node, std::string_view name) {
  return ts_node_child_by_field_name(node, name.data(), static_cast<uint32_t>(name.size()));
}

template <size_t N>
bool is_any(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A string literal's source: prefix, quotes, what stands between.
struct Literal {
  std::string prefix;  // as written
  std::string_view quotes;
  std::string_view content;
};

Result<Literal> literal_of(TSNode node, std::string_view text) {
  const std::string_view source = text_of(node, text);
  const size_t quote = source.find_first_of("'\"");
  if (type_of(node) != "string" || quote == source.npos) return stays("is no plain string");
  Literal literal{.prefix = std::string(source.substr(0, quote)), .quotes = {}, .content = {}};
  const char q = source[quote];
  const bool triple =
      source.substr(quote).starts_with(std::string(3, q)) && source.size() >= quote + 6;
  literal.quotes = source.substr(quote, triple ? 3 : 1);
  const size_t begin = quote + literal.quotes.size();
  literal.content = source.substr(begin, source.size() - begin - literal.quotes.size());
  return literal;
}

// The values that stand for the fields of a format.
struct Arguments {
  std::vector<TSNode> positional;
  std::map<std::string, TSNode, std::less<>> named;
};

Result<Arguments> arguments_of(TSNode list, std::string_view text) {
  Arguments arguments;
  if (type_of(list) != "argument_list" && type_of(list) != "tuple") {
    return stays("is formatted with a bare generator");
  }
  for (uint32_t i = 0; i < ts_node_named_child_count(list); ++i) {
    const TSNode child = ts_node_named_child(list, i);
    const std::string_view type = type_of(child);
    if (type == "comment") return stays("has a comment among its arguments");
    if (type == "list_splat" || type == "dictionary_splat") return stays("unpacks its arguments");
    if (type == "keyword_argument") {
      arguments.named.emplace(text_of(field(child, "name"), text), field(child, "value"));
    } else {
      arguments.positional.push_back(child);
    }
  }
  return arguments;
}

// A value as f-strings before Python 3.12 can hold it.
Result<std::string> value_source(TSNode value, std::string_view text, const Literal& literal) {
  static constexpr std::array<std::string_view, 6> kBad = {
      "lambda", "named_expression", "yield", "generator_expression", "await", "ERROR"};
  if (is_any(type_of(value), kBad)) return stays("has an argument that f-strings read otherwise");
  std::string source(text_of(value, text));
  if (source.find_first_of("\\\n\r#") != source.npos) {
    return stays("has an argument with a backslash, a comment or a line break");
  }
  if (source.find(literal.quotes[0]) != source.npos) {
    return stays("has an argument with the same quotes");
  }
  if (source.starts_with('{')) source = " " + source;
  if (source.ends_with('}')) source += " ";
  return source;
}

// What may be evaluated twice, or in another order, and nobody can tell.
bool is_plain(TSNode value) {
  static constexpr std::array<std::string_view, 6> kPlain = {"identifier", "integer", "float",
                                                             "true",       "false",   "none"};
  return is_any(type_of(value), kPlain);
}

// What `.name` can follow.
bool is_primary(TSNode value) {
  static constexpr std::array<std::string_view, 4> kPrimary = {"identifier", "attribute", "call",
                                                               "subscript"};
  return is_any(type_of(value), kPrimary);
}

// Every argument is evaluated once and in its order, or is such that it does not matter.
Status check_order(const Arguments& arguments, const std::vector<TSNode>& used) {
  std::vector<TSNode> all = arguments.positional;
  for (const auto& [name, value] : arguments.named) all.push_back(value);
  const auto starts_before = [](TSNode a, TSNode b) {
    return ts_node_start_byte(a) < ts_node_start_byte(b);
  };
  std::sort(all.begin(), all.end(), starts_before);
  const auto same = [](TSNode a, TSNode b) { return ts_node_eq(a, b); };
  if (std::equal(all.begin(), all.end(), used.begin(), used.end(), same)) return {};
  for (const TSNode value : all) {
    const bool is_used =
        std::any_of(used.begin(), used.end(), [&](TSNode u) { return same(u, value); });
    if (!is_used) return stays("has an argument that the text does not show");
    if (!is_plain(value)) return stays("shows an argument twice, or out of order");
  }
  return {};
}

// Turns the content of "...".format(...) into that of an f-string.
class FormatFields {
 public:
  FormatFields(const Literal& literal, const Arguments& arguments, std::string_view text)
      : literal_(literal), arguments_(arguments), text_(text) {}

  Result<std::string> content() {
    const std::string_view s = literal_.content;
    std::string out;
    for (size_t i = 0; i < s.size(); ++i) {
      if (s[i] != '{' && s[i] != '}') {
        out += s[i];
      } else if (i + 1 < s.size() && s[i + 1] == s[i]) {
        out.append(2, s[i++]);
      } else {
        const size_t end = s.find_first_of("{}", i + 1);
        if (s[i] == '}' || end == s.npos) return stays("has a lone brace");
        if (s[end] == '{') return stays("has a field inside a field");
        ASSIGN_OR_RETURN(const std::string field, field_source(s.substr(i + 1, end - i - 1)));
        out += "{" + field + "}";
        i = end;
      }
    }
    if (used_.empty()) return stays("has no fields");
    RETURN_IF_ERROR(check_order(arguments_, used_));
    return out;
  }

 private:
  // "value.attribute!r:>10" of "name.attribute!r:>10".
  Result<std::string> field_source(std::string_view field) {
    const size_t name_end = std::min(field.find_first_of(".[!:"), field.size());
    const size_t access_end = std::min(field.find_first_of("!:", name_end), field.size());
    const std::string_view access = field.substr(name_end, access_end - name_end);
    if (access.find('[') != access.npos) return stays("looks into an argument with [...]");
    ASSIGN_OR_RETURN(const TSNode value, value_named(field.substr(0, name_end)));
    if (!access.empty() && !is_primary(value)) return stays("reads an attribute of an expression");
    used_.push_back(value);
    ASSIGN_OR_RETURN(std::string source, value_source(value, text_, literal_));
    return source + std::string(field.substr(name_end));
  }

  Result<TSNode> value_named(std::string_view name) {
    const bool numbered = !name.empty() && name.find_first_not_of("0123456789") == name.npos;
    if (name.empty() || numbered) {
      const bool is_auto = name.empty();
      if (automatic_ && *automatic_ != is_auto) return stays("numbers only some of its fields");
      automatic_ = is_auto;
      const size_t index = is_auto           ? next_++
                           : name.size() > 3 ? 1000
                                             : std::stoul(std::string(name));
      if (index >= arguments_.positional.size()) return stays("has more fields than arguments");
      return arguments_.positional[index];
    }
    const auto found = arguments_.named.find(name);
    if (found == arguments_.named.end()) return stays("names an argument that is not there");
    return found->second;
  }

  const Literal& literal_;
  const Arguments& arguments_;
  std::string_view text_;
  std::vector<TSNode> used_;
  std::optional<bool> automatic_;
  size_t next_ = 0;
};

// The same for "..." % (...): only %s, %r and %a, whose meaning no type changes.
Result<std::string> percent_content(const Literal& literal, const Arguments& arguments,
                                    std::string_view text) {
  std::string out;
  size_t next = 0;
  const std::string_view s = literal.content;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '{' || s[i] == '}') {
      out.append(2, s[i]);
    } else if (s[i] != '%') {
      out += s[i];
    } else if (i + 1 < s.size() && s[i + 1] == '%') {
      out += s[i++];
    } else {
      const char conversion = i + 1 < s.size() ? s[++i] : '\0';
      if (conversion != 's' && conversion != 'r' && conversion != 'a') {
        return stays("has another conversion than %s, %r and %a");
      }
      if (next == arguments.positional.size()) return stays("has more fields than arguments");
      ASSIGN_OR_RETURN(const std::string value,
                       value_source(arguments.positional[next++], text, literal));
      out += "{" + value + "!" + conversion + "}";
    }
  }
  if (next == 0 || next != arguments.positional.size())
    return stays("has other fields than arguments");
  return out;
}

// Bytes, f-strings, \N{...} and \{ are read otherwise in an f-string.
Status check_literal(const Literal& literal) {
  if (literal.prefix.find_first_of("bBfFtT") != std::string::npos)
    return stays("is no plain string");
  const std::string_view s = literal.content;
  for (size_t i = 1; i < s.size(); ++i) {
    const bool named = i > 1 && s[i] == '{' && s[i - 1] == 'N' && s[i - 2] == '\\';
    const bool brace = (s[i] == '{' || s[i] == '}') && s[i - 1] == '\\';
    if (named || brace) return stays("has a backslash before a brace");
  }
  return {};
}

}  // namespace

Result<std::string> f_string_of(TSNode node, std::string_view text) {
  const bool is_call = type_of(node) == "call";
  const TSNode string = is_call ? field(field(node, "function"), "object") : field(node, "left");
  const TSNode list = field(node, is_call ? "arguments" : "right");
  if (ts_node_is_null(string) || ts_node_is_null(list)) return stays("is no formatted string");
  ASSIGN_OR_RETURN(const Literal literal, literal_of(string, text));
  RETURN_IF_ERROR(check_literal(literal));
  ASSIGN_OR_RETURN(const Arguments arguments, arguments_of(list, text));
  Result<std::string> content = is_call ? FormatFields(literal, arguments, text).content()
                                        : percent_content(literal, arguments, text);
  if (!content.ok()) return content.status();
  std::string prefix = literal.prefix;
  std::erase_if(prefix, [](char c) { return c == 'u' || c == 'U'; });
  // `return"..."` has no blank that would keep the f apart.
  const uint32_t begin = ts_node_start_byte(node);
  const bool touches = begin > 0 && is_word_byte(text[begin - 1]);
  return (touches ? " f" : "f") + prefix + std::string(literal.quotes) + *content +
         std::string(literal.quotes);
}

Result<std::string> keywords_of(TSNode dictionary, std::string_view text) {
  // What Python keeps for itself, and what loggers read as their own.
  static constexpr std::array<std::string_view, 46> kReserved = {
      "False",    "None",     "True",       "and",        "as",
      "assert",   "async",    "await",      "break",      "class",
      "continue", "def",      "del",        "elif",       "else",
      "except",   "finally",  "for",        "from",       "global",
      "if",       "import",   "in",         "is",         "lambda",
      "nonlocal", "not",      "or",         "pass",       "raise",
      "return",   "try",      "while",      "with",       "yield",
      "event",    "exc_info", "stack_info", "stacklevel", "extra",
      "msg",      "args",     "level",      "self",       "positional_args",
      "name"};
  std::string keywords;
  for (uint32_t i = 0; i < ts_node_named_child_count(dictionary); ++i) {
    const TSNode pair = ts_node_named_child(dictionary, i);
    if (type_of(pair) != "pair") return stays("has more than pairs in its dictionary");
    const TSNode key = field(pair, "key");
    const Result<Literal> literal = literal_of(key, text);
    if (!literal.ok() || !literal->prefix.empty())
      return stays("has a key that is no plain string");
    if (!is_identifier(literal->content) || is_any(literal->content, kReserved)) {
      return stays("has a key that cannot be the name of an argument");
    }
    if (!keywords.empty()) keywords += ", ";
    keywords +=
        std::string(literal->content) + "=" + std::string(text_of(field(pair, "value"), text));
  }
  return keywords;
}

std::string operand_of(TSNode expression, std::string_view text) {
  static constexpr std::array<std::string_view, 10> kLoose = {"comparison_operator",
                                                              "boolean_operator",
                                                              "not_operator",
                                                              "conditional_expression",
                                                              "lambda",
                                                              "named_expression",
                                                              "yield",
                                                              "generator_expression",
                                                              "list_splat",
                                                              "await"};
  static constexpr std::array<std::string_view, 9> kClosed = {"list",
                                                              "tuple",
                                                              "dictionary",
                                                              "set",
                                                              "parenthesized_expression",
                                                              "list_comprehension",
                                                              "set_comprehension",
                                                              "dictionary_comprehension",
                                                              "string"};
  std::string source(text_of(expression, text));
  const std::string_view type = type_of(expression);
  const bool spreads = source.find('\n') != source.npos && !is_any(type, kClosed);
  return is_any(type, kLoose) || spreads ? "(" + source + ")" : source;
}

}  // namespace rondo::assist
