#include "assist/write_tests.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "assist/code_indent.h"
#include "assist/sandbox.h"
#include "assist/tree_copy.h"
#include "assist/tree_file.h"
#include "workspace/import_statements.h"
#include "workspace/test_files.h"

namespace rondo::assist {
namespace {

constexpr int32_t kDepth = 3;
constexpr int32_t kMostTokens = 96;
constexpr std::chrono::milliseconds kTestTime{20'000};

std::string_view without_extension(std::string_view path) {
  return path.substr(0, path.rfind('.'));
}

// "shop.cart" of shop/cart.py.
std::string module_of(std::string_view path) {
  std::string module(without_extension(path));
  std::replace(module.begin(), module.end(), '/', '.');
  return module;
}

// Where a function's test goes, and what stands there.
struct TestFile {
  std::string path;
  std::optional<std::string> before;  // nothing: it is made
};

Result<TestFile> test_file_of(const ActionWork& work) {
  const workspace::Document& document = work.scene.document();
  for (const auto& file :
       workspace::test_files_of(document.path, *document.language, work.scene.index)) {
    if (!workspace::is_test_path(file->path)) continue;
    ASSIGN_OR_RETURN(std::string text, read_tree_file(work.folder, file->path));
    return TestFile{file->path, std::move(text)};
  }
  const size_t slash = document.path.rfind('/');
  const std::string name =
      "test_" + document.path.substr(slash == std::string::npos ? 0 : slash + 1);
  const bool has_folder = !work.scene.index.files_in("tests", 1).empty();
  return TestFile{(has_folder ? "tests/" : document.path.substr(0, slash + 1)) + name, {}};
}

// The test file with a hole for the body.
struct TestDraft {
  std::string added;  // behind what stands there, up to the hole
  std::string text;   // all of it
};

TestDraft draft_of(const TestFile& file, const workspace::Document& document,
                   const std::string& name) {
  std::string before = file.before.value_or("");
  bool imported = false;
  for (const workspace::Import& import :
       workspace::import_statements(file.path, *document.language, before)) {
    for (const workspace::ImportedName& one : import.names) imported |= one.local == name;
  }
  TestDraft draft;
  if (!before.empty() && !before.ends_with('\n')) draft.added += "\n";
  if (!imported) {
    draft.added += (before.empty() ? "" : "\n") + std::string("from ") + module_of(document.path) +
                   " import " + name + "\n";
  }
  draft.added += "\n\ndef test_" + name + "():\n    ";
  draft.text = std::move(before) + draft.added;
  return draft;
}

// Runs one test in a copy of the tree.
class TestRun {
 public:
  static Result<TestRun> open(const ActionWork& work) {
    RETURN_IF_ERROR(sandbox_ready());
    const std::string parent = std::filesystem::temp_directory_path().string();
    ASSIGN_OR_RETURN(TreeCopy copy, TreeCopy::make(work.folder, work.scene.index.paths(), parent));
    const workspace::Document& document = work.scene.document();
    RETURN_IF_ERROR(copy.put(document.path, work.scene.text().bytes()));
    return TestRun(work, std::move(copy));
  }

  bool passes(const std::string& path, const std::string& name, const std::string& text) const {
    if (!copy_.put(path, text).ok()) return false;
    const Result<SandboxRun> run =
        run_in_sandbox({.words = {"pytest", "-q", "-p", "no:cacheprovider", "--rootdir",
                                  work_.folder, path + "::test_" + name},
                        .folder = copy_.folder(),
                        .seen_as = work_.folder},
                       {.time = kTestTime});
    return run.ok() && run->passed();
  }

 private:
  TestRun(const ActionWork& work, TreeCopy copy) : work_(work), copy_(std::move(copy)) {}

  const ActionWork& work_;
  TreeCopy copy_;
};

}  // namespace

void offer_write_tests(const ActionScene& scene, std::vector<Action>& actions) {
  const workspace::Document& document = scene.document();
  const workspace::Function* function = scene.function();
  if (document.language->id != "python" || function == nullptr) return;
  const std::string name(scene.text().slice(function->name));
  const bool is_inside = !indent_at(scene.text(), function->bytes.begin).empty();
  if (is_inside || name.starts_with('_') || workspace::is_test_path(document.path)) return;
  actions.push_back(
      {.title = "Write a test of `" + name + "`, if it passes", .bytes = function->name});
}

Result<ActionOutcome> write_tests(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  if (!scene.abilities.runs_code || work.folder.empty()) {
    return not_found_error("Nothing was changed: tests may not run here; see rondo trust");
  }
  const workspace::Function* function = workspace::function_at(scene.functions, action.bytes.begin);
  if (function == nullptr) return stale_error("no function stands there any more");
  const std::string name(scene.text().slice(function->name));
  ASSIGN_OR_RETURN(const TestFile file, test_file_of(work));
  const TestDraft draft = draft_of(file, scene.document(), name);
  ASSIGN_OR_RETURN(const TestRun run, TestRun::open(work));
  work.report("writing a test and running it");
  const auto objects = [&](std::string_view answer) {
    const bool tests =
        answer.find("assert") != answer.npos && answer.find(name + "(") != answer.npos;
    return !tests || !run.passes(file.path, name, draft.text + std::string(answer) + "\n");
  };
  const auto hole = static_cast<int64_t>(draft.text.size());
  ASSIGN_OR_RETURN(StepOutcome answer, fill_hole(work, {.path = file.path,
                                                        .text = draft.text + "\n",
                                                        .bytes = {hole, hole},
                                                        .length = AnswerLength::kBlock,
                                                        .depth = kDepth,
                                                        .max_tokens = kMostTokens,
                                                        .objects = objects}));
  // What was read is what is there.
  const Result<std::string> now = read_tree_file(work.folder, file.path);
  if (now.ok() != file.before.has_value() || (now.ok() && *now != *file.before)) {
    return stale_error(file.path + " has changed meanwhile; ask for the action again");
  }
  const int64_t end = file.before ? static_cast<int64_t>(file.before->size()) : 0;
  OtherFile test = {.path = file.path, .before = file.before};
  test.edits.push_back({.range = {end, end}, .with = draft.added + answer.text + "\n"});
  return ActionOutcome{.others = {std::move(test)}, .steps = std::move(answer.steps)};
}

}  // namespace rondo::assist
