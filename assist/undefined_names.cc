#include "assist/undefined_names.h"

#include <algorithm>
#include <utility>

#include "assist/unknown_names.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

// How tools say that a name is not defined: by code, or in words.
struct Saying {
  std::string_view tool;  // for readers of this table
  std::string_view code;  // empty: by words alone
  std::string_view words;
};
constexpr Saying kSayings[] = {
    {"Pyright", "reportUndefinedVariable", "is not defined"},
    {"Pyright", "reportAttributeAccessIssue", "is not a known attribute"},
    {"Pyright", "reportAttributeAccessIssue", "Cannot access attribute"},
    {"pyflakes, flake8, Ruff", "F821", "undefined name"},
    {"Ruff", "", "Undefined name"},
    {"Pylint", "E0602", "Undefined variable"},
    {"Pylint", "undefined-variable", "Undefined variable"},
    {"Pylint", "no-member", "has no"},
    {"mypy", "name-defined", "is not defined"},
    {"mypy", "attr-defined", "has no attribute"},
    {"TypeScript", "2304", "Cannot find name"},
    {"TypeScript", "2552", "Cannot find name"},
    {"TypeScript", "2503", "Cannot find namespace"},
    {"TypeScript", "2551", "does not exist on type"},
    {"TypeScript", "2339", "does not exist on type"},
    {"ESLint", "no-undef", "is not defined"},
    {"gopls", "UndeclaredName", "undefined: "},
    {"gopls", "MissingFieldOrMethod", "undefined"},
    {"clangd", "undeclared_var_use", "use of undeclared identifier"},
    {"clangd", "undeclared_var_use_suggest", "use of undeclared identifier"},
    {"clangd", "unknown_typename", "unknown type name"},
    {"clangd", "unknown_typename_suggest", "unknown type name"},
    {"clangd", "no_member", "no member named"},
    {"clangd", "no_member_suggest", "no member named"},
    {"rustc", "E0425", "in this scope"},
    {"rustc", "E0412", "cannot find type"},
    {"rustc", "E0433", "use of undeclared"},
};

std::optional<UndefinedName> name_around(const workspace::Text& text, int64_t offset) {
  const std::string& bytes = text.bytes();
  int64_t begin = offset;
  int64_t end = offset;
  while (begin > 0 && is_word_byte(bytes[begin - 1])) --begin;
  while (end < text.size() && is_word_byte(bytes[end])) ++end;
  if (begin == end || (bytes[begin] >= '0' && bytes[begin] <= '9')) return std::nullopt;
  const bool is_member = begin > 0 && (bytes[begin - 1] == '.' ||
                                       (begin > 1 && bytes.compare(begin - 2, 2, "->") == 0));
  return UndefinedName{.name = bytes.substr(begin, end - begin),
                       .bytes = {.begin = begin, .end = end},
                       .is_member = is_member};
}

// A tool may mark more than the name, which it quotes then.
std::optional<UndefinedName> marked_name(const ActionScene& scene, const Diagnostic& diagnostic) {
  std::optional<UndefinedName> marked = name_at(scene, diagnostic.bytes);
  if (marked) return marked;
  const std::string_view inside = scene.text().slice(diagnostic.bytes);
  for (size_t at = 0; at < diagnostic.message.size(); ++at) {
    if (!is_word_byte(diagnostic.message[at])) continue;
    const size_t end = std::find_if_not(diagnostic.message.begin() + static_cast<int64_t>(at),
                                        diagnostic.message.end(), is_word_byte) -
                       diagnostic.message.begin();
    const bool quoted = at > 0 && std::string_view("\"'`").find(diagnostic.message[at - 1]) !=
                                      std::string_view::npos;
    const size_t found = inside.rfind(diagnostic.message.substr(at, end - at));
    if (quoted && found != inside.npos) {
      return name_around(scene.text(), diagnostic.bytes.begin + static_cast<int64_t>(found));
    }
    at = end;
  }
  return std::nullopt;
}

}  // namespace

bool tells_of_undefined_name(const Diagnostic& diagnostic) {
  return std::any_of(std::begin(kSayings), std::end(kSayings), [&](const Saying& saying) {
    const bool says = diagnostic.message.find(saying.words) != std::string::npos;
    return says &&
           (saying.code.empty() || diagnostic.code.empty() || diagnostic.code == saying.code);
  });
}

std::optional<UndefinedName> name_at(const ActionScene& scene, workspace::ByteRange bytes) {
  const std::optional<UndefinedName> name = name_around(scene.text(), bytes.begin);
  const bool whole = name && name->bytes.end >= bytes.end;
  return whole ? name : std::nullopt;
}

std::vector<UndefinedName> undefined_names(const ActionScene& scene) {
  std::vector<UndefinedName> names;
  for (size_t i = 0; i < scene.query.diagnostics.size(); ++i) {
    if (!tells_of_undefined_name(scene.query.diagnostics[i])) continue;
    if (auto name = marked_name(scene, scene.query.diagnostics[i])) {
      name->diagnostic = i;
      names.push_back(std::move(*name));
    }
  }
  if (!names.empty() || scene.query.automatic || !scene.names) return names;
  const workspace::Text& text = scene.text();
  const workspace::ByteRange line = text.line(text.line_at(scene.offset()));
  for (const workspace::UsedName& use : unknown_names(*scene.names, line,
                                                      {.language = *scene.document().language,
                                                      .path = scene.document().path,
                                                      .text = text.bytes(),
                                                      .index = scene.index,
                                                      .builtins = *scene.builtins})) {
    names.push_back({.name = use.name, .bytes = use.bytes});
  }
  return names;
}

}  // namespace rondo::assist
