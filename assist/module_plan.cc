#include "assist/module_plan.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

namespace rondo::assist {
namespace {

// How a language writes what a plan has. {name}, {parameters}, {result} and {purpose} stand for
// what they say.
struct ModuleTemplate {
  std::string_view language;  // of workspace/languages.h
  NameStyle functions;
  NameStyle parameters;
  std::string_view signature;  // the line that begins a function
  std::string_view parameter;  // when none is written: {name}
  std::string_view result;     // before a type that is written
  std::string_view unwritten_result;
  std::string_view comment;  // a line before the function, or after its signature
  bool comment_inside;
  std::string_view end;  // the line that ends it; empty: none
  std::string_view fallback;
  std::string_view module_comment;  // {purpose} of the whole file
};

constexpr std::array<ModuleTemplate, 5> kTemplates = {{
    {.language = "python",
     .functions = NameStyle::kSnake,
     .parameters = NameStyle::kSnake,
     .signature = "def {name}({parameters}){result}:",
     .parameter = "{name}",
     .result = " -> ",
     .unwritten_result = "",
     .comment = "\"\"\"{purpose}\"\"\"",
     .comment_inside = true,
     .end = "",
     .fallback = "raise NotImplementedError(\"{name}\")",
     .module_comment = "\"\"\"{purpose}\"\"\""},
    {.language = "javascript",
     .functions = NameStyle::kCamel,
     .parameters = NameStyle::kCamel,
     .signature = "{export}function {name}({parameters}) {",
     .parameter = "{name}",
     .result = "",
     .unwritten_result = "",
     .comment = "// {purpose}",
     .comment_inside = false,
     .end = "}",
     .fallback = "throw new Error('{name} is not written yet'){semicolon}",
     .module_comment = "// {purpose}"},
    {.language = "typescript",
     .functions = NameStyle::kCamel,
     .parameters = NameStyle::kCamel,
     .signature = "{export}function {name}({parameters}){result} {",
     .parameter = "{name}: unknown",
     .result = ": ",
     .unwritten_result = ": unknown",
     .comment = "// {purpose}",
     .comment_inside = false,
     .end = "}",
     .fallback = "throw new Error('{name} is not written yet'){semicolon}",
     .module_comment = "// {purpose}"},
    {.language = "go",
     .functions = NameStyle::kPascal,
     .parameters = NameStyle::kCamel,
     .signature = "func {name}({parameters}){result} {",
     .parameter = "{name} any",
     .result = " ",
     .unwritten_result = " any",
     .comment = "// {name}: {purpose}",
     .comment_inside = false,
     .end = "}",
     .fallback = "panic(\"{name} is not written yet\")",
     .module_comment = "// {purpose}"},
    {.language = "rust",
     .functions = NameStyle::kSnake,
     .parameters = NameStyle::kSnake,
     .signature = "pub fn {name}({parameters}){result} {",
     .parameter = "{name}: &str",
     .result = " -> ",
     .unwritten_result = " -> String",
     .comment = "/// {purpose}",
     .comment_inside = false,
     .end = "}",
     .fallback = "unimplemented!(\"{name}\")",
     .module_comment = "//! {purpose}"},
}};

// Words that are no names in one of the languages above.
constexpr std::array<std::string_view, 30> kReserved = {
    "as",    "async",    "await", "class", "const",  "def",  "default", "delete", "enum", "export",
    "fn",    "for",      "from",  "func",  "go",     "if",   "import",  "in",     "is",   "let",
    "match", "function", "new",   "not",   "return", "type", "use",     "var",    "with", "yield"};

const ModuleTemplate* template_of(std::string_view language) {
  const auto* found = std::find_if(kTemplates.begin(), kTemplates.end(),
                                   [&](const auto& t) { return t.language == language; });
  return found == kTemplates.end() ? nullptr : found;
}

using Values = std::vector<std::pair<std::string_view, std::string_view>>;

// `pattern` with each {key} replaced, and nothing inside of what is put there.
std::string filled(std::string_view pattern, const Values& values) {
  std::string text;
  while (!pattern.empty()) {
    const auto value = std::find_if(values.begin(), values.end(), [&](const auto& entry) {
      return pattern[0] == '{' && pattern.substr(1).starts_with(entry.first) &&
             pattern.substr(1 + entry.first.size()).starts_with('}');
    });
    if (value == values.end()) {
      text += pattern[0];
      pattern.remove_prefix(1);
    } else {
      text.append(value->second);
      pattern.remove_prefix(value->first.size() + 2);
    }
  }
  return text;
}

std::string name_of(const std::vector<std::string>& words, NameStyle style) {
  std::string name = join_name(words, style);
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) name += "_";
  return name;
}

std::string in_folder(std::string_view folder, const std::string& name) {
  return folder.empty() ? name : std::string(folder) + "/" + name;
}

// A comment that what was asked for cannot end.
std::string safe(std::string text) {
  std::replace(text.begin(), text.end(), '"', '\'');
  std::replace(text.begin(), text.end(), '\\', '/');
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

class Planner {
 public:
  Planner(const AskedModule& asked, const SiblingStyle& style, std::string_view folder,
          const ModuleTemplate& how)
      : asked_(asked), style_(style), folder_(folder), how_(how) {}

  ModulePlan plan() {
    const std::string stem = join_name(asked_.name, style_.file_names);
    plan_.name = stem;
    plan_.siblings = style_.siblings;
    plan_.line_end = style_.line_end;
    PlannedFile module = {.path = in_folder(folder_, stem + style_.extension)};
    module.text = style_.header + head();
    for (const AskedFunction& function : asked_.functions) add_function(function, module);
    finish(module);
    plan_.files.push_back(std::move(module));
    add_tests(stem);
    return std::move(plan_);
  }

 private:
  std::string_view language() const { return how_.language; }
  std::string_view semicolon() const { return style_.semicolons ? ";" : ""; }
  bool is_script() const { return language() == "javascript" || language() == "typescript"; }
  std::string_view gap() const { return language() == "python" ? "\n\n" : "\n"; }

  // What stands before the first function.
  std::string head() const {
    std::string comment = filled(how_.module_comment, {{"purpose", safe(asked_.purpose)}}) + "\n";
    if (language() == "go") {
      const size_t slash = folder_.rfind('/') + 1;
      std::string package = style_.package;
      if (package.empty()) {
        package = "package " + (folder_.empty() ? "main" : std::string(folder_.substr(slash)));
      }
      return package + "\n\n" + comment;
    }
    for (size_t i = 0; i < style_.imports.size(); ++i) {
      comment += (i == 0 ? "\n" : "") + style_.imports[i] + "\n";
    }
    return comment;
  }

  std::string parameters_of(const AskedFunction& function) const {
    if (function.is_written) return function.written_parameters;
    std::string list;
    std::set<std::string> seen;
    for (const std::vector<std::string>& words : function.parameters) {
      const std::string name = name_of(words, how_.parameters);
      if (!seen.insert(name).second) continue;
      if (!list.empty()) list += ", ";
      list += filled(how_.parameter, {{"name", name}});
    }
    return list;
  }

  std::string result_of(const AskedFunction& function) const {
    if (!function.is_written) return std::string(how_.unwritten_result);
    if (function.written_result.empty()) return "";
    return std::string(how_.result) + function.written_result;
  }

  void add_function(const AskedFunction& function, PlannedFile& file) {
    const std::string name = name_of(function.name, how_.functions);
    if (!names_.insert(name).second) return;
    const bool exports = is_script() && !style_.requires_modules;
    const std::string signature = filled(how_.signature, {{"name", name},
                                                          {"parameters", parameters_of(function)},
                                                          {"result", result_of(function)},
                                                          {"export", exports ? "export " : ""}});
    const std::string comment =
        filled(how_.comment, {{"name", name}, {"purpose", safe(function.purpose)}});
    file.signatures.push_back(signature);
    file.text.append(gap());
    if (style_.documents && !how_.comment_inside) file.text += comment + "\n";
    file.text += signature + "\n" + style_.indent;
    if (style_.documents && how_.comment_inside) file.text += comment + "\n" + style_.indent;
    file.holes.push_back(
        {.offset = static_cast<int64_t>(file.text.size()),
         .function = name,
         .fallback = filled(how_.fallback, {{"name", name}, {"semicolon", semicolon()}})});
    file.text += "\n";
    if (!how_.end.empty()) file.text.append(how_.end) += "\n";
    file.holes.back().end = static_cast<int64_t>(file.text.size());
    ordered_.push_back(name);
  }

  // What stands behind the last function.
  void finish(PlannedFile& module) {
    std::string names;
    for (const std::string& name : ordered_) names += (names.empty() ? "" : ", ") + name;
    if (is_script() && style_.requires_modules) {
      module.text.append("\nmodule.exports = { " + names + " }").append(semicolon()) += "\n";
    }
    if (language() != "rust") return;
    module.text += "\n#[cfg(test)]\nmod tests {\n";
    for (size_t i = 0; i < ordered_.size(); ++i) {
      const std::string& in = style_.indent;
      module.text += std::string(i == 0 ? "" : "\n") + in + "#[test]\n" + in + "fn " + ordered_[i] +
                     "_is_there() {\n" + in + in + "let _ = super::" + ordered_[i] + ";\n" + in +
                     "}\n";
    }
    module.text += "}\n";
    plan_.remaining.push_back("Add `mod " + plan_.name +
                              ";` to the file that declares its siblings.");
  }

  void add_tests(const std::string& stem) {
    if (language() == "rust") return;  // they stand in the module
    const bool known = !style_.test_example.empty();
    std::string prefix = style_.test_prefix;
    std::string suffix = style_.test_suffix;
    if (!known) {
      prefix = language() == "python" ? "test_" : "";
      suffix = language() == "python" ? "" : language() == "go" ? "_test" : ".test";
    }
    const std::string_view folder = known ? std::string_view(style_.test_folder) : folder_;
    PlannedFile test = {.path = in_folder(folder, prefix + stem + suffix + style_.extension),
                        .text = style_.header,
                        .is_test = true};
    if (language() == "python") {
      python_tests(stem, test);
    } else if (language() == "go") {
      go_tests(test);
    } else {
      script_tests(stem, folder, test);
    }
    plan_.files.push_back(std::move(test));
  }

  void add_test(std::string signature, const std::vector<std::string>& lines, PlannedFile& test) {
    test.text.append(gap()).append(signature) += "\n";
    for (const std::string& line : lines) test.text += line + "\n";
    test.signatures.push_back(std::move(signature));
  }

  void python_tests(const std::string& stem, PlannedFile& test) {
    std::string names;
    for (const std::string& name : ordered_) names += (names.empty() ? "" : ", ") + name;
    test.text += "from " + style_.module_prefix + stem + " import " + names + "\n";
    for (const std::string& name : ordered_) {
      add_test("def test_" + name + "_is_there():",
               {style_.indent + "assert callable(" + name + ")"}, test);
    }
  }

  void go_tests(PlannedFile& test) {
    test.text += plan_.files[0].text.substr(
                     style_.header.size(),
                     plan_.files[0].text.find('\n', style_.header.size()) - style_.header.size()) +
                 "\n\nimport \"testing\"\n";
    for (const std::string& name : ordered_) {
      add_test("func Test" + name + "IsThere(t *testing.T) {", {style_.indent + "_ = " + name, "}"},
               test);
    }
  }

  // By the test framework of the siblings' tests, else by node's own.
  void script_tests(const std::string& stem, std::string_view folder, PlannedFile& test) {
    std::string frameworks;
    for (const std::string& line : style_.test_imports) {
      const bool framework =
          line.find("test") != std::string::npos || line.find("jest") != std::string::npos ||
          line.find("assert") != std::string::npos || line.find("mocha") != std::string::npos;
      if (framework) frameworks += line + "\n";
    }
    const bool expects = frameworks.find("expect") != std::string::npos ||
                         (frameworks.empty() && !style_.test_example.empty());
    const std::string end(semicolon());
    std::string module =
        folder == folder_ ? "./" + stem : way_up(folder) + in_folder(folder_, stem);
    if (language() == "javascript") module += style_.extension;
    std::string names;
    for (const std::string& name : ordered_) names += (names.empty() ? "" : ", ") + name;
    if (style_.requires_modules) {
      if (!expects) {
        test.text += "const assert = require('node:assert/strict')" + end +
                     "\nconst { test } = require('node:test')" + end + "\n";
      }
      test.text += "const { " + names + " } = require('" + module + "')" + end + "\n";
    } else {
      if (!expects && frameworks.empty()) {
        frameworks = "import assert from 'node:assert/strict'" + end +
                     "\nimport { test } from 'node:test'" + end + "\n";
      }
      test.text += frameworks + "import { " + names + " } from '" + module + "'" + end + "\n";
    }
    for (const std::string& name : ordered_) {
      const std::string check = expects ? "expect(typeof " + name + ").toBe('function')"
                                        : "assert.equal(typeof " + name + ", 'function')";
      add_test("test('" + name + " is there', () => {", {style_.indent + check + end, "})" + end},
               test);
    }
  }

  // From a folder of the workspace to the workspace folder: "../../".
  static std::string way_up(std::string_view folder) {
    std::string way = folder.empty() ? "./" : "../";
    for (const char c : folder) way += c == '/' ? "../" : "";
    return way;
  }

  const AskedModule& asked_;
  const SiblingStyle& style_;
  const std::string_view folder_;
  const ModuleTemplate& how_;
  ModulePlan plan_;
  std::set<std::string> names_;
  std::vector<std::string> ordered_;  // of its functions
};

}  // namespace

std::string module_languages() {
  std::string list;
  for (const ModuleTemplate& each : kTemplates) {
    list += (list.empty() ? "" : ", ") + std::string(each.language);
  }
  return list;
}

Result<ModulePlan> plan_module(const AskedModule& asked, const SiblingStyle& style,
                               std::string_view folder, const workspace::Language& language) {
  const ModuleTemplate* const how = template_of(language.id);
  if (how == nullptr) {
    return invalid_argument_error("There is no module template of " + std::string(language.id) +
                                  "; there is one of " + module_languages());
  }
  return Planner(asked, style, folder, *how).plan();
}

std::string with_bodies(const PlannedFile& file, const std::vector<std::string>& bodies) {
  std::string text;
  int64_t from = 0;
  for (size_t i = 0; i < file.holes.size(); ++i) {
    text.append(file.text, static_cast<size_t>(from),
                static_cast<size_t>(file.holes[i].offset - from));
    text += bodies[i];
    from = file.holes[i].offset;
  }
  return text.append(file.text, static_cast<size_t>(from));
}

}  // namespace rondo::assist
