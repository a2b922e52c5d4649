// The languages whose files are cut into Blocks. To add one: its npm package in grammars/, a line
// in cmake/grammars.cmake, a row in languages.cc and a folder queries/<id> with its blocks.scm.
//
// Thread: constant tables; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

struct TSLanguage;

namespace rondo::workspace {

// How a file of the language is cut.
enum class Chunking {
  kSyntax,    // by its grammar and block query
  kMarkdown,  // sections, by headings
  kLog,       // groups of entries, by timestamps
  kText,      // groups of paragraphs
};

struct Language {
  std::string_view id;  // our name
  Chunking chunking = Chunking::kSyntax;
  // Lists of words, separated by spaces.
  std::string_view extensions;    // without the dot
  std::string_view filenames;     // whole names, for files that their extension does not tell
  std::string_view client_ids;    // names that editors give the language
  std::string_view interpreters;  // programs of a "#!" line
  const TSLanguage* (*grammar)() = nullptr;  // kSyntax only
  // The folders of queries/ whose files together are its queries: blocks.scm (chunker.h says what
  // it captures), references.scm (references.h), functions.scm (functions.h), names.scm and
  // builtins.txt (names.h). kSyntax only.
  std::string_view queries;
};

std::span<const Language> languages();

// The language of a file by its name, or by the "#!" line that `text` begins with (it may be cut
// after the first line). Anything else is plain text, so there always is one.
const Language& language_of_file(std::string_view path, std::string_view text);

// The language by the name that an editor gives it; nullptr for names that we do not know.
const Language* language_by_client_id(std::string_view client_id);

// What languages of one family share: a name in one means the same in the others ("c" of C and C++,
// "ecmascript" of JavaScript and TypeScript).
std::string_view family(const Language& language);

// The language by our own name; nullptr when there is none.
const Language* language_by_id(std::string_view id);

// The text of its query of a name, "blocks", "references", "names" or "builtins"; empty for a
// language without one.
std::string query_text(const Language& language, std::string_view name);

}  // namespace rondo::workspace
