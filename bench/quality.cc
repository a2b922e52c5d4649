#include "bench/quality.h"

#include <numeric>
#include <optional>
#include <utility>

#include "assist/fim_prompt.h"
#include "assist/healed_word.h"
#include "bench/cut_workspace.h"
#include "bench/engine_call.h"
#include "bench/progress.h"
#include "bench/result_log.h"

namespace rondo::bench {
namespace {

using engine::FimOrder;

constexpr int32_t kMaxNewTokens = 80;  // middles have at most 120 characters
// A model is asked in the order that is not its own about every third hole: enough to see that it
// is the worse one.
constexpr int64_t kHolesPerOtherOrder = 3;

struct Mode {
  FimOrder order;
  bool segments;
};

// The modes of the hole with number `i`.
std::vector<Mode> modes_of(int64_t i, FimOrder own) {
  std::vector<Mode> modes = {{own, false}, {own, true}};
  if (i % kHolesPerOtherOrder != 0) return modes;
  const FimOrder other =
      own == FimOrder::kSuffixFirst ? FimOrder::kPrefixFirst : FimOrder::kSuffixFirst;
  modes.push_back({other, false});
  modes.push_back({other, true});
  return modes;
}

std::string mode_name(const Mode& mode) {
  return std::string(mode.order == FimOrder::kSuffixFirst ? "suffix-first" : "prefix-first") +
         (mode.segments ? ", Segments" : ", no context");
}

std::string_view without_end_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// All that decides the value of a result, but for the hole and the mode.
std::string run_name(const engine::Engine& engine, const Corpus& corpus,
                     const QualityOptions& options) {
  return "quality, model " + engine.config().digest.to_string() + " on " + engine.stats().kernels +
         ", corpus " + corpus_digest(corpus).to_string() + ", seed " +
         std::to_string(options.seed) + ", context " + std::to_string(options.context_tokens);
}

// Asks the engine about holes, one mode at a time.
class Questioner {
 public:
  explicit Questioner(engine::Engine& engine) : engine_(engine) {}

  Status ask(const Question& question, const Mode& mode, HoleResult& result) {
    ASSIGN_OR_RETURN(result.plain, answer(question, mode, "", result));
    result.healed = result.plain;
    const std::string word(assist::healed_word(question.window.prefix));
    if (word.empty()) return {};
    ASSIGN_OR_RETURN(result.healed, answer(question, mode, word, result));
    return {};
  }

 private:
  // `word` is taken off the prefix and spelt again.
  Result<Answer> answer(const Question& question, const Mode& mode, const std::string& word,
                        HoleResult& result) {
    assist::ActiveWindow window = question.window;
    window.prefix.resize(window.prefix.size() - word.size());
    engine::Request request;
    request.prompt = assist::fim_prompt(engine_.config(), engine_.tokenizer(), mode.order, window);
    if (mode.segments) request.segments = question.context.segments;
    request.segment_deadline = std::chrono::hours(1);
    request.cursor = "quality";  // the prompt is read once for all that is asked of it
    request.stop = {.max_tokens = kMaxNewTokens, .strings = {"\n"}};
    engine::Request scored = request;
    scored.score = engine_.tokenizer().encode_part(word + question.truth);
    request.healing = word;
    ASSIGN_OR_RETURN(const engine::Completion truth, complete_now(engine_, std::move(scored)));
    ASSIGN_OR_RETURN(const engine::Completion line, complete_now(engine_, std::move(request)));
    result.n_segment_tokens = line.n_segment_tokens;
    return Answer{without_end_blanks(line.text) == without_end_blanks(question.truth),
                  std::accumulate(truth.scores.begin(), truth.scores.end(), 0.0),
                  static_cast<int32_t>(truth.scores.size())};
  }

  engine::Engine& engine_;
};

std::string key_of(const Repository& repository, const Hole& hole) {
  return repository.name + "/" + repository.files[hole.file].path + ":" +
         std::to_string(hole.begin) + "-" + std::to_string(hole.end);
}

HoleResult describe(const CorpusFile& file, const Hole& hole, const Mode& mode) {
  HoleResult result;
  result.order = mode.order;
  result.segments = mode.segments;
  result.kind = hole.kind;
  result.group = file.group;
  result.inside_word = cuts_word(file.text, hole);
  return result;
}

Json to_json(const HoleResult& result) {
  const auto answer = [](const Answer& answer) {
    return Json{{"match", answer.match},
                {"log_probability", answer.log_probability},
                {"n_tokens", answer.n_tokens}};
  };
  return {{"plain", answer(result.plain)},
          {"healed", answer(result.healed)},
          {"n_segment_tokens", result.n_segment_tokens}};
}

// Puts what to_json wrote into `result`.
void from_json(const Json& json, HoleResult& result) {
  const auto answer = [&](std::string_view name) {
    const Json answer = json_get<Json>(json, name).value_or(Json::object());
    return Answer{json_get<bool>(answer, "match").value_or(false),
                  json_get<double>(answer, "log_probability").value_or(0),
                  json_get<int32_t>(answer, "n_tokens").value_or(0)};
  };
  result.plain = answer("plain");
  result.healed = answer("healed");
  result.n_segment_tokens = json_get<int32_t>(json, "n_segment_tokens").value_or(0);
}

}  // namespace

Result<std::vector<HoleResult>> measure_quality(engine::Engine& engine, const Corpus& corpus,
                                                const QualityOptions& options) {
  const std::vector<Hole> holes = cut_holes(corpus, options.n_holes, options.seed);
  if (holes.empty()) return not_found_error("no line of the corpus is long enough for a hole");
  ASSIGN_OR_RETURN(ResultLog log, ResultLog::open(options.log, run_name(engine, corpus, options)));
  const auto n = static_cast<int64_t>(holes.size());
  const int64_t begin = options.part.begin(n), end = options.part.end(n);
  Progress progress("holes", end - begin);
  Questioner questioner(engine);
  std::optional<CutWorkspace> workspace;
  std::vector<HoleResult> results;
  for (int64_t i = begin; i < end; ++i) {
    const Hole& hole = holes[i];
    const Repository& repository = corpus.repositories[hole.repository];
    const CorpusFile& file = repository.files[hole.file];
    if (!workspace || &workspace->repository() != &repository) {
      workspace.emplace(engine, repository);
    }
    std::optional<Question> question;
    for (const Mode& mode : modes_of(i, engine.config().fim->order)) {
      results.push_back(describe(file, hole, mode));
      const std::string key = key_of(repository, hole) + ", " + mode_name(mode);
      if (const Json* known = log.find(key)) {
        from_json(*known, results.back());
        continue;
      }
      if (!question) {
        ASSIGN_OR_RETURN(question, workspace->question(hole, options.context_tokens));
      }
      RETURN_IF_ERROR(questioner.ask(*question, mode, results.back()));
      RETURN_IF_ERROR(log.add(key, to_json(results.back())));
    }
    progress.done(!question);
  }
  return results;
}

}  // namespace rondo::bench
