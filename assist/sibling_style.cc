#include "assist/sibling_style.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "workspace/test_files.h"

namespace rondo::assist {
namespace {

using workspace::BlockIndex;
using workspace::FileBlocksSnapshot;
using workspace::Language;
using Lines = std::vector<std::string_view>;

constexpr int64_t kMaxSiblings = 64;
constexpr size_t kMaxHeaderLines = 40;
constexpr size_t kMaxImportLines = 80;  // where a file's imports end at the latest

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "" of a file in the workspace folder itself.
std::string_view folder_of(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : path.substr(0, slash);
}

// Without its last extension.
std::string_view stem_of(std::string_view path) {
  const std::string_view name = name_of(path);
  return name.substr(0, std::min(name.rfind('.'), name.size()));
}

bool is_comment(const Language& language, std::string_view line) {
  if (language.id == "python") return line.starts_with('#') && !line.starts_with("#!");
  return line.starts_with("//") || line.starts_with("/*") || line.starts_with(" *");
}

bool is_import(const Language& language, std::string_view line) {
  if (language.id == "python") return line.starts_with("import ") || line.starts_with("from ");
  if (language.id == "rust") return line.starts_with("use ") && line.ends_with(';');
  const bool whole = line.ends_with(';') || line.ends_with('\'') || line.ends_with('"');
  return (line.starts_with("import ") && whole) ||
         (line.starts_with("const ") && line.find("require(") != std::string_view::npos);
}

// Whether an import stays what it is in another file of the folder: nothing of the project's own.
bool is_from_elsewhere(std::string_view import) {
  return import.find("from .") == std::string_view::npos &&
         import.find("'.") == std::string_view::npos &&
         import.find("\".") == std::string_view::npos &&
         import.find("crate::") == std::string_view::npos &&
         import.find("super::") == std::string_view::npos;
}

// The comment lines that all files begin with; one file alone shows only its licence.
std::string common_header(const Language& language, const std::vector<Lines>& files) {
  std::string header;
  if (files.empty()) return header;
  for (size_t i = 0; i < std::min(files[0].size(), kMaxHeaderLines); ++i) {
    const std::string_view line = files[0][i];
    const bool common = is_comment(language, line) &&
                        std::all_of(files.begin(), files.end(),
                                    [&](const Lines& f) { return i < f.size() && f[i] == line; });
    if (!common) break;
    header.append(line) += '\n';
  }
  const bool licence = header.find("opyright") != std::string::npos ||
                       header.find("SPDX") != std::string::npos ||
                       header.find("icense") != std::string::npos;
  return files.size() > 1 || licence ? header : "";
}

std::vector<std::string> common_imports(const Language& language, const std::vector<Lines>& files) {
  std::map<std::string_view, size_t> counts;
  std::vector<std::string_view> order;
  for (const Lines& lines : files) {
    for (size_t i = 0; i < std::min(lines.size(), kMaxImportLines); ++i) {
      if (!is_import(language, lines[i]) || !is_from_elsewhere(lines[i])) continue;
      if (++counts[lines[i]] == 1) order.push_back(lines[i]);
    }
  }
  std::vector<std::string> common;
  for (const std::string_view line : order) {
    if (files.size() > 1 && 2 * counts[line] > files.size()) common.emplace_back(line);
  }
  return common;
}

// The first indentation that more lines have than others.
std::string usual_indent(const Language& language, const std::vector<Lines>& files) {
  std::map<std::string, size_t> counts;
  for (const Lines& lines : files) {
    for (size_t i = 1; i < lines.size(); ++i) {
      const size_t width = std::min(lines[i].find_first_not_of(" \t"), lines[i].size());
      const bool begins =
          !lines[i - 1].empty() && lines[i - 1][0] != ' ' && lines[i - 1][0] != '\t';
      if (begins && width > 0 && width <= 8 && width < lines[i].size() && lines[i][width] != '*') {
        ++counts[std::string(lines[i].substr(0, width))];
      }
    }
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != counts.end()) return most->first;
  if (language.id == "go") return "\t";
  return language.id == "javascript" || language.id == "typescript" ? "  " : "    ";
}

// What most names say; those of one word fit any style.
NameStyle usual_name_style(const Language& language, const std::vector<FileBlocksSnapshot>& files) {
  std::map<NameStyle, size_t> counts;
  for (const FileBlocksSnapshot& file : files) {
    const std::string_view stem = stem_of(file->path);
    const auto upper = std::count_if(stem.begin(), stem.end(),
                                     [](unsigned char c) { return std::isupper(c) != 0; });
    if (stem.find('-') != std::string_view::npos) {
      ++counts[NameStyle::kKebab];
    } else if (stem.find('_') != std::string_view::npos) {
      ++counts[NameStyle::kSnake];
    } else if (upper > 0 && std::isupper(static_cast<unsigned char>(stem[0])) != 0) {
      ++counts[NameStyle::kPascal];
    } else if (upper > 0) {
      ++counts[NameStyle::kCamel];
    }
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != counts.end()) return most->first;
  return language.id == "typescript" || language.id == "javascript" ? NameStyle::kKebab
                                                                    : NameStyle::kSnake;
}

// Whether most functions have a comment before or a docstring in them.
bool most_document(const Language& language, const std::vector<Lines>& files) {
  int functions = 0;
  int documented = 0;
  for (const Lines& lines : files) {
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
      if (language.id == "python") {
        if (lines[i].find("def ") == std::string_view::npos || !lines[i].ends_with(':')) continue;
        documented += lines[i + 1].find("\"\"\"") != std::string_view::npos ? 1 : 0;
      } else {
        const std::string_view line = lines[i];
        const bool function = line.starts_with("func ") || line.starts_with("fn ") ||
                              line.starts_with("pub fn ") || line.starts_with("function ") ||
                              line.starts_with("export function ");
        if (!function) continue;
        const std::string_view before = i > 0 ? lines[i - 1] : std::string_view();
        documented += before.starts_with("//") || before.starts_with(" */") ? 1 : 0;
      }
      ++functions;
    }
  }
  return functions == 0 || 2 * documented > functions;
}

// What stands before `module` in an import of it: "shop." of "from shop.cart import".
std::string module_prefix(const Lines& lines, std::string_view module) {
  for (const std::string_view line : lines) {
    if (!line.starts_with("from ")) continue;
    const std::string_view source =
        line.substr(5, line.find(" import") - std::min<size_t>(5, line.size()));
    const std::string_view from = source.substr(0, source.find(' '));
    if (from.ends_with(module)) return std::string(from.substr(0, from.size() - module.size()));
  }
  return "";
}

void read_tests(const BlockIndex& index, const std::vector<FileBlocksSnapshot>& siblings,
                const Language& language, SiblingStyle& style) {
  for (const FileBlocksSnapshot& sibling : siblings) {
    const std::string_view stem = stem_of(sibling->path);
    for (const FileBlocksSnapshot& test :
         workspace::test_files_of(sibling->path, language, index)) {
      const std::string_view name = stem_of(test->path);
      const size_t at = name.find(stem);
      if (!workspace::is_test_path(test->path) || test->text == nullptr ||
          at == std::string::npos) {
        continue;
      }
      style.test_example = test->path;
      style.test_folder = folder_of(test->path);
      style.test_prefix = name.substr(0, at);
      style.test_suffix = name.substr(at + stem.size());
      const Lines lines = lines_of(test->text->bytes());
      style.module_prefix = module_prefix(lines, stem);
      for (const std::string_view line : lines) {
        if (is_import(language, line) && is_from_elsewhere(line) &&
            line.find(stem) == std::string_view::npos) {
          style.test_imports.emplace_back(line);
        }
      }
      return;
    }
  }
}

// Python: the dotted path of the packages that `folder` lies in, with a dot at its end.
std::string package_prefix(const BlockIndex& index, std::string_view folder) {
  std::string prefix;
  while (!folder.empty() && index.file(std::string(folder) + "/__init__.py") != nullptr) {
    prefix.insert(0, std::string(name_of(folder)) + ".");
    folder = folder_of(folder);
  }
  return prefix;
}

// Whether lines that could end in a semicolon do.
bool has_semicolons(const std::vector<Lines>& files) {
  size_t with = 0;
  size_t without = 0;
  for (const Lines& lines : files) {
    for (const std::string_view line : lines) {
      with += line.ends_with(';') ? 1 : 0;
      without += line.ends_with(')') ? 1 : 0;
    }
  }
  return with >= without;
}

bool any_line(const std::vector<Lines>& files, std::string_view begin) {
  return std::any_of(files.begin(), files.end(), [&](const Lines& lines) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](std::string_view line) { return line.starts_with(begin); });
  });
}

std::string go_package(const std::vector<Lines>& files) {
  for (const Lines& lines : files) {
    for (const std::string_view line : lines) {
      if (line.starts_with("package ")) return std::string(line);
    }
  }
  return "";
}

// The files of the language in the folder that are no tests.
std::vector<FileBlocksSnapshot> siblings_in(const BlockIndex& index, std::string_view folder,
                                            const Language& language) {
  std::vector<FileBlocksSnapshot> siblings = index.files_in(folder, kMaxSiblings);
  std::erase_if(siblings, [&](const FileBlocksSnapshot& file) {
    return file->language != &language || file->text == nullptr || file->text->size() == 0 ||
           workspace::is_test_path(file->path) || stem_of(file->path) == "__init__";
  });
  return siblings;
}

}  // namespace

SiblingStyle read_sibling_style(const BlockIndex& index, std::string_view folder,
                                const Language& language) {
  const std::vector<FileBlocksSnapshot> siblings = siblings_in(index, folder, language);
  SiblingStyle style;
  std::vector<Lines> files;
  size_t crlf = 0;
  for (const FileBlocksSnapshot& file : siblings) {
    style.siblings.push_back(file->path);
    files.push_back(lines_of(file->text->bytes()));
    crlf += file->text->bytes().find("\r\n") != std::string_view::npos ? 1 : 0;
  }
  const std::string_view example = siblings.empty() ? "" : name_of(siblings[0]->path);
  style.extension =
      example.rfind('.') == std::string_view::npos
          ? "." + std::string(language.extensions.substr(0, language.extensions.find(' ')))
          : std::string(example.substr(example.rfind('.')));
  style.file_names = usual_name_style(language, siblings);
  style.header = common_header(language, files);
  style.imports = common_imports(language, files);
  style.indent = usual_indent(language, files);
  style.line_end = 2 * crlf > files.size() ? "\r\n" : "\n";
  style.documents = most_document(language, files);
  style.semicolons = has_semicolons(files);
  style.requires_modules = any_line(files, "module.exports");
  style.package = go_package(files);
  style.module_prefix = package_prefix(index, folder);
  read_tests(index, siblings, language, style);
  return style;
}

}  // namespace rondo::assist
