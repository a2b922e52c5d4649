// The files that quality is measured on: what scripts/fetch-corpus fetched, less what no one writes
// by hand. One folder, one repository: the workspace of its files.
//
// Thread: plain values; read_corpus blocks on the disk. Ownership: a Corpus holds all its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace rondo::bench {

// Languages that are measured together; the groups of the model card.
enum class Group { kPython, kC, kTypeScript, kGo, kRust };
inline constexpr Group kGroups[] = {Group::kPython, Group::kC, Group::kTypeScript, Group::kGo,
                                    Group::kRust};
std::string_view group_name(Group group);

struct CorpusFile {
  std::string path;  // relative to its repository, with '/'
  std::string text;  // UTF-8, LF, no byte order mark
  Group group = Group::kPython;
};

struct Repository {
  std::string name;
  std::vector<CorpusFile> files;  // by path
};

struct Corpus {
  std::vector<Repository> repositories;  // by name
};

// Every folder of `folder` as a repository; a text that occurred before is dropped.
// Errors: NotFound when there is no such folder or nothing measurable in it.
Result<Corpus> read_corpus(const std::string& folder);

// The digest of all its names, paths and texts.
Hash128 corpus_digest(const Corpus& corpus);

// The group of a file by its name; nothing for other languages.
std::optional<Group> group_of(std::string_view path);

// Whether the path is source code of a Group that people wrote in this project: not vendored,
// generated, minified or test data. In the spirit of the filter of the training data.
bool measurable_path(std::string_view path);

// The text as the model was trained to read it (LF, no byte order mark), or nothing when it is not
// UTF-8, not 200 to 200,000 bytes long, says that it is generated, or is hardly code: lines too
// long, too few letters.
std::optional<std::string> measurable_text(std::string_view bytes);

}  // namespace rondo::bench
