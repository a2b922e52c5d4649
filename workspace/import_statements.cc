#include "workspace/import_statements.h"

#include <algorithm>
#include <optional>

#include "base/characters.h"
#include "workspace/path.h"

namespace rondo::workspace {
namespace {

std::string_view trim(std::string_view text) { return trimmed(text, " \t\r\n;"); }

constexpr int kMaxLines = 400;
constexpr int kMaxStatementLines = 60;
constexpr size_t kMaxImports = 128;

// Takes `word` and the blanks behind it off the start of `text`, when it stands there.
bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text = trim(text.substr(word.size()));
  return true;
}

// `text` in pieces between separators that stand in no bracket.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : separator;
    if (c == '{' || c == '(') ++depth;
    if (c == '}' || c == ')') --depth;
    if (c != separator || (depth > 0 && i < text.size())) continue;
    const std::string_view piece = trim(text.substr(begin, i - begin));
    if (!piece.empty()) pieces.push_back(piece);
    begin = i + 1;
  }
  return pieces;
}

// "a" and "b" of "a as b" (or "a: b"); twice the same of "a".
ImportedName renamed(std::string_view text, std::string_view by = " as ") {
  const size_t at = text.find(by);
  if (at == text.npos) return {.name = std::string(trim(text)), .local = std::string(trim(text))};
  return {.name = std::string(trim(text.substr(0, at))),
          .local = std::string(trim(text.substr(at + by.size())))};
}

std::string_view last_quoted(std::string_view text) {
  const size_t end = text.find_last_of("'\"`");
  if (end == text.npos || end == 0) return {};
  const size_t begin = text.find_last_of(text[end], end - 1);
  return begin == text.npos ? std::string_view() : text.substr(begin + 1, end - begin - 1);
}

// What is between the first '{' and its '}'.
std::string_view braced(std::string_view text) {
  const size_t begin = text.find('{');
  const size_t end = text.rfind('}');
  if (begin == text.npos || end == text.npos || end < begin) return {};
  return text.substr(begin + 1, end - begin - 1);
}

std::string join_path(std::string_view folder, std::string_view rest) {
  if (folder.empty()) return std::string(rest);
  if (rest.empty()) return std::string(folder);
  return std::string(folder) + '/' + std::string(rest);
}

// `module` without "./" and "../" at its start, which mean folders above `folder`.
std::string resolve(std::string_view folder, std::string_view module) {
  const bool relative = module.starts_with('.');
  while (true) {
    if (module == "." || module == "..") module = module == "." ? "./" : "../";
    if (module.starts_with("./")) {
      module.remove_prefix(2);
    } else if (module.starts_with("../")) {
      module.remove_prefix(3);
      folder = folder_of(folder);
    } else {
      return relative ? join_path(folder, module) : std::string(module);
    }
  }
}

// `path` without ".js" or ".hpp"; "cart.config" stays.
std::string without_extension(std::string_view path) {
  constexpr size_t kMaxExtension = 3;
  const std::string_view name = name_of(path);
  const size_t dot = name.rfind('.');
  const bool has_extension = dot != name.npos && dot > 0 && name.size() - dot - 1 <= kMaxExtension;
  return std::string(has_extension ? path.substr(0, path.size() - (name.size() - dot)) : path);
}

std::string replace_all(std::string_view text, std::string_view what, char with) {
  std::string result;
  while (!text.empty()) {
    const size_t at = std::min(text.find(what), text.size());
    result += text.substr(0, at);
    if (at == text.size()) break;
    result += with;
    text.remove_prefix(at + what.size());
  }
  return result;
}

// ---- Statements: one for each language, adding to `imports`.

using Imports = std::vector<Import>;

std::string python_module(std::string_view path, std::string_view dotted) {
  const size_t n_dots = std::min(dotted.find_first_not_of('.'), dotted.size());
  const std::string rest = replace_all(dotted.substr(n_dots), ".", '/');
  if (n_dots == 0) return rest;
  std::string_view folder = folder_of(path);
  for (size_t i = 1; i < n_dots; ++i) folder = folder_of(folder);
  return join_path(folder, rest);
}

void read_python(std::string_view path, std::string_view statement, Imports& imports) {
  if (take(statement, "import ")) {
    for (const std::string_view piece : split(statement, ',')) {
      const ImportedName name = renamed(piece);
      imports.push_back({.module = python_module(path, name.name),
                         .names = {},
                         .bound = name.local,
                         .written = name.name});
    }
    return;
  }
  const size_t at = statement.find(" import ");
  if (!take(statement, "from ") || at == statement.npos) return;
  const size_t middle = statement.find("import ");
  const std::string_view module = trim(statement.substr(0, middle));
  Import import{.module = python_module(path, module), .names = {}, .written = std::string(module)};
  std::string_view names = trim(statement.substr(middle + 7));
  if (names.starts_with('(')) names = names.substr(1, names.rfind(')') - 1);
  import.all = names == "*";
  for (const std::string_view piece : split(import.all ? "" : names, ',')) {
    import.names.push_back(renamed(piece));
  }
  imports.push_back(std::move(import));
}

void read_ecmascript(std::string_view path, std::string_view statement, Imports& imports) {
  const std::string_view quoted = last_quoted(statement);
  if (quoted.empty()) return;
  Import import{.module = without_extension(resolve(folder_of(path), quoted)),
                .names = {},
                .written = std::string(quoted)};
  const bool required = statement.find("require") != statement.npos;
  const bool exported = take(statement, "export ");
  for (const std::string_view word : {"import ", "type ", "const ", "let ", "var "}) {
    take(statement, word);
  }
  const size_t end = statement.find(required ? "=" : " from");
  if (end == statement.npos && !braced(statement).size()) return;
  const std::string_view clause = trim(statement.substr(0, end));
  for (std::string_view piece : split(braced(clause), ',')) {
    take(piece, "type ");
    import.names.push_back(renamed(piece, required ? ":" : " as "));
  }
  for (std::string_view piece : split(clause, ',')) {
    if (piece.starts_with('{')) continue;
    if (take(piece, "*")) {
      import.all = exported && piece.empty();
      if (take(piece, "as ")) import.bound = std::string(piece);
    } else if (required) {
      import.bound = std::string(piece);
    } else {
      import.names.push_back({.name = "default", .local = std::string(piece)});
    }
  }
  imports.push_back(std::move(import));
}

void read_go(std::string_view, std::string_view statement, Imports& imports) {
  take(statement, "import ");
  if (statement.starts_with('(')) statement = statement.substr(1, statement.rfind(')') - 1);
  for (const std::string_view line : split(statement, '\n')) {
    const std::string_view quoted = last_quoted(line);
    if (quoted.empty()) continue;
    std::string_view bound = trim(line.substr(0, line.find_first_of("\"`")));
    std::string_view module = quoted;
    const std::string_view last = name_of(module);
    const bool version = last.size() > 1 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9';
    if (version) module = folder_of(module);
    if (bound.empty()) bound = name_of(module);
    imports.push_back({.module = std::string(module),
                       .names = {},
                       .bound = std::string(bound == "." || bound == "_" ? "" : bound),
                       .all = bound == "."});
  }
}

// "a/b" of crate::a::b, "lib" of crate alone. What lies above a module is its `folder`.
std::string rust_module(std::string_view folder, std::string_view path) {
  if (path == "crate") return "lib";
  if (path == "super" || path == "self") return std::string(folder);
  for (const std::string_view word : {"crate::", "self::", "super::", "super::"}) take(path, word);
  return replace_all(path, "::", '/');
}

void read_rust_tree(std::string_view folder, std::string_view around, std::string_view tree,
                    Imports& imports) {
  const size_t brace = tree.find('{');
  if (brace != tree.npos) {
    const std::string prefix = std::string(around) + std::string(trim(tree.substr(0, brace)));
    for (const std::string_view piece : split(braced(tree), ',')) {
      read_rust_tree(folder, prefix, piece, imports);
    }
    return;
  }
  const ImportedName whole = renamed(tree);
  const std::string path = std::string(around) + whole.name;
  const size_t colons = path.rfind("::");
  const std::string before = path.substr(0, colons == path.npos ? 0 : colons);
  const std::string last = colons == path.npos ? path : path.substr(colons + 2);
  if (last == "*") {
    imports.push_back(
        {.module = rust_module(folder, before), .names = {}, .bound = {}, .all = true});
  } else if (last == "self") {
    const std::string module = rust_module(folder, before);
    const std::string local =
        whole.local == whole.name ? std::string(name_of(module)) : whole.local;
    imports.push_back({.module = module, .names = {}, .bound = local});
  } else {
    const std::string local = whole.local == whole.name ? last : whole.local;
    imports.push_back(
        {.module = rust_module(folder, before), .names = {{.name = last, .local = local}}});
  }
}

void read_rust(std::string_view path, std::string_view statement, Imports& imports) {
  if (statement.starts_with("pub(")) statement = trim(statement.substr(statement.find(')') + 1));
  take(statement, "pub ");
  if (take(statement, "use ")) return read_rust_tree(folder_of(path), "", statement, imports);
  if (!take(statement, "mod ") || statement.find('{') != statement.npos) return;
  const std::string_view stem = stem_of(path);
  const bool is_root = stem == "mod" || stem == "lib" || stem == "main";
  const std::string folder =
      is_root ? std::string(folder_of(path)) : join_path(folder_of(path), stem);
  imports.push_back(
      {.module = join_path(folder, statement), .names = {}, .bound = std::string(statement)});
}

void read_c(std::string_view path, std::string_view statement, Imports& imports) {
  const size_t begin = statement.find_first_of("\"<");
  const size_t end = statement.find_last_of("\">");
  if (begin == statement.npos || end <= begin) return;
  const std::string_view file = statement.substr(begin + 1, end - begin - 1);
  imports.push_back({.module = without_extension(resolve(folder_of(path), file)),
                     .names = {},
                     .bound = {},
                     .all = true});
}

void read_java(std::string_view, std::string_view statement, Imports& imports) {
  take(statement, "import ");
  const bool of_class = take(statement, "static ");
  std::string path = replace_all(statement, ".", '/');
  const std::string last(name_of(path));
  const std::string before(folder_of(path));
  if (last == "*") {
    imports.push_back({.module = before, .names = {}, .bound = {}, .all = true});
  } else {
    imports.push_back(
        {.module = of_class ? before : path, .names = {{.name = last, .local = last}}});
  }
}

// ---- Where statements are.

struct Syntax {
  std::string_view family;  // of languages
  // A line that begins with one of these begins a statement; it goes on until its brackets close.
  std::vector<std::string_view> begins;
  std::string_view comment;  // to the end of a line
  void (*read)(std::string_view path, std::string_view statement, Imports& imports);
};

const Syntax* syntax_of(const Language& language) {
  static const std::vector<Syntax> kSyntaxes = {
      {"python", {"import ", "from "}, "#", read_python},
      {"ecmascript",
       {"import ", "import{", "export {", "export *", "export type {", "const ", "let ", "var "},
       "//",
       read_ecmascript},
      {"go", {"import "}, "//", read_go},
      {"rust", {"use ", "mod ", "pub use ", "pub mod ", "pub("}, "//", read_rust},
      {"c", {"#include", "# include"}, "//", read_c},
      {"java", {"import "}, "//", read_java},
  };
  const auto it = std::find_if(kSyntaxes.begin(), kSyntaxes.end(), [&](const Syntax& syntax) {
    return syntax.family == family(language);
  });
  return it == kSyntaxes.end() ? nullptr : &*it;
}

// Whether a line that begins like an import is none: a declaration in JavaScript that requires
// nothing, a module of Rust that stands here.
bool is_no_import(std::string_view line) {
  for (const std::string_view word : {"const ", "let ", "var "}) {
    if (line.starts_with(word)) return line.find("require(") == line.npos;
  }
  return line.find("mod ") != line.npos && line.ends_with('{');
}

bool is_open(std::string_view statement) {
  return std::count(statement.begin(), statement.end(), '(') +
             std::count(statement.begin(), statement.end(), '{') >
         std::count(statement.begin(), statement.end(), ')') +
             std::count(statement.begin(), statement.end(), '}');
}

// Takes a line off `text`, without its end and its comment. An address ("https://") has no comment.
std::string_view take_line(std::string_view& text, std::string_view comment) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  const size_t at = line.find(comment);
  const bool is_comment =
      at != line.npos && !line.starts_with("#include") && (at == 0 || line[at - 1] != ':');
  return trim(is_comment ? line.substr(0, at) : line);
}

}  // namespace

std::vector<Import> import_statements(std::string_view path, const Language& language,
                                      std::string_view text) {
  Imports imports;
  const Syntax* syntax = syntax_of(language);
  if (syntax == nullptr) return imports;
  for (int n = 0; n < kMaxLines && !text.empty() && imports.size() < kMaxImports; ++n) {
    std::string statement(take_line(text, syntax->comment));
    const bool begins =
        std::any_of(syntax->begins.begin(), syntax->begins.end(),
                    [&](std::string_view word) { return statement.starts_with(word); });
    if (!begins) continue;
    if (is_no_import(statement)) continue;
    for (int m = 0; m < kMaxStatementLines && is_open(statement) && !text.empty(); ++m, ++n) {
      statement += '\n';
      statement += take_line(text, syntax->comment);
    }
    syntax->read(path, statement, imports);
  }
  if (imports.size() > kMaxImports) imports.resize(kMaxImports);
  return imports;
}

}  // namespace rondo::workspace
