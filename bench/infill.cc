#include "bench/infill.h"

#include <algorithm>
#include <initializer_list>
#include <numeric>
#include <utility>

#include "assist/cursor_window.h"
#include "assist/fim_prompt.h"
#include "assist/healed_word.h"
#include "assist/sandbox.h"
#include "bench/cases.h"
#include "bench/cut_workspace.h"
#include "bench/edit_similarity.h"
#include "bench/engine_call.h"
#include "bench/progress.h"
#include "bench/result_log.h"

namespace rondo::bench {
namespace {

constexpr int32_t kMaxLineTokens = 80;
constexpr int32_t kMaxBodyTokens = 200;

std::string_view without_end_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

// A question and what comes of it.
struct Asked {
  Question question;
  bool one_line = true;
  InfillMode mode = {};
};

int32_t n_context_tokens(const engine::Completion& answer, const assist::ActiveWindow& window) {
  size_t n_tokens = answer.n_segment_tokens;
  for (const auto& file : window.files) n_tokens += file->size();
  return static_cast<int32_t>(n_tokens);
}

// Asks the engine as the product does: in the model's own order, the word at the cursor spelt
// again.
class Questioner {
 public:
  explicit Questioner(engine::Engine& engine) : engine_(engine) {}

  Result<std::pair<InfillAnswer, std::string>> ask(const Asked& asked) {
    const Question& question = asked.question;
    const std::string word(assist::healed_word(question.window.prefix));
    assist::ActiveWindow window = question.window;
    window.prefix.resize(window.prefix.size() - word.size());
    engine::Request request;
    if (asked.mode.prefix) window.files = question.context.files;
    request.prompt = assist::fim_prompt(engine_.config(), engine_.tokenizer(),
                                        engine_.config().fim->order, window);
    request.segments = segments_of(asked);
    request.segment_deadline = std::chrono::hours(1);
    request.cursor = "infill";  // the prompt is read once for both
    engine::Request scored = request;
    scored.score = engine_.tokenizer().encode_part(word + question.truth);
    request.healing = word;
    request.stop.max_tokens = asked.one_line ? kMaxLineTokens : kMaxBodyTokens;
    if (asked.one_line) request.stop.strings = {"\n"};
    ASSIGN_OR_RETURN(const engine::Completion truth, complete_now(engine_, std::move(scored)));
    ASSIGN_OR_RETURN(engine::Completion text, complete_now(engine_, std::move(request)));
    const auto n_tokens = static_cast<double>(std::max<size_t>(truth.scores.size(), 1));
    const std::string_view answered = without_end_blanks(text.text);
    const std::string_view wanted = without_end_blanks(question.truth);
    InfillAnswer answer = {
        .match = answered == wanted,
        .similarity = edit_similarity(answered, wanted),
        .log_probability =
            std::accumulate(truth.scores.begin(), truth.scores.end(), 0.0) / n_tokens,
        .n_context_tokens = n_context_tokens(text, window),
        .passed = std::nullopt};
    return std::pair(std::move(answer), std::move(text.text));
  }

 private:
  std::vector<engine::SegmentInput> segments_of(const Asked& asked) const {
    if (asked.mode.prefix) return {};
    std::vector<engine::SegmentInput> segments = asked.question.context.segments;
    if (!asked.mode.released) return segments;
    for (engine::SegmentInput& segment : segments) {
      segment.n_released_head =
          assist::released_head(engine_.config(), engine_.tokenizer(), *segment.tokens);
    }
    return segments;
  }

  engine::Engine& engine_;
};

Json to_json(const InfillAnswer& answer) {
  Json json = {{"match", answer.match},
               {"similarity", answer.similarity},
               {"log_probability", answer.log_probability},
               {"n_segment_tokens", answer.n_context_tokens}};
  if (answer.passed) json["passed"] = *answer.passed;
  return json;
}

InfillAnswer from_json(const Json& json) {
  return {.match = json_get<bool>(json, "match").value_or(false),
          .similarity = json_get<double>(json, "similarity").value_or(0),
          .log_probability = json_get<double>(json, "log_probability").value_or(0),
          .n_context_tokens = json_get<int32_t>(json, "n_segment_tokens").value_or(0),
          .passed = json_get<bool>(json, "passed")};
}

// The log, if one is kept.
class Known {
 public:
  static Result<Known> open(const std::string& path, const std::string& run) {
    Known known;
    if (path.empty()) return known;
    ASSIGN_OR_RETURN(ResultLog log, ResultLog::open(path, run));
    known.log_.emplace(std::move(log));
    return known;
  }

  const Json* find(const std::string& key) const { return log_ ? log_->find(key) : nullptr; }
  Status add(const std::string& key, const InfillAnswer& answer) {
    return log_ ? log_->add(key, to_json(answer)) : Status();
  }

 private:
  std::optional<ResultLog> log_;
};

std::vector<ContextSettings> settings_of(const std::vector<InfillMode>& modes,
                                         const WorkSituation& situation, int32_t context_tokens) {
  std::vector<ContextSettings> settings;
  for (const InfillMode& mode : modes) {
    settings.push_back({.max_tokens = mode.context ? context_tokens : 0,
                        .sources = mode.sources,
                        .edits = situation.edits,
                        .open_paths = situation.open_paths});
  }
  return settings;
}

std::string run_name(const engine::Engine& engine, const std::string& what,
                     const InfillOptions& options) {
  return "infill, model " + engine.config().digest.to_string() + " on " + engine.stats().kernels +
         ", " + what + ", context " + std::to_string(options.context_tokens);
}

// Whether generated Python ends by itself, in time and without an error.
Result<bool> passes(const std::string& program) {
  ASSIGN_OR_RETURN(const assist::SandboxRun run,
                   assist::run_in_sandbox({.words = {"python3", "-I", "-"}, .input = program}));
  return run.passed();
}

Question question_of(const InfillProblem& problem) {
  const std::string cut = problem.prompt + problem.suffix;
  assist::CursorWindow window{assist::WindowLimits()};
  window.place(cut, static_cast<int64_t>(problem.prompt.size()));
  return {.window = {problem.entry_point + ".py", window.prefix(), window.suffix()},
          .truth = problem.is_single_line() ? std::string(without_end_blanks(problem.solution))
                                            : problem.solution,
          .context = {}};
}

}  // namespace

std::vector<InfillMode> infill_modes(bool ablate) {
  std::vector<InfillMode> modes = {
      {.name = "no context", .context = false, .sources = {}},
      {.name = "composed", .context = true, .sources = {}},
      {.name = "released", .context = true, .released = true, .sources = {}},
      {.name = "prefix", .context = true, .prefix = true, .sources = {}}};
  if (!ablate) return modes;
  using Sources = workspace::ContextSources;
  for (const auto& [name, source] : std::initializer_list<std::pair<const char*, bool Sources::*>>{
           {"definitions", &Sources::definitions},
           {"imports", &Sources::imports},
           {"callers", &Sources::callers},
           {"recent edits", &Sources::edits},
           {"open documents", &Sources::open}}) {
    modes.push_back({.name = std::string("composed, no ") + name, .context = true, .sources = {}});
    modes.back().sources.*source = false;
  }
  return modes;
}

Result<InfillTable> measure_worktree(engine::Engine& engine, const Corpus& corpus,
                                     const WorktreeHistory& history, const InfillOptions& options) {
  const std::vector<Hole> cases = cut_cases(corpus, options.n_cases, options.seed, options.part);
  if (cases.empty()) return not_found_error("no line of the work tree is long enough for a hole");
  InfillTable table = {.modes = infill_modes(options.ablate), .results = {}};
  ASSIGN_OR_RETURN(
      Known known,
      Known::open(options.log, run_name(engine, corpus_digest(corpus).to_string(), options)));
  CutWorkspace workspace(engine, corpus.repositories[0]);
  Questioner questioner(engine);
  Progress progress("cases", static_cast<int64_t>(cases.size()));
  for (const Hole& hole : cases) {
    const CorpusFile& file = corpus.repositories[0].files[hole.file];
    const std::string place =
        file.path + ":" + std::to_string(hole.begin) + "-" + std::to_string(hole.end) + ", ";
    table.results.push_back(
        {.language = std::string(group_name(file.group)), .kind = hole.kind, .answers = {}});
    std::vector<Question> questions;  // [i]: in modes[i]; empty: everything is known
    for (size_t i = 0; i < table.modes.size(); ++i) {
      const std::string key = place + table.modes[i].name;
      if (const Json* answer = known.find(key)) {
        table.results.back().answers.push_back(from_json(*answer));
        continue;
      }
      if (questions.empty()) {
        const WorkSituation situation = history.situation_of(file.path);
        ASSIGN_OR_RETURN(questions, workspace.questions(hole, settings_of(table.modes, situation,
                                                                          options.context_tokens)));
      }
      ASSIGN_OR_RETURN(const auto answered,
                       questioner.ask({.question = questions[i],
                                       .one_line = hole.kind != HoleKind::kBody,
                                       .mode = table.modes[i]}));
      RETURN_IF_ERROR(known.add(key, answered.first));
      table.results.back().answers.push_back(answered.first);
    }
    progress.done(questions.empty());
  }
  return table;
}

Result<InfillTable> measure_problems(engine::Engine& engine,
                                     const std::vector<InfillProblem>& problems,
                                     const InfillOptions& options) {
  if (options.run_tests) RETURN_IF_ERROR(assist::sandbox_ready());
  InfillTable table = {.modes = {{.name = "no context", .sources = {}}}, .results = {}};
  ASSIGN_OR_RETURN(
      Known known,
      Known::open(options.log,
                  run_name(engine, options.run_tests ? "problems, tests" : "problems", options)));
  Questioner questioner(engine);
  const int64_t n = std::min(options.n_cases, static_cast<int64_t>(problems.size()));
  const int64_t begin = options.part.begin(n), end = options.part.end(n);
  Progress progress("problems", end - begin);
  for (int64_t i = begin; i < end; ++i) {
    const InfillProblem& problem = problems[i];
    table.results.push_back({.language = problem.task_id.substr(0, problem.task_id.find('/')),
                             .kind = problem.is_single_line() ? HoleKind::kLine : HoleKind::kBody,
                             .answers = {}});
    const Json* before = known.find(problem.task_id);
    if (before != nullptr) {
      table.results.back().answers.push_back(from_json(*before));
    } else {
      ASSIGN_OR_RETURN(auto answered, questioner.ask({.question = question_of(problem),
                                                      .one_line = problem.is_single_line()}));
      if (options.run_tests) {
        const std::string line_end = problem.is_single_line() ? "\n" : "";
        ASSIGN_OR_RETURN(answered.first.passed,
                         passes(test_program(problem, answered.second + line_end)));
      }
      RETURN_IF_ERROR(known.add(problem.task_id, answered.first));
      table.results.back().answers.push_back(answered.first);
    }
    progress.done(before != nullptr);
  }
  return table;
}

}  // namespace rondo::bench
