#include "assist/add_import.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <sstream>
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
constexpr int64_t kFilesToName = 20'000;  // of a larger tree naming all takes too long for the list

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

// A module as import_statements writes it and, where a file imports it, as that one says it: empty
// where none does.
struct Module {
  std::string path;
  std::string written;
};

// A statement that brings a name, in the words of one language.
struct Wording {
  std::string_view family;
  // `local`: as the importing file calls it.
  std::string (*of_name)(const ActionScene& scene, const Module& module, const std::string& name,
                         const std::string& local);
  // Null: modules are not brought as a whole.
  std::string (*of_module)(const std::string& module, const std::string& local);
};

// ".cart" or "..shop.cart", from the document; nothing when they share no folder.
std::optional<std::string> python_relative(const ActionScene& scene, const std::string& module) {
  std::string_view folder = folder_of(scene.document().path);
  std::string dots = ".";
  while (!folder.empty() && module != folder && !module.starts_with(std::string(folder) + "/")) {
    folder = folder_of(folder);
    dots += '.';
  }
  if (folder.empty()) return std::nullopt;
  return dots + (module == folder ? "" : dotted(module.substr(folder.size() + 1)));
}

// Whether the document says modules of its own tree by dots, as far as it imports any.
bool imports_by_dots(const ActionScene& scene) {
  const workspace::Document& document = scene.document();
  const auto imports =
      workspace::import_statements(document.path, *document.language, scene.text().bytes());
  return std::any_of(imports.begin(), imports.end(), [](const workspace::Import& import) {
    return import.written.starts_with('.');
  });
}

std::string python_name(const ActionScene& scene, const Module& module, const std::string& name,
                        const std::string& local) {
  std::string from = dotted(module.path);
  if (module.written.empty() ? imports_by_dots(scene) : module.written.starts_with('.')) {
    from = python_relative(scene, module.path).value_or(from);
  }
  const std::string as = name == local ? "" : " as " + local;
  return "from " + from + " import " + name + as;
}

std::string python_module(const std::string& module, const std::string& local) {
  const std::string name = dotted(module);
  if (name == local || name.starts_with(local + ".")) return "import " + name;
  return "import " + name + " as " + local;
}

// What stands behind the module's path in the statement: ".js", "" of none.
std::string_view written_extension(const Module& module) {
  const std::string_view path = module.path;
  const std::string_view written = module.written;
  const size_t slash = written.rfind('/');
  const size_t dot = written.rfind('.');
  if (dot == written.npos || (slash != written.npos && dot < slash)) return {};
  return path.ends_with(written.substr(dot)) ? std::string_view() : written.substr(dot);
}

std::string ecmascript_name(const ActionScene& scene, const Module& module, const std::string& name,
                            const std::string& local) {
  const bool is_said = !module.written.empty() && !module.written.starts_with('.');
  const bool is_file = !is_said && !scene.index.files_at(module.path).empty();
  const std::string from = is_said   ? module.written
                           : is_file ? relative(scene.document().path, module.path) +
                                           std::string(written_extension(module))
                                     : module.path;
  const char quote = scene.text().bytes().find("from \"") == std::string::npos ? '\'' : '"';
  const std::string what = name == "default" ? local
                           : name == local   ? "{ " + name + " }"
                                             : "{ " + name + " as " + local + " }";
  return "import " + what + " from " + quote + from + quote + ";";
}

std::string c_name(const ActionScene&, const Module& module, const std::string&,
                   const std::string&) {
  return "#include \"" + module.path + "\"";
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
      ++counts[wording.of_name(scene, {import.module, import.written}, one.name, one.local)];
    }
  }
}

// Whether the document says files with their extensions: "./cart.js".
bool writes_extensions(const ActionScene& scene) {
  const workspace::Document& document = scene.document();
  const auto imports =
      workspace::import_statements(document.path, *document.language, scene.text().bytes());
  return std::any_of(imports.begin(), imports.end(), [](const workspace::Import& import) {
    return !written_extension({import.module, import.written}).empty();
  });
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
    const bool whole = wording.family == "ecmascript" && writes_extensions(scene);
    const std::string written = whole ? "./" + file.path : "";
    ++counts[wording.of_name(scene, {module, written}, name, name)];
  }
}

// Python: from the folder that has a module of this name.
void count_modules(const ActionScene& scene, const std::string& name, Counts& counts) {
  const std::string& path = scene.document().path;
  for (const auto& file : scene.index.files_named(name)) {
    if (file->language->id != "python" || file->path == path) continue;
    const std::string folder(folder_of(file->path));
    const bool beside = folder == folder_of(path);
    const bool is_package = !scene.index.files_at(folder + "/__init__").empty();
    if (folder.empty() || (beside && !is_package)) ++counts["import " + name];
    if (!folder.empty() && is_package) ++counts[python_name(scene, {folder, ""}, name, name)];
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

// Python: names that its own library has, a module a line with some of them.
void count_standard_names(const ActionScene& scene, const std::string& name, Counts& counts) {
  std::istringstream lines(query_text(*scene.document().language, "standard_names"));
  for (std::string line; std::getline(lines, line);) {
    const size_t end = line.find(' ');
    if ((line + " ").find(" " + name + " ") == line.npos) continue;
    ++counts["from " + line.substr(0, end) + " import " + name];
  }
}

// The files whose imports are read: those in the document's folder and those above it; then all
// others, where there is time to name them.
std::vector<std::string> paths_to_read(const ActionScene& scene, int64_t n_files) {
  std::vector<std::string> paths;
  std::string_view folder = folder_of(scene.document().path);
  for (bool is_last = false; !is_last; folder = folder_of(folder)) {
    is_last = folder.empty();
    for (const auto& file : scene.index.files_in(folder, n_files)) paths.push_back(file->path);
  }
  if (n_files < kFilesForTheEdit && scene.index.stats().n_files > kFilesToName) return paths;
  const std::set<std::string> near(paths.begin(), paths.end());
  for (std::string& path : scene.index.paths()) {
    if (!near.contains(path)) paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace

std::vector<ImportCandidate> import_candidates(const ActionScene& scene, const std::string& name,
                                               int64_t n_files) {
  const workspace::Language& language = *scene.document().language;
  const Wording* wording = wording_of(language);
  if (wording == nullptr) return {};
  Counts counts;
  count_definitions(scene, *wording, name, counts);
  if (language.id == "python") {
    count_modules(scene, name, counts);
    count_standard_names(scene, name, counts);
  }
  const bool is_standard = wording->of_module != nullptr && is_standard_module(language, name);
  if (is_standard) ++counts[wording->of_module(name, name)];
  for (const std::string& path : paths_to_read(scene, n_files)) {
    if (n_files <= 0) break;
    const workspace::FileBlocksSnapshot file = scene.index.file(path);
    if (!file || path == scene.document().path || family(*file->language) != family(language)) {
      continue;
    }
    --n_files;
    count_imports(scene, *wording, name, *file, counts);
  }
  std::vector<ImportCandidate> candidates;
  for (const auto& [statement, n] : counts) candidates.push_back({statement, n});
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.n_found > b.n_found; });
  if (candidates.size() > kMostCandidates) candidates.resize(kMostCandidates);
  return candidates;
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
    const auto candidates = import_candidates(scene, missing.name, kFilesForTheList);
    if (candidates.empty()) continue;
    const std::string title = candidates.size() == 1
                                  ? "Add `" + candidates[0].statement + "`"
                                  : "Import `" + missing.name + "`: the likeliest of " +
                                        std::to_string(candidates.size()) + " ways";
    actions.push_back({.title = title, .bytes = missing.bytes, .diagnostic = missing.diagnostic});
  }
}

namespace {

// By the model's log-probability, and how often each was found.
Result<size_t> likeliest_import(const ActionWork& work, int64_t place,
                                const std::vector<ImportCandidate>& candidates,
                                const std::vector<std::string>& lines) {
  if (candidates.size() == 1) return size_t{0};
  ASSIGN_OR_RETURN(std::vector<float> sums,
                   log_probabilities(work, work.scene.text().bytes(), {place, place}, lines));
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] += std::log(static_cast<float>(candidates[i].n_found));
  }
  return static_cast<size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
}

}  // namespace

Result<ActionOutcome> add_import(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  const std::optional<UndefinedName> missing = name_at(scene, action.bytes);
  if (!missing || !scene.tree) return stale_error("no name stands there any more");
  work.report("looking for what brings " + missing->name);
  const auto candidates = import_candidates(scene, missing->name, kFilesForTheEdit);
  if (candidates.empty()) return not_found_error("No file defines or imports " + missing->name);
  const int64_t place = import_place(scene);
  std::vector<std::string> lines;
  for (const ImportCandidate& one : candidates) lines.push_back(one.statement + "\n");
  ASSIGN_OR_RETURN(const size_t best, likeliest_import(work, place, candidates, lines));
  const std::string& bytes = scene.text().bytes();
  const bool glued = place > 0 && bytes[static_cast<size_t>(place) - 1] != '\n';
  return ActionOutcome{
      .edits = {{.range = {place, place},
                 .with = with_line_ends_of(bytes, (glued ? "\n" : "") + lines[best])}}};
}

}  // namespace rondo::assist
