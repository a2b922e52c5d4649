#include "bench/action_cases.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <utility>

#include "assist/syntax_errors.h"
#include "base/characters.h"
#include "workspace/identifiers.h"
#include "workspace/languages.h"

namespace rondo::bench {
namespace {

using assist::TextEdit;
using workspace::ByteRange;
using workspace::Function;

constexpr int kTries = 40;
constexpr int64_t kMostBodyLines = 8;

std::string_view trim(std::string_view text) { return trimmed(text, " \t\r\n"); }

// `text` with the edits made, which are in its order.
std::string edited(std::string text, const std::vector<TextEdit>& edits) {
  for (auto edit = edits.rbegin(); edit != edits.rend(); ++edit) {
    text.replace(static_cast<size_t>(edit->range.begin), static_cast<size_t>(edit->range.size()),
                 edit->with);
  }
  return text;
}

// What takes `removed` out of a text, and what would bring it back.
struct Removal {
  std::vector<TextEdit> removal;
  std::vector<TextEdit> truth;
};

Removal remove(const std::string& text, const std::vector<ByteRange>& ranges,
               const std::string& instead = "") {
  Removal result;
  int64_t shift = 0;
  for (const ByteRange range : ranges) {
    result.removal.push_back({range, instead});
    const int64_t begin = range.begin + shift;
    const auto size = static_cast<int64_t>(instead.size());
    result.truth.push_back(
        {{begin, begin + size},
         text.substr(static_cast<size_t>(range.begin), static_cast<size_t>(range.size()))});
    shift += size - range.size();
  }
  return result;
}

// Without what does not count: blanks that lie at the ends of lines or around the whole.
std::string plain(std::string_view text) {
  std::string out;
  for (text = trim(text); !text.empty();) {
    const size_t end = std::min(text.find('\n'), text.size());
    out += std::string(trimmed(text.substr(0, end), " \t\r;")) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::replace(out.begin(), out.end(), '"', '\'');
  return out;
}

}  // namespace

struct ActionCases::Source {
  const std::string& action;
  const CorpusFile& file;
  size_t index;
  const workspace::Language& language;
  const workspace::SyntaxTree& tree;
  std::vector<Function> functions;
  bool doc_is_in_body = false;

  const std::string& text() const { return file.text; }
  const workspace::Text& lines() const { return *tree.text; }

  ActionCase made(Removal removal, int64_t cursor) const {
    return {.action = action,
            .file = index,
            .text = edited(text(), removal.removal),
            .selection = {cursor, cursor},
            .diagnostics = {},
            .truth = std::move(removal.truth)};
  }
};

const std::vector<std::string>& measured_actions() {
  static const std::vector<std::string> names = {
      "fixName",      "addImport",      "fixSyntax",    "completeSelection",
      "completeBody", "writeDocstring", "annotateTypes"};
  return names;
}

std::optional<ActionCase> ActionCases::make(const std::string& action, const CorpusFile& file,
                                            size_t index) {
  const workspace::Language& language = workspace::language_of_file(file.path, file.text);
  if (!workspace::has_functions(language)) return std::nullopt;
  const auto text = std::make_shared<const workspace::Text>(file.text);
  const Result<workspace::SyntaxTree> tree = parser_.parse(language, text, nullptr, {});
  if (!tree.ok() || assist::count_syntax_errors(*tree) > 0) return std::nullopt;
  const workspace::FunctionQuery query(language);
  const Source source = {.action = action,
                         .file = file,
                         .index = index,
                         .language = language,
                         .tree = *tree,
                         .functions = query.in(*tree, workspace::QueryCursor()),
                         .doc_is_in_body = query.doc_is_in_body()};
  if (action == "fixName") return misspelt(source);
  if (action == "addImport") return without_import(source);
  if (action == "fixSyntax") return without_sign(source);
  if (action == "completeSelection") return without_expression(source);
  if (action == "completeBody") return without_body(source);
  if (action == "writeDocstring") return without_docstring(source);
  if (action == "annotateTypes") return without_types(source);
  return std::nullopt;
}

// A name that stands there before is misspelt by a letter, and a checker says so.
std::optional<ActionCase> ActionCases::misspelt(const Source& source) {
  const std::vector<workspace::Identifier> words = workspace::identifiers(source.text());
  const TSNode root = ts_tree_root_node(source.tree.tree.get());
  for (int i = 0; i < kTries && !words.empty(); ++i) {
    const auto& word =
        words[static_cast<size_t>(random_.below(static_cast<int64_t>(words.size())))];
    const auto end = word.offset + static_cast<int64_t>(word.text.size());
    const TSNode node = ts_node_descendant_for_byte_range(root, static_cast<uint32_t>(word.offset),
                                                          static_cast<uint32_t>(end));
    const bool plain_name = std::string_view(ts_node_type(node)) == "identifier" &&
                            (word.offset == 0 || source.text()[word.offset - 1] != '.');
    const auto first = static_cast<int64_t>(source.text().find(word.text));
    if (word.text.size() < 4 || !plain_name || first == word.offset) continue;
    std::string name(word.text);
    const auto at = static_cast<size_t>(random_.below(static_cast<int64_t>(name.size()) - 1));
    switch (random_.below(4)) {
      case 0:
        std::swap(name[at], name[at + 1]);
        break;
      case 1:
        name.erase(at + 1, 1);
        break;
      case 2:
        name.insert(at, 1, name[at]);
        break;
      default:
        name[at + 1] = static_cast<char>('a' + random_.below(26));
    }
    if (source.text().find(name) != std::string::npos) continue;
    ActionCase one = source.made(remove(source.text(), {{word.offset, end}}, name), word.offset);
    one.diagnostics.push_back(
        {.bytes = {word.offset, word.offset + static_cast<int64_t>(name.size())},
         .message = "undefined name '" + name + "'",
         .source = "pyflakes",
         .code = ""});
    return one;
  }
  return std::nullopt;
}

// A line that imports one name, which is used below.
std::optional<ActionCase> ActionCases::without_import(const Source& source) {
  const workspace::Text& lines = source.lines();
  std::vector<std::pair<int64_t, std::string>> imports;  // line, name
  for (int64_t line = 0; line < std::min<int64_t>(lines.line_count(), 200); ++line) {
    const std::string_view text = lines.slice(lines.line(line));
    const std::vector<workspace::Identifier> words = workspace::identifiers(text);
    if (words.size() < 2 || text.find(',') != text.npos || text.find('(') != text.npos) continue;
    const bool python = source.language.id == "python" &&
                        ((words[0].text == "from" && text.find("*") == text.npos) ||
                         (words[0].text == "import" && text.find(" as ") == text.npos &&
                          text.find('.') == text.npos));
    const bool script = family(source.language) == "ecmascript" && text.starts_with("import {") &&
                        text.find(" as ") == text.npos;
    if (python && words[1].text != "__future__") {
      imports.emplace_back(line, std::string(words.back().text));
    }
    if (script) imports.emplace_back(line, std::string(words[1].text));
  }
  for (int i = 0; i < kTries && !imports.empty(); ++i) {
    const auto& [line, name] =
        imports[static_cast<size_t>(random_.below(static_cast<int64_t>(imports.size())))];
    const ByteRange range = lines.line_with_end(line);
    for (const workspace::Identifier& use :
         workspace::identifiers(std::string_view(source.text()).substr(range.end))) {
      if (use.text != name) continue;
      ActionCase one = source.made(remove(source.text(), {range}), range.begin + use.offset);
      one.diagnostics.push_back(
          {.bytes = {one.selection.begin, one.selection.begin + static_cast<int64_t>(name.size())},
           .message = "undefined name '" + name + "'",
           .source = "pyflakes",
           .code = ""});
      return one;
    }
  }
  return std::nullopt;
}

// A bracket, colon or quote is missing, and the grammar notices.
std::optional<ActionCase> ActionCases::without_sign(const Source& source) {
  constexpr std::string_view kSigns = ")]}:\"';,({";
  for (int i = 0; i < kTries; ++i) {
    const int64_t from = random_.below(static_cast<int64_t>(source.text().size()));
    const size_t at = source.text().find_first_of(kSigns, static_cast<size_t>(from));
    if (at == std::string::npos) continue;
    const auto offset = static_cast<int64_t>(at);
    ActionCase one = source.made(remove(source.text(), {{offset, offset + 1}}), offset);
    const auto text = std::make_shared<const workspace::Text>(one.text);
    const auto tree = parser_.parse(source.language, text, nullptr, {});
    if (tree.ok() && assist::count_syntax_errors(*tree) > 0) return one;
  }
  return std::nullopt;
}

// What is assigned or returned in a line.
std::optional<ActionCase> ActionCases::without_expression(const Source& source) {
  constexpr std::string_view kHole = "TODO";
  const workspace::Text& lines = source.lines();
  for (int i = 0; i < kTries; ++i) {
    const ByteRange line = lines.line(random_.below(lines.line_count()));
    const std::string_view text = lines.slice(line);
    size_t begin = text.find(" = ");
    begin = begin == text.npos ? text.find("return ") : begin;
    if (begin == text.npos) continue;
    begin = text.find(' ', begin + 1) + 1;
    const std::string_view rest = trimmed(text.substr(begin), " \t\r;");
    if (rest.size() < 4 || rest.size() > 80 || rest.find_first_of("{}") != rest.npos) continue;
    const int64_t at = line.begin + static_cast<int64_t>(begin);
    ActionCase one = source.made(
        remove(source.text(), {{at, at + static_cast<int64_t>(rest.size())}}, std::string(kHole)),
        at);
    one.selection.end = at + static_cast<int64_t>(kHole.size());
    return one;
  }
  return std::nullopt;
}

std::optional<ActionCase> ActionCases::without_body(const Source& source) {
  const workspace::Text& lines = source.lines();
  for (int i = 0; i < kTries && !source.functions.empty(); ++i) {
    const Function& function = source.functions[static_cast<size_t>(
        random_.below(static_cast<int64_t>(source.functions.size())))];
    ByteRange body = function.body;
    if (!source.doc_is_in_body) body = {body.begin + 1, body.end - 1};
    if (source.doc_is_in_body && function.doc) body.begin = function.doc->end;
    if (body.end <= body.begin) continue;
    const std::string_view text = lines.slice(body);
    const int64_t n_lines = std::count(text.begin(), text.end(), '\n');
    if (trim(text).size() < 10 || n_lines > kMostBodyLines || n_lines < 1) continue;
    const std::string stub = !source.doc_is_in_body ? "" : function.doc ? "" : "pass";
    return source.made(remove(source.text(), {body}, stub), function.name.begin);
  }
  return std::nullopt;
}

std::optional<ActionCase> ActionCases::without_docstring(const Source& source) {
  const workspace::Text& lines = source.lines();
  for (int i = 0; i < kTries && !source.functions.empty(); ++i) {
    const Function& function = source.functions[static_cast<size_t>(
        random_.below(static_cast<int64_t>(source.functions.size())))];
    if (!function.doc) continue;
    const ByteRange whole = {lines.line(lines.line_at(function.doc->begin)).begin,
                             lines.line_with_end(lines.line_at(function.doc->end - 1)).end};
    const bool alone = source.doc_is_in_body && whole.end >= function.body.end;
    const bool one_line =
        lines.line_at(function.doc->begin) == lines.line_at(function.doc->end - 1);
    if (alone || !one_line) continue;
    const bool before = whole.begin < function.name.begin;
    return source.made(remove(source.text(), {whole}),
                       function.name.begin - (before ? whole.size() : 0));
  }
  return std::nullopt;
}

std::optional<ActionCase> ActionCases::without_types(const Source& source) {
  const bool typed = source.language.id == "python" || source.language.id == "typescript" ||
                     source.language.id == "tsx";
  for (int i = 0; typed && i < kTries && !source.functions.empty(); ++i) {
    const Function& function = source.functions[static_cast<size_t>(
        random_.below(static_cast<int64_t>(source.functions.size())))];
    std::vector<ByteRange> types;
    for (const workspace::Parameter& parameter : function.each_parameter) {
      if (!parameter.type) continue;
      const size_t colon = source.text().find(':', static_cast<size_t>(parameter.name.end));
      types.push_back({static_cast<int64_t>(colon), parameter.type->end});
    }
    if (function.return_type) {
      types.push_back({function.parameters.end, function.return_type->end});
    }
    if (types.empty()) continue;
    return source.made(remove(source.text(), types), function.name.begin);
  }
  return std::nullopt;
}

double share_right(const ActionCase& one, const std::vector<TextEdit>& edits) {
  // Where an import goes among the others is a matter of taste.
  if (one.action == "addImport") {
    return edits.size() == 1 && plain(edits[0].with) == plain(one.truth[0].with) ? 1 : 0;
  }
  // Several pieces: each by itself. One: by what comes of the whole text.
  if (one.truth.size() == 1) {
    return plain(edited(one.text, edits)) == plain(edited(one.text, one.truth)) ? 1 : 0;
  }
  double n_right = 0;
  for (const TextEdit& truth : one.truth) {
    n_right += static_cast<double>(std::any_of(edits.begin(), edits.end(), [&](const TextEdit& e) {
      return e.range == truth.range && plain(e.with) == plain(truth.with);
    }));
  }
  return n_right / static_cast<double>(one.truth.size());
}

}  // namespace rondo::bench
