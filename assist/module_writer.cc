#include "assist/module_writer.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "assist/sandbox.h"
#include "assist/step_loop.h"
#include "assist/syntax_errors.h"
#include "assist/tree_copy.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {
namespace {

// Larger trees are not copied for the sake of collecting tests.
constexpr size_t kMaxCopiedFiles = 20'000;
constexpr int32_t kBodyTokens = 160;

class ModuleWriter {
 public:
  ModuleWriter(engine::Engine& engine, const workspace::BlockIndex& index,
               const ModuleParams& params, std::stop_token stop)
      : engine_(engine), index_(index), params_(params), stop_(std::move(stop)) {}

  Result<WrittenModule> write() {
    const std::vector<PlannedFile>& files = params_.plan.files;
    for (const PlannedFile& file : files) {
      module_.n_functions += static_cast<int>(file.holes.size());
    }
    note(1, "skeleton: " + paths(), StepVerdict::kPassed);
    for (const PlannedFile& file : files) RETURN_IF_ERROR(write_file(file));
    RETURN_IF_ERROR(collect_tests());
    tell();
    return std::move(module_);
  }

 private:
  void note(int32_t step, std::string focus, StepVerdict verdict) {
    module_.steps.push_back({.step = step, .focus = std::move(focus), .verdict = verdict});
  }

  std::string paths() const {
    std::string list;
    for (const PlannedFile& file : params_.plan.files) {
      list += (list.empty() ? "" : ", ") + file.path;
    }
    return list;
  }

  Status write_file(const PlannedFile& file);
  Result<std::string> write_body(const PlannedFile& file, std::vector<std::string> bodies,
                                 size_t hole);
  Result<bool> parses(const std::string& text);
  Status collect_tests();
  Result<SandboxRun> collect(const std::string& test) const;
  void tell();

  engine::Engine& engine_;
  const workspace::BlockIndex& index_;
  const ModuleParams& params_;
  const std::stop_token stop_;
  workspace::Parser parser_;
  WrittenModule module_;
};

// A body that would break its file gives way to the line that says that there is none.
Status ModuleWriter::write_file(const PlannedFile& file) {
  std::vector<std::string> bodies;
  for (const PlannedHole& hole : file.holes) bodies.push_back(hole.fallback);
  ASSIGN_OR_RETURN(const bool begins_well, parses(with_bodies(file, bodies)));
  if (!begins_well) {
    return internal_error("the skeleton of " + file.path +
                          " does not parse; are the signatures those of the language?");
  }
  for (size_t i = 0; i < file.holes.size(); ++i) {
    params_.on_function(module_.n_written, module_.n_functions, file.holes[i].function);
    ASSIGN_OR_RETURN(std::string body, write_body(file, bodies, i));
    if (body.empty()) continue;
    std::swap(bodies[i], body);
    ASSIGN_OR_RETURN(const bool well, parses(with_bodies(file, bodies)));
    if (well) {
      ++module_.n_written;
    } else {
      std::swap(bodies[i], body);
    }
  }
  std::string text = with_bodies(file, bodies);
  note(kModuleDepth, "parse: " + file.path, StepVerdict::kPassed);
  if (params_.plan.line_end == "\r\n") {
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
      text.insert(at, "\r");
    }
  }
  module_.files.push_back({.path = file.path, .text = std::move(text)});
  return {};
}

// What the model writes for one function; empty when that is nothing or does not parse.
Result<std::string> ModuleWriter::write_body(const PlannedFile& file,
                                             std::vector<std::string> bodies, size_t hole) {
  // What stands behind is no help: it is not written yet.
  PlannedFile part = file;
  part.holes.resize(hole + 1);
  part.text.resize(static_cast<size_t>(file.holes[hole].end));
  bodies.resize(hole);
  bodies.emplace_back();
  int64_t offset = file.holes[hole].offset;
  for (const std::string& body : bodies) offset += static_cast<int64_t>(body.size());
  auto document = std::make_shared<workspace::Document>();
  document->path = file.path;
  document->uri = "rondo-module:" + file.path;
  document->language = params_.language;
  document->text = std::make_shared<const workspace::Text>(with_bodies(part, bodies));
  StepParams params = {.document = std::move(document),
                       .hole = {.begin = offset, .end = offset},
                       .depth = kModuleDepth,
                       .n_candidates = 2,
                       .max_tokens = kBodyTokens,
                       .length = AnswerLength::kBlock,
                       .client = params_.client,
                       .drafting = params_.drafting};
  ASSIGN_OR_RETURN(StepOutcome outcome, run_steps(engine_, index_, params, stop_));
  for (LoopStep& step : outcome.steps) module_.steps.push_back(std::move(step));
  return outcome.parses ? std::move(outcome.text) : std::string();
}

Result<bool> ModuleWriter::parses(const std::string& text) {
  if (stop_.stop_requested()) return cancelled_error("stop was requested");
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree,
                   parser_.parse(*params_.language, std::make_shared<const workspace::Text>(text),
                                 nullptr, {.stop = stop_}));
  return count_syntax_errors(tree) == 0;
}

// ---- tests -----------------------------------------------------------------------------------

Status ModuleWriter::collect_tests() {
  const auto test = std::find_if(params_.plan.files.begin(), params_.plan.files.end(),
                                 [](const PlannedFile& file) { return file.is_test; });
  if (test == params_.plan.files.end()) return {};
  std::string obstacle;
  if (params_.language->id != "python") {
    obstacle = "only those of Python can be collected";
  } else if (!params_.trusted) {
    obstacle = "the workspace is not trusted; `rondo trust` says that it is";
  } else if (const Status ready = sandbox_ready(); !ready.ok()) {
    obstacle = ready.message();
  } else if (index_.stats().n_files > static_cast<int64_t>(kMaxCopiedFiles)) {
    obstacle = "the workspace is too large to be copied for it";
  }
  if (!obstacle.empty()) {
    note(kModuleDepth, "tests: not collected: " + obstacle, StepVerdict::kSkipped);
    module_.notes.push_back("The tests were not collected: " + obstacle + ".");
    return {};
  }
  ASSIGN_OR_RETURN(const SandboxRun run, collect(test->path));
  note(kModuleDepth, "tests: collect " + test->path,
       run.passed() ? StepVerdict::kPassed : StepVerdict::kFailed);
  module_.notes.push_back(run.passed() ? "pytest collects the tests."
                                       : "pytest does not collect the tests: " + run.output);
  return {};
}

Result<SandboxRun> ModuleWriter::collect(const std::string& test) const {
  ASSIGN_OR_RETURN(const TreeCopy copy,
                   TreeCopy::make(params_.folder, index_.paths(), params_.scratch));
  for (const WrittenFile& file : module_.files) {
    std::error_code error;
    std::filesystem::create_directories(
        std::filesystem::path(copy.folder() + "/" + file.path).parent_path(), error);
    RETURN_IF_ERROR(copy.put(file.path, file.text));
  }
  return run_in_sandbox(
      {.words = {"python3", "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", test},
       .folder = copy.folder(),
       .seen_as = params_.folder},
      {.time = std::chrono::seconds(30)});
}

void ModuleWriter::tell() {
  const int left = module_.n_functions - module_.n_written;
  if (left > 0) {
    module_.notes.push_back(std::to_string(left) + " of " + std::to_string(module_.n_functions) +
                            " functions have no body that parses; they say so when they run.");
  }
  for (const std::string& sentence : params_.plan.remaining) module_.notes.push_back(sentence);
}

}  // namespace

Result<WrittenModule> write_module(engine::Engine& engine, const workspace::BlockIndex& index,
                                   const ModuleParams& params, std::stop_token stop) {
  return ModuleWriter(engine, index, params, std::move(stop)).write();
}

}  // namespace rondo::assist
