#include "assist/write_tests.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assist/chat.h"
#include "assist/code_indent.h"
#include "assist/kept_tests.h"
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

std::string import_of(const workspace::Document& document, const std::string& name) {
  return "from " + module_of(document.path) + " import " + name;
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

// What is written behind the test file's text.
struct TestDraft {
  std::string head;  // blank lines, and the import of the function
  std::string text;  // the test file's, and the head
};

TestDraft draft_of(const TestFile& file, const workspace::Document& document,
                   const std::string& name) {
  const std::string before = file.before.value_or("");
  bool imported = false;
  for (const workspace::Import& import :
       workspace::import_statements(file.path, *document.language, before)) {
    for (const workspace::ImportedName& one : import.names) imported |= one.local == name;
  }
  TestDraft draft;
  if (!before.empty() && !before.ends_with('\n')) draft.head += "\n";
  if (!imported) {
    draft.head += (before.empty() ? "" : "\n") + import_of(document, name) + "\n";
  }
  draft.head += "\n\n";
  draft.text = before + draft.head;
  return draft;
}

// Runs tests in a copy of the tree.
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

  // Whether these tests of the file at `path` pass, when it has this text.
  bool pass(const std::string& path, const std::vector<std::string>& names,
            const std::string& text) const {
    if (!copy_.put(path, text).ok()) return false;
    // As a module: then the tree's own folder is where imports are looked for.
    std::vector<std::string> words = {"python3",          "-m",        "pytest",    "-q", "-p",
                                      "no:cacheprovider", "--rootdir", work_.folder};
    for (const std::string& name : names) words.push_back(path + "::" + name);
    const Result<SandboxRun> run = run_in_sandbox(
        {.words = std::move(words), .folder = copy_.folder(), .seen_as = work_.folder},
        {.time = kTestTime});
    return run.ok() && run->passed();
  }

 private:
  TestRun(const ActionWork& work, TreeCopy copy) : work_(work), copy_(std::move(copy)) {}

  const ActionWork& work_;
  TreeCopy copy_;
};

// A function, where its tests go, and what runs them.
struct Tested {
  std::string name;
  std::string code;
  TestFile file;
  TestDraft draft;
  TestRun run;
};

// What goes behind the draft's head, and how it came.
struct WrittenTests {
  std::string text;  // no line end at its end
  std::vector<LoopStep> steps;
};

// One test, whose body the model fills in.
Result<WrittenTests> fill_in_test(const ActionWork& work, const Tested& tested) {
  const std::string test = "test_" + tested.name;
  const std::string line = "def " + test + "():\n    ";
  const std::string before = tested.draft.text + line;
  const auto objects = [&](std::string_view answer) {
    const bool tests =
        answer.find("assert") != answer.npos && answer.find(tested.name + "(") != answer.npos;
    return !tests ||
           !tested.run.pass(tested.file.path, {test}, before + std::string(answer) + "\n");
  };
  const auto hole = static_cast<int64_t>(before.size());
  ASSIGN_OR_RETURN(StepOutcome answer, fill_hole(work, {.path = tested.file.path,
                                                        .text = before + "\n",
                                                        .bytes = {hole, hole},
                                                        .length = AnswerLength::kBlock,
                                                        .depth = kDepth,
                                                        .max_tokens = kMostTokens,
                                                        .objects = objects}));
  return WrittenTests{line + answer.text, std::move(answer.steps)};
}

// Several tests of a chat model; those that pass.
Result<WrittenTests> ask_for_tests(const ActionWork& work, const Tested& tested) {
  const workspace::Document& document = work.scene.document();
  ASSIGN_OR_RETURN(
      const std::string code,
      write_code(work.engine,
                 {.instruction = "Write tests of `" + tested.name +
                                 "` for pytest: functions test_... without a class, of one "
                                 "behaviour each. The file has `" +
                                 import_of(document, tested.name) +
                                 "` already. Answer with the tests alone, in one fenced block.",
                  .language = document.language,
                  .path = document.path,
                  .text = tested.code},
                 work.stop));
  work.report("running the tests");
  const auto text_with = [&](const std::string& tests) { return tested.draft.text + tests + "\n"; };
  const KeptTests kept =
      keep_tests(code, tested.name, tested.file.before.value_or(""), [&](const std::string& name) {
        return !work.stop.stop_requested() &&
               tested.run.pass(tested.file.path, {name}, text_with(code));
      });
  if (work.stop.stop_requested()) return cancelled_error("the tests are not wanted any more");
  const std::string result =
      std::to_string(kept.names.size()) + " of " + std::to_string(kept.n_written) + " tests pass";
  if (kept.names.empty() || !tested.run.pass(tested.file.path, kept.names, text_with(kept.code))) {
    return not_found_error("Nothing was changed: of what the model wrote " + result);
  }
  const auto n_tokens = static_cast<int64_t>(work.engine.tokenizer().encode(code).size());
  return WrittenTests{kept.code,
                      {{.step = 1, .focus = "draft: tests of " + tested.name, .n_tokens = n_tokens},
                       {.step = 5, .focus = "checks: " + result}}};
}

// What was read is what is there.
Status check_unchanged(const ActionWork& work, const TestFile& file) {
  const Result<std::string> now = read_tree_file(work.folder, file.path);
  const bool same = now.ok() == file.before.has_value() && (!now.ok() || *now == *file.before);
  return same ? Status()
              : stale_error(file.path + " has changed meanwhile; ask for the action again");
}

}  // namespace

void offer_write_tests(const ActionScene& scene, std::vector<Action>& actions) {
  const workspace::Document& document = scene.document();
  const workspace::Function* function = scene.function();
  if (document.language->id != "python" || function == nullptr) return;
  const std::string name(scene.text().slice(function->name));
  const bool is_inside = !indent_at(scene.text(), function->bytes.begin).empty();
  if (is_inside || name.starts_with('_') || workspace::is_test_path(document.path)) return;
  const std::string what = scene.abilities.chats ? "tests" : "a test";
  actions.push_back(
      {.title = "Write " + what + " of `" + name + "`, kept if passing", .bytes = function->name});
}

Result<ActionOutcome> write_tests(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  if (!scene.abilities.runs_code || work.folder.empty()) {
    return not_found_error("Nothing was changed: tests may not run here; see rondo trust");
  }
  const workspace::Function* function = workspace::function_at(scene.functions, action.bytes.begin);
  if (function == nullptr) return stale_error("no function stands there any more");
  const std::string name(scene.text().slice(function->name));
  ASSIGN_OR_RETURN(TestFile file, test_file_of(work));
  TestDraft draft = draft_of(file, scene.document(), name);
  ASSIGN_OR_RETURN(TestRun run, TestRun::open(work));
  const Tested tested = {.name = name,
                         .code = std::string(scene.text().slice(function->whole)),
                         .file = std::move(file),
                         .draft = std::move(draft),
                         .run = std::move(run)};
  work.report("writing tests and running them");
  ASSIGN_OR_RETURN(WrittenTests written, scene.abilities.chats ? ask_for_tests(work, tested)
                                                               : fill_in_test(work, tested));
  RETURN_IF_ERROR(check_unchanged(work, tested.file));
  const int64_t end = tested.file.before ? static_cast<int64_t>(tested.file.before->size()) : 0;
  OtherFile test = {.path = tested.file.path, .before = tested.file.before};
  test.edits.push_back({.range = {end, end}, .with = tested.draft.head + written.text + "\n"});
  return ActionOutcome{.others = {std::move(test)}, .steps = std::move(written.steps)};
}

}  // namespace rondo::assist
