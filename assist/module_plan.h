// ModulePlan: a new module and its tests, as a skeleton: everything but the bodies of its
// functions, which are holes. It is what a person sees before anything is written.
//
// Thread: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assist/module_sentence.h"
#include "assist/sibling_style.h"
#include "base/status.h"
#include "workspace/languages.h"

namespace rondo::assist {

// A body that is not written yet.
struct PlannedHole {
  int64_t offset = 0;    // in the text of its file, behind the indentation of the body's first line
  std::string function;  // as it is called in the file
  std::string fallback;  // one line that says, when it runs, that there is no body; it parses
  int64_t end = 0;       // in the text of its file, behind the function
};

struct PlannedFile {
  std::string path;                     // relative to the workspace folder
  std::string text;                     // LF line ends; with its fallbacks put in it parses
  std::vector<PlannedHole> holes;       // in the order of the text
  std::vector<std::string> signatures;  // of its functions, a line each
  bool is_test = false;
};

struct ModulePlan {
  std::string name;
  std::vector<PlannedFile> files;      // the module, then its tests
  std::vector<std::string> siblings;   // paths of the files that it is written like
  std::string line_end = "\n";         // of the files on disk
  std::vector<std::string> remaining;  // sentences: what is left to be done by hand
};

// The languages that modules can be planned in: "python, javascript, ...".
std::string module_languages();

// `folder` is relative to the workspace folder, "" is that itself.
// Errors: InvalidArgument for a language that it has no template of.
Result<ModulePlan> plan_module(const AskedModule& asked, const SiblingStyle& style,
                               std::string_view folder, const workspace::Language& language);

// The text of `file` with `bodies`, one a hole.
std::string with_bodies(const PlannedFile& file, const std::vector<std::string>& bodies);

}  // namespace rondo::assist
