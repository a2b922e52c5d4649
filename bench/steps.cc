#include "bench/steps.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "assist/step_loop.h"
#include "assist/syntax_errors.h"
#include "bench/cases.h"
#include "bench/corpus_workspace.h"
#include "bench/drafts.h"
#include "bench/name_judge.h"
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

// Judges answers to holes of one corpus.
class Judge {
 public:
  explicit Judge(const Corpus& corpus) : corpus_(corpus) {}

  // Whether it parses, and is the true text.
  Status look_at(const Hole& hole, StepsAnswer& answer) {
    const CorpusFile& file = file_of(hole);
    ASSIGN_OR_RETURN(const int64_t n_before, errors_of(file, file.text));
    ASSIGN_OR_RETURN(const int64_t n_after, errors_of(file, filled(file.text, hole, answer.text)));
    answer.parses = !answer.text.empty() && n_after <= n_before;
    const std::string_view truth =
        std::string_view(file.text).substr(hole.begin, hole.end - hole.begin);
    answer.match = without_end_blanks(answer.text) == without_end_blanks(truth);
    return {};
  }

  // The undefined names of all answers that parse, less those that the tool misses in the true file
  // too: it sees no other file.
  Status look_at_names(const std::vector<Hole>& holes, std::vector<StepsResult>& results) {
    std::vector<JudgedText> texts;
    std::vector<StepsAnswer*> answers;  // [i]: in texts[i]; nullptr: the true file, before those
    for (size_t i = 0; i < results.size(); ++i) {
      const CorpusFile& file = file_of(holes[i]);
      texts.push_back({file.path, file.text});
      answers.push_back(nullptr);
      for (StepsAnswer& answer : results[i].answers) {
        if (!answer.parses) continue;
        texts.push_back({file.path, filled(file.text, holes[i], answer.text)});
        answers.push_back(&answer);
      }
    }
    ASSIGN_OR_RETURN(const std::vector<UndefinedUses> uses, undefined_uses(texts));
    const UndefinedUses* true_uses = nullptr;
    for (size_t i = 0; i < texts.size(); ++i) {
      if (answers[i] == nullptr) true_uses = &uses[i];
      if (answers[i] == nullptr || !uses[i] || !*true_uses) continue;
      answers[i]->undefined_names = added_names(*uses[i], **true_uses);
    }
    return {};
  }

 private:
  const CorpusFile& file_of(const Hole& hole) const {
    return corpus_.repositories[hole.repository].files[hole.file];
  }

  static std::vector<std::string> added_names(const std::vector<UndefinedUse>& uses,
                                              const std::vector<UndefinedUse>& true_uses) {
    std::set<std::string> known;
    for (const UndefinedUse& use : true_uses) known.insert(use.name);
    std::vector<std::string> names;
    for (const UndefinedUse& use : uses) {
      if (known.insert(use.name).second) names.push_back(use.name);
    }
    return names;
  }

  Result<int64_t> errors_of(const CorpusFile& file, const std::string& text) {
    const workspace::Language& language = workspace::language_of_file(file.path, text);
    auto snapshot = std::make_shared<const workspace::Text>(text);
    ASSIGN_OR_RETURN(const workspace::SyntaxTree tree,
                     parser_.parse(language, std::move(snapshot), nullptr, {}));
    return assist::count_syntax_errors(tree);
  }

  const Corpus& corpus_;
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
    answer.steps = assist::loop_steps_json(outcome.steps);
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
          .steps = json.value("steps", Json::array()),
          .n_unknown_names = json_get<int32_t>(json, "unknown_names").value_or(0),
          .n_tokens = json_get<int64_t>(json, "tokens").value_or(0),
          .ms = json_get<double>(json, "ms").value_or(0)};
}

// What the loop did; judged again whenever it is read.
Json log_entry(const StepsAnswer& answer) {
  return {{"text", answer.text},
          {"steps", answer.steps},
          {"unknown_names", answer.n_unknown_names},
          {"tokens", answer.n_tokens},
          {"ms", answer.ms}};
}

std::string run_name(const engine::Engine& engine, const Corpus& corpus,
                     const StepsOptions& options) {
  return "steps, model " + engine.config().digest.to_string() + " on " + engine.stats().kernels +
         ", corpus " + corpus_digest(corpus).to_string() + ", context " +
         std::to_string(options.context_tokens) + ", candidates " +
         std::to_string(options.n_candidates);
}

Result<std::optional<ResultLog>> open_log(const engine::Engine* engine, const Corpus& corpus,
                                          const StepsOptions& options) {
  if (engine != nullptr && options.log.empty()) return std::optional<ResultLog>();
  std::string run;
  if (engine != nullptr) {
    run = run_name(*engine, corpus, options);
  } else {
    ASSIGN_OR_RETURN(run, ResultLog::last_run(options.log));
  }
  ASSIGN_OR_RETURN(ResultLog log, ResultLog::open(options.log, run));
  return std::optional<ResultLog>(std::move(log));
}

}  // namespace

Json to_json(const StepsAnswer& answer) {
  Json json = log_entry(answer);
  json["parses"] = answer.parses;
  json["match"] = answer.match;
  if (answer.undefined_names) json["undefined_names"] = *answer.undefined_names;
  return json;
}

Result<StepsTable> measure_steps(engine::Engine* engine, const Corpus& corpus,
                                 const StepsOptions& options) {
  const std::vector<Hole> cases = cut_cases(corpus, options.n_cases, options.seed, options.part);
  if (cases.empty()) return not_found_error("no line is long enough for a hole");
  ASSIGN_OR_RETURN(std::optional<ResultLog> log, open_log(engine, corpus, options));
  StepsTable table = {.depths = options.depths, .judges = name_judges(), .results = {}};
  std::optional<Asker> asker;
  if (engine != nullptr) asker.emplace(*engine, corpus, options);
  Judge judge(corpus);
  Progress progress("cases", static_cast<int64_t>(cases.size()));
  for (const Hole& hole : cases) {
    const CorpusFile& file = corpus.repositories[hole.repository].files[hole.file];
    StepsResult result = {.place = place_of(corpus, hole),
                          .language = std::string(group_name(file.group)),
                          .kind = hole.kind};
    bool all_known = true;
    for (const int32_t depth : options.depths) {
      const std::string key = result.place + ", depth " + std::to_string(depth);
      const Json* known = log ? log->find(key) : nullptr;
      if (known != nullptr) {
        result.answers.push_back(from_json(*known));
      } else if (asker) {
        all_known = false;
        ASSIGN_OR_RETURN(StepsAnswer answer, asker->ask(hole, depth));
        if (log) RETURN_IF_ERROR(log->add(key, log_entry(answer)));
        result.answers.push_back(std::move(answer));
      } else {
        return not_found_error(options.log + " has no answer to " + key);
      }
      RETURN_IF_ERROR(judge.look_at(hole, result.answers.back()));
    }
    if (asker) RETURN_IF_ERROR(asker->leave());
    table.results.push_back(std::move(result));
    progress.done(all_known);
  }
  RETURN_IF_ERROR(judge.look_at_names(cases, table.results));
  return table;
}

}  // namespace rondo::bench
