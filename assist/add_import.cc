#include "assist/add_import.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <map>
#include <utility>

#include "assist/candidate_ranking.h"
#include "assist/postprocess.h"
#include "assist/undefined_names.h"
#include "base/characters.h"
#include "workspace/import_statements.h"

namespace rondo::assist {
namespace {

constexpr size_t kMostCandidates = 8;
constexpr int64_t kFilesForTheList = 100;  // whose imports are read while the editor waits
constexpr int64_t kFilesForTheEdit = 4000;

std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}

std::string without_extension(std::string_view path) {
  const size_t dot = path.rfind('.');
  const size_t slash = path.rfind('/');
  const bool has = dot != path.npos && (slash == path.npos || dot > slash);
  return std::string(has ? path.substr(0, dot) : path);
}

// "../a/b" from the folder of one file to another file.
std::string relative(std::string_view from, std::string to) {
  std::string_view folder = folder_of(from);
  std::string up;
  while (!folder.empty() && !to.starts_with(std::string(folder) + "/")) {
    folder = folder_of(folder);
    up += "../";
  }
  if (!folder.empty()) to = to.substr(folder.size() + 1);
  return (up.empty() ? "./" : up) + to;
}

std::string dotted(std::string module) {
  for (std::string_view end : {"/__init__"}) {
    if (module.ends_with(end)) module.resize(module.size() - end.size());
  }
  std::replace(module.begin(), module.end(), '/', '.');
  return module;
}

// A statement that brings a name, in the words of one language.
struct Wording {
  std::string_view family;
  // Of a module as import_statements writes it. `local`: as the importing file calls it.
  std::string (*of_name)(const ActionScene& scene, const std::string& module,
                         const std::string& name, const std::string& local);
  // Null: modules are not brought as a whole.
  std::string (*of_module)(const std::string& module, const std::string& local);
};

std::string python_name(const ActionScene&, const std::string& module, const std::string& name,
                        const std::string& local) {
  const std::string as = name == local ? "" : " as " + local;
  return "from " + dotted(module) + " import " + name + as;
}

std::string python_module(const std::string& module, const std::string& local) {
  const std::string name = dotted(module);
  if (name == local || name.starts_with(local + ".")) return "import " + name;
  return "import " + name + " as " + local;
}

std::string ecmascript_name(const ActionScene& scene, const std::string& module,
                            const std::string& name, const std::string& local) {
  const bool is_file = !scene.index.files_at(module).empty();
  const std::string from = is_file ? relative(scene.document().path, module) : module;
  const char quote = scene.text().bytes().find("from \"") == std::string::npos ? '\'' : '"';
  const std::string what = name == "default" ? local
                           : name == local   ? "{ " + name + " }"
                                             : "{ " + name + " as " + local + " }";
  return "import " + what + " from " + quote + from + quote + ";";
}

std::string c_name(const ActionScene&, const std::string& module, const std::string&,
                   const std::string&) {
  return "#include \"" + module + "\"";
}

constexpr Wording kWordings[] = {
    {"python", python_name, python_module},
    {"ecmascript", ecmascript_name, nullptr},
    {"c", c_name, nullptr},
};

const Wording* wording_of(const workspace::Language& language) {
  for (const Wording& wording : kWordings) {
    if (wording.family == family(language)) return &wording;
  }
  return nullptr;
}

// How often each statement was found.
using Counts = std::map<std::string, int64_t>;

// Whether a line of the text looks like an import of the name, or one of a list of names: reading
// all imports takes much longer.
bool may_import(const std::string& text, const std::string& name) {
  for (size_t at = text.find(name); at != text.npos; at = text.find(name, at + name.size())) {
    const size_t begin = text.rfind('\n', at) + 1;  // npos + 1 is 0
    const std::string_view line =
        std::string_view(text).substr(begin, std::min(text.find('\n', at), text.size()) - begin);
    const std::string_view word = trimmed(line, " \t\r,");
    if (word == name || line.find("import") != line.npos || line.find("require") != line.npos) {
      return true;
    }
  }
  return false;
}

// As the file at `path` imports it.
void count_imports(const ActionScene& scene, const Wording& wording, const std::string& name,
                   const workspace::FileBlocks& file, Counts& counts) {
  if (file.text == nullptr || !may_import(file.text->bytes(), name)) return;
  for (const workspace::Import& import :
       workspace::import_statements(file.path, *file.language, file.text->bytes())) {
    if (import.bound == name && wording.of_module != nullptr) {
      ++counts[wording.of_module(import.module, name)];
    }
    for (const workspace::ImportedName& one : import.names) {
      if (one.local != name) continue;
      ++counts[wording.of_name(scene, import.module, one.name, one.local)];
    }
  }
}

// From the files that define it.
void count_definitions(const ActionScene& scene, const Wording& wording, const std::string& name,
                       Counts& counts) {
  const workspace::Language& language = *scene.document().language;
  for (const workspace::BlockRef& ref : scene.index.defining(name)) {
    const workspace::FileBlocks& file = *ref.file;
    const bool member = ref.block().qualified_name != ref.block().name && ref.block().name == name;
    if (member || file.path == scene.document().path ||
        family(*file.language) != family(language)) {
      continue;
    }
    const bool header = wording.family == "c";
    if (header && !file.path.ends_with(".h") && !file.path.ends_with(".hpp")) continue;
    const std::string module = header ? file.path : without_extension(file.path);
    ++counts[wording.of_name(scene, module, name, name)];
  }
}

bool is_standard_module(const workspace::Language& language, const std::string& name) {
  const std::string words = " " + query_text(language, "modules") + " ";
  const size_t at = words.find(name);
  for (size_t found = at; found != words.npos; found = words.find(name, found + 1)) {
    const bool begins = std::isspace(static_cast<unsigned char>(words[found - 1])) != 0;
    const bool ends = std::isspace(static_cast<unsigned char>(words[found + name.size()])) != 0;
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> import_candidates(const ActionScene& scene, const std::string& name,
                                           int64_t n_files) {
  const workspace::Language& language = *scene.document().language;
  const Wording* wording = wording_of(language);
  if (wording == nullptr) return {};
  Counts counts;
  count_definitions(scene, *wording, name, counts);
  const bool is_standard = wording->of_module != nullptr && is_standard_module(language, name);
  if (is_standard) ++counts[wording->of_module(name, name)];
  const std::string folder(folder_of(scene.document().path));
  std::vector<std::string> paths;
  for (const auto& file : scene.index.files_in(folder, n_files)) paths.push_back(file->path);
  for (std::string& path : scene.index.paths()) {
    if (folder_of(path) != folder) paths.push_back(std::move(path));
  }
  for (const std::string& path : paths) {
    if (n_files <= 0) break;
    const workspace::FileBlocksSnapshot file = scene.index.file(path);
    if (!file || path == scene.document().path || family(*file->language) != family(language)) {
      continue;
    }
    --n_files;
    count_imports(scene, *wording, name, *file, counts);
  }
  std::vector<std::pair<int64_t, std::string>> sorted;
  for (const auto& [statement, n] : counts) sorted.emplace_back(-n, statement);
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> statements;
  for (auto& [n, statement] : sorted) {
    if (statements.size() < kMostCandidates) statements.push_back(std::move(statement));
  }
  return statements;
}

// Behind the last import at the top; else before the first node that is no comment, string or
// directive.
int64_t import_place(const ActionScene& scene) {
  const workspace::Text& text = scene.text();
  const TSNode root = ts_tree_root_node(scene.tree->tree.get());
  int64_t behind = -1;
  int64_t before = -1;
  for (uint32_t i = 0; i < ts_node_named_child_count(root); ++i) {
    const TSNode node = ts_node_named_child(root, i);
    const std::string_view type = ts_node_type(node);
    const bool is_import = type.find("import") != type.npos || type == "preproc_include";
    if (is_import) behind = ts_node_end_byte(node);
    const bool is_preface =
        type.ends_with("comment") || type == "preproc_call" ||
        (type == "expression_statement" && i < 2 && before < 0 &&
         text.bytes().find_first_of("\"'") == static_cast<size_t>(ts_node_start_byte(node)));
    if (!is_import && !is_preface && before < 0) before = ts_node_start_byte(node);
  }
  if (behind < 0) return before < 0 ? text.size() : text.line(text.line_at(before)).begin;
  const bool ended = behind > 0 && text.bytes()[static_cast<size_t>(behind) - 1] == '\n';
  return ended ? behind : text.line_with_end(text.line_at(behind)).end;
}

void offer_add_import(const ActionScene& scene, std::vector<Action>& actions) {
  if (!scene.tree) return;
  for (const UndefinedName& missing : undefined_names(scene)) {
    if (missing.is_member) continue;
    const auto statements = import_candidates(scene, missing.name, kFilesForTheList);
    if (statements.empty()) continue;
    const std::string title = statements.size() == 1
                                  ? "Add `" + statements[0] + "`"
                                  : "Import `" + missing.name + "`: the likeliest of " +
                                        std::to_string(statements.size()) + " ways";
    actions.push_back({.title = title, .bytes = missing.bytes, .diagnostic = missing.diagnostic});
  }
}

Result<ActionOutcome> add_import(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  const std::optional<UndefinedName> missing = name_at(scene, action.bytes);
  if (!missing || !scene.tree) return stale_error("no name stands there any more");
  work.report("looking for what brings " + missing->name);
  const auto statements = import_candidates(scene, missing->name, kFilesForTheEdit);
  if (statements.empty()) return not_found_error("No file defines or imports " + missing->name);
  const int64_t place = import_place(scene);
  std::vector<std::string> lines;
  for (const std::string& statement : statements) lines.push_back(statement + "\n");
  ASSIGN_OR_RETURN(const size_t best, likeliest(work, {place, place}, lines));
  const std::string& bytes = scene.text().bytes();
  const bool glued = place > 0 && bytes[static_cast<size_t>(place) - 1] != '\n';
  return ActionOutcome{
      .edits = {{.range = {place, place},
                 .with = with_line_ends_of(bytes, (glued ? "\n" : "") + lines[best])}}};
}

}  // namespace rondo::assist
