#include "workspace/languages.h"

#include "workspace/query_files.h"

extern "C" {
const TSLanguage* tree_sitter_bash();
const TSLanguage* tree_sitter_c();
const TSLanguage* tree_sitter_cpp();
const TSLanguage* tree_sitter_go();
const TSLanguage* tree_sitter_java();
const TSLanguage* tree_sitter_javascript();
const TSLanguage* tree_sitter_lua();
const TSLanguage* tree_sitter_python();
const TSLanguage* tree_sitter_rust();
const TSLanguage* tree_sitter_tsx();
const TSLanguage* tree_sitter_typescript();
}

namespace rondo::workspace {
namespace {

// A .h may be C or C++: the C++ grammar reads nearly all of C, not the other way round.
constexpr Language kLanguages[] = {
    {.id = "bash",
     .extensions = "sh bash zsh ksh bats",
     .filenames = ".bashrc .bash_profile .bash_aliases .profile .zshrc .zshenv PKGBUILD APKBUILD",
     .client_ids = "shellscript bash sh zsh",
     .interpreters = "sh bash zsh dash ksh",
     .grammar = tree_sitter_bash,
     .queries = "bash"},
    {.id = "c", .extensions = "c", .client_ids = "c", .grammar = tree_sitter_c, .queries = "c"},
    {.id = "cpp",
     .extensions = "cc cpp cxx c++ h hh hpp hxx h++ inl inc ipp tpp cu cuh ino",
     .client_ids = "cpp cuda cuda-cpp arduino",
     .grammar = tree_sitter_cpp,
     .queries = "c cpp"},
    {.id = "go",
     .extensions = "go",
     .client_ids = "go",
     .grammar = tree_sitter_go,
     .queries = "go"},
    {.id = "java",
     .extensions = "java",
     .client_ids = "java",
     .grammar = tree_sitter_java,
     .queries = "java"},
    {.id = "javascript",
     .extensions = "js mjs cjs jsx",
     .client_ids = "javascript javascriptreact",
     .interpreters = "node nodejs bun",
     .grammar = tree_sitter_javascript,
     .queries = "ecmascript javascript jsx"},
    {.id = "lua",
     .extensions = "lua rockspec",
     .client_ids = "lua",
     .interpreters = "lua luajit",
     .grammar = tree_sitter_lua,
     .queries = "lua"},
    {.id = "python",
     .extensions = "py pyi pyw bzl",
     .filenames = "SConstruct SConscript wscript BUILD WORKSPACE",
     .client_ids = "python",
     .interpreters = "python python2 python3 pypy pypy3",
     .grammar = tree_sitter_python,
     .queries = "python"},
    {.id = "rust",
     .extensions = "rs",
     .client_ids = "rust",
     .grammar = tree_sitter_rust,
     .queries = "rust"},
    {.id = "tsx",
     .extensions = "tsx",
     .client_ids = "typescriptreact",
     .grammar = tree_sitter_tsx,
     .queries = "ecmascript typescript jsx"},
    {.id = "typescript",
     .extensions = "ts mts cts",
     .client_ids = "typescript",
     .interpreters = "deno ts-node tsx",
     .grammar = tree_sitter_typescript,
     .queries = "ecmascript typescript"},
    {.id = "markdown",
     .chunking = Chunking::kMarkdown,
     .extensions = "md markdown mdx mkd",
     .client_ids = "markdown"},
    {.id = "log", .chunking = Chunking::kLog, .extensions = "log", .client_ids = "log"},
    {.id = "text", .chunking = Chunking::kText, .client_ids = "plaintext text"},
};

bool has_word(std::string_view words, std::string_view word) {
  if (word.empty()) return false;
  for (size_t at = words.find(word); at != words.npos; at = words.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || words[at - 1] == ' ';
    const bool ends = end == words.size() || words[end] == ' ';
    if (begins && ends) return true;
  }
  return false;
}

// The first row whose list `words` holds `word`.
const Language* find(std::string_view Language::*words, std::string_view word) {
  for (const Language& language : kLanguages) {
    if (has_word(language.*words, word)) return &language;
  }
  return nullptr;
}

// "python3" of "#!/usr/bin/env -S python3.11 -u\n..."; empty when there is no "#!" line.
std::string_view interpreter(std::string_view text) {
  if (!text.starts_with("#!")) return {};
  std::string_view line = text.substr(2, text.find_first_of("\r\n") - 2);
  while (!line.empty()) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin == line.npos) break;
    line.remove_prefix(begin);
    std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    if (const size_t slash = word.rfind('/'); slash != word.npos) word.remove_prefix(slash + 1);
    const bool is_option = word.starts_with('-') || word.find('=') != word.npos;
    if (is_option || word == "env") continue;
    return word.substr(0, word.find('.'));
  }
  return {};
}

}  // namespace

std::span<const Language> languages() { return kLanguages; }

const Language& language_of_file(std::string_view path, std::string_view text) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (const Language* language = find(&Language::filenames, name)) return *language;
  const size_t dot = name.rfind('.');
  if (dot != name.npos) {
    if (const Language* language = find(&Language::extensions, name.substr(dot + 1)))
      return *language;
  }
  if (const Language* language = find(&Language::interpreters, interpreter(text))) return *language;
  return *language_by_id("text");
}

const Language* language_by_client_id(std::string_view client_id) {
  return find(&Language::client_ids, client_id);
}

std::string_view family(const Language& language) {
  return language.queries.empty() ? language.id
                                  : language.queries.substr(0, language.queries.find(' '));
}

std::string query_text(const Language& language, std::string_view name) {
  std::string query;
  for (const QueryFile& file : query_files()) {
    if (file.name == name && has_word(language.queries, file.folder)) query += file.text;
  }
  return query;
}

const Language* language_by_id(std::string_view id) {
  for (const Language& language : kLanguages) {
    if (language.id == id) return &language;
  }
  return nullptr;
}

}  // namespace rondo::workspace
