#include "bench/steps.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "assist/sandbox.h"
#include "assist/step_loop.h"
#include "assist/syntax_errors.h"
#include "bench/cases.h"
#include "bench/corpus_workspace.h"
#include "bench/progress.h"
#include "bench/result_log.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int32_t kMaxLineTokens = 80;
constexpr int32_t kMaxBodyTokens = 200;

std::string_view without_end_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

std::string filled(const std::string& text, const Hole& hole, std::string_view answer) {
  std::string whole = text;
  whole.replace(static_cast<size_t>(hole.begin), static_cast<size_t>(hole.end - hole.begin),
                answer);
  return whole;
}

// The names that pyflakes3 calls undefined in the lines [first, last] of a text, from 1; nothing
// when it does not parse the text.
Result<std::optional<int32_t>> undefined_names(const std::string& text, int64_t first,
                                               int64_t last) {
  ASSIGN_OR_RETURN(const assist::SandboxRun run,
                   assist::run_in_sandbox({.words = {"pyflakes3"}, .input = text}));
  int32_t n_undefined = 0;
  std::string_view rest = run.output;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view message = rest.substr(0, end);  // <stdin>:LINE:COLUMN: ...
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool is_name = message.find(": undefined name '") != message.npos ||
                         message.find(" undefined name '") != message.npos;
    const size_t colon = message.find(':');
    const int64_t line = colon == message.npos ? 0 : std::atoll(message.substr(colon + 1).data());
    if (!is_name && message.find("syntax") != message.npos) return std::optional<int32_t>();
    if (is_name && line >= first && line <= last) ++n_undefined;
  }
  return std::optional(n_undefined);
}

// Judges answers to one corpus file after the other.
class Judge {
 public:
  explicit Judge(bool judges_names) : judges_names_(judges_names) {}

  Status look_at(const CorpusFile& file, const Hole& hole, StepsAnswer& answer) {
    const std::string whole = filled(file.text, hole, answer.text);
    ASSIGN_OR_RETURN(const int64_t n_before, errors_of(file, file.text));
    ASSIGN_OR_RETURN(const int64_t n_after, errors_of(file, whole));
    answer.parses = !answer.text.empty() && n_after <= n_before;
    const std::string_view truth =
        std::string_view(file.text).substr(hole.begin, hole.end - hole.begin);
    answer.match = without_end_blanks(answer.text) == without_end_blanks(truth);
    if (!judges_names_ || file.group != Group::kPython || !answer.parses) return {};
    const int64_t first = std::count(whole.begin(), whole.begin() + hole.begin, '\n') + 1;
    const int64_t last = first + std::count(answer.text.begin(), answer.text.end(), '\n');
    ASSIGN_OR_RETURN(answer.n_undefined_names, undefined_names(whole, first, last));
    return {};
  }

 private:
  Result<int64_t> errors_of(const CorpusFile& file, const std::string& text) {
    const workspace::Language& language = workspace::language_of_file(file.path, text);
    auto snapshot = std::make_shared<const workspace::Text>(text);
    ASSIGN_OR_RETURN(const workspace::SyntaxTree tree,
                     parser_.parse(language, std::move(snapshot), nullptr, {}));
    return assist::count_syntax_errors(tree);
  }

  const bool judges_names_;
  workspace::Parser parser_;
};

// Asks the loop, in the workspace as it was before the hole was written.
class Asker {
 public:
  Asker(engine::Engine& engine, const Corpus& corpus, const StepsOptions& options)
      : engine_(engine), corpus_(corpus), options_(options) {}

  Result<StepsAnswer> ask(const Hole& hole, int32_t depth) {
    RETURN_IF_ERROR(enter(hole));
    const CorpusFile& file = corpus_.repositories[hole.repository].files[hole.file];
    auto document = std::make_shared<workspace::Document>();
    document->path = file.path;
    document->text = std::make_shared<const workspace::Text>(cut_text(file.text, hole));
    document->language = &workspace::language_of_file(file.path, file.text);
    assist::StepParams params = {.document = document,
                                 .hole = {hole.begin, hole.begin},
                                 .depth = depth,
                                 .n_candidates = options_.n_candidates,
                                 .max_tokens = kMaxLineTokens};
    if (hole.kind == HoleKind::kBody) {
      params.length = assist::AnswerLength::kBlock;
      params.max_tokens = kMaxBodyTokens;
    }
    params.drafting.context_tokens = options_.context_tokens;
    params.drafting.forbidden_lines = forbidden_lines(file.text, hole);
    params.queries = &queries_;
    const auto begin = Clock::now();
    ASSIGN_OR_RETURN(assist::StepOutcome outcome,
                     assist::run_steps(engine_, workspace_->index(), params, {}));
    StepsAnswer answer = {
        .text = std::move(outcome.text),
        .n_unknown_names = static_cast<int32_t>(outcome.unknown_names.size()),
        .ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count()};
    for (const assist::LoopStep& step : outcome.steps) answer.n_tokens += step.n_tokens;
    return answer;
  }

  // Puts the file back that the last hole was cut into.
  Status leave() {
    if (cut_ == nullptr) return {};
    RETURN_IF_ERROR(workspace_->replace(cut_->path, cut_->text));
    cut_ = nullptr;
    return {};
  }

 private:
  Status enter(const Hole& hole) {
    const Repository& repository = corpus_.repositories[hole.repository];
    const CorpusFile& file = repository.files[hole.file];
    if (&repository != repository_) {
      ASSIGN_OR_RETURN(workspace_, CorpusWorkspace::make(engine_, repository));
      repository_ = &repository;
    }
    cut_ = &file;
    return workspace_->replace(file.path, cut_text(file.text, hole));
  }

  engine::Engine& engine_;
  const Corpus& corpus_;
  const StepsOptions& options_;
  assist::CodeQueries queries_;
  const Repository* repository_ = nullptr;  // whose index workspace_ is
  const CorpusFile* cut_ = nullptr;         // the file in it that is not whole
  std::unique_ptr<CorpusWorkspace> workspace_;
};

StepsAnswer from_json(const Json& json) {
  return {.text = json_get<std::string>(json, "text").value_or(""),
          .parses = json_get<bool>(json, "parses").value_or(false),
          .match = json_get<bool>(json, "match").value_or(false),
          .n_unknown_names = json_get<int32_t>(json, "unknown_names").value_or(0),
          .n_undefined_names = json_get<int32_t>(json, "undefined_names"),
          .n_tokens = json_get<int64_t>(json, "tokens").value_or(0),
          .ms = json_get<double>(json, "ms").value_or(0)};
}

std::string run_name(const engine::Engine& engine, const Corpus& corpus,
                     const StepsOptions& options) {
  return "steps, model " + engine.config().digest.to_string() + " on " + engine.stats().kernels +
         ", corpus " + corpus_digest(corpus).to_string() + ", context " +
         std::to_string(options.context_tokens) + ", candidates " +
         std::to_string(options.n_candidates);
}

bool has_pyflakes() {
  const auto run = assist::run_in_sandbox({.words = {"pyflakes3", "--version"}});
  return run.ok() && run->passed();
}

}  // namespace

Json to_json(const StepsAnswer& answer) {
  Json json = {{"text", answer.text},       {"parses", answer.parses},
               {"match", answer.match},     {"unknown_names", answer.n_unknown_names},
               {"tokens", answer.n_tokens}, {"ms", answer.ms}};
  if (answer.n_undefined_names) json["undefined_names"] = *answer.n_undefined_names;
  return json;
}

Result<StepsTable> measure_steps(engine::Engine& engine, const Corpus& corpus,
                                 const StepsOptions& options) {
  const std::vector<Hole> cases = cut_cases(corpus, options.n_cases, options.seed, options.part);
  if (cases.empty()) return not_found_error("no line is long enough for a hole");
  StepsTable table = {.depths = options.depths, .names_judged = has_pyflakes(), .results = {}};
  std::optional<ResultLog> log;
  if (!options.log.empty()) {
    ASSIGN_OR_RETURN(log, ResultLog::open(options.log, run_name(engine, corpus, options)));
  }
  Asker asker(engine, corpus, options);
  Judge judge(table.names_judged);
  Progress progress("cases", static_cast<int64_t>(cases.size()));
  for (const Hole& hole : cases) {
    const Repository& repository = corpus.repositories[hole.repository];
    const CorpusFile& file = repository.files[hole.file];
    StepsResult result = {.place = repository.name + "/" + file.path + ":" +
                                   std::to_string(hole.begin) + "-" + std::to_string(hole.end),
                          .language = std::string(group_name(file.group)),
                          .kind = hole.kind};
    bool all_known = true;
    for (const int32_t depth : options.depths) {
      const std::string key = result.place + ", depth " + std::to_string(depth);
      if (const Json* known = log ? log->find(key) : nullptr) {
        result.answers.push_back(from_json(*known));
        continue;
      }
      all_known = false;
      ASSIGN_OR_RETURN(StepsAnswer answer, asker.ask(hole, depth));
      RETURN_IF_ERROR(judge.look_at(file, hole, answer));
      if (log) RETURN_IF_ERROR(log->add(key, to_json(answer)));
      result.answers.push_back(std::move(answer));
    }
    RETURN_IF_ERROR(asker.leave());
    table.results.push_back(std::move(result));
    progress.done(all_known);
  }
  return table;
}

}  // namespace rondo::bench
