#include "bench/context_loss.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "assist/fim_prompt.h"
#include "bench/corpus_workspace.h"
#include "bench/engine_call.h"
#include "bench/excerpts.h"
#include "bench/progress.h"
#include "bench/result_log.h"

namespace rondo::bench {
namespace {

using engine::TokenIds;

constexpr int64_t kExamplesPerWitness = 100;

// An excerpt as the model meets it.
struct Example {
  TokenIds prompt;  // <|file_sep|> and the path
  TokenIds score;   // the text
  ChosenContext context;
};

// The first tokens of the plain layout, split behind the path's line.
Example split_plain(const engine::Engine& engine, const std::string& path, std::string_view text,
                    int32_t active_tokens) {
  TokenIds ids = assist::plain_prompt(engine.config(), engine.tokenizer(), path, text);
  ids.resize(std::min(ids.size(), static_cast<size_t>(active_tokens)));
  size_t n_head = 1, n_bytes = 0;
  while (n_head < ids.size() && n_bytes <= path.size()) {
    n_bytes += engine.tokenizer().token_bytes(ids[n_head++]).size();
  }
  const auto head_end = ids.begin() + static_cast<int64_t>(n_head);
  return {TokenIds(ids.begin(), head_end), TokenIds(head_end, ids.end()), {}};
}

// The log-probability of each token of the text.
Result<std::vector<float>> score(engine::Engine& engine, const Example& example,
                                 std::vector<engine::SegmentInput> segments) {
  engine::Request request;
  request.segments = std::move(segments);
  request.segment_deadline = std::chrono::hours(1);
  request.prompt = example.prompt;
  request.score = example.score;
  request.stop.max_tokens = 0;
  ASSIGN_OR_RETURN(engine::Completion completion, complete_now(engine, std::move(request)));
  return std::move(completion.scores);
}

double loss_of(const std::vector<float>& scores) {
  return -std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

// All that decides the value of a result, but for the excerpt.
std::string run_name(const engine::Engine& engine, const Corpus& corpus,
                     const ContextLossOptions& options) {
  return "context loss of four modes, model " + engine.config().digest.to_string() + " on " +
         engine.stats().kernels + ", corpus " + corpus_digest(corpus).to_string() + ", seed " +
         std::to_string(options.seed) + ", active " + std::to_string(options.active_tokens) +
         ", context " + std::to_string(options.context_tokens);
}

class Measurement {
 public:
  Measurement(engine::Engine& engine, const Corpus& corpus, const ContextLossOptions& options)
      : engine_(engine), corpus_(corpus), options_(options) {}

  std::string key_of(const Excerpt& excerpt) const {
    return repository_of(excerpt).name + "/" + file_of(excerpt).path + ":" +
           std::to_string(excerpt.begin) + "-" + std::to_string(excerpt.end);
  }

  // What the log shall say of an excerpt; a witness with all that is needed to score it again.
  Result<Json> measure(const Excerpt& excerpt, bool is_witness) {
    ASSIGN_OR_RETURN(const Example example, example_of(excerpt));
    Json result = {{"language", group_name(file_of(excerpt).group)},
                   {"n_tokens", example.score.size()},
                   {"n_segments", example.context.segments.size()}};
    const std::vector<engine::SegmentInput>& segments = example.context.segments;
    if (segments.empty() || example.score.empty()) return result;
    ASSIGN_OR_RETURN(const auto without, score(engine_, example, {}));
    ASSIGN_OR_RETURN(const auto with, score(engine_, example, segments));
    ASSIGN_OR_RETURN(const auto released, score(engine_, example, released_segments(segments)));
    ASSIGN_OR_RETURN(const auto prefix, score(engine_, behind_files(example), {}));
    result["without"] = loss_of(without);
    result["with"] = loss_of(with);
    result["released"] = loss_of(released);
    result["prefix"] = loss_of(prefix);
    int64_t n_segment_tokens = 0;
    for (const auto& segment : segments) {
      n_segment_tokens += static_cast<int64_t>(segment.tokens->size());
      if (is_witness) result["segments"].push_back(*segment.tokens);
    }
    result["n_segment_tokens"] = n_segment_tokens;
    if (!is_witness) return result;
    result["prompt"] = example.prompt;
    result["score"] = example.score;
    result["scores"] = with;
    return result;
  }

  // Whether a witness comes out as before, its Segments given the other way round.
  Result<bool> scores_again(const Json& witness) {
    Example example;
    example.prompt = json_get<TokenIds>(witness, "prompt").value_or(TokenIds());
    example.score = json_get<TokenIds>(witness, "score").value_or(TokenIds());
    for (const TokenIds& ids :
         json_get<std::vector<TokenIds>>(witness, "segments").value_or(std::vector<TokenIds>())) {
      example.context.segments.push_back({std::make_shared<const TokenIds>(ids), 0});
    }
    std::reverse(example.context.segments.begin(), example.context.segments.end());
    ASSIGN_OR_RETURN(const auto scores, score(engine_, example, example.context.segments));
    return json_get<std::vector<float>>(witness, "scores") == scores;
  }

 private:
  const Repository& repository_of(const Excerpt& excerpt) const {
    return corpus_.repositories[excerpt.repository];
  }
  const CorpusFile& file_of(const Excerpt& excerpt) const {
    return repository_of(excerpt).files[excerpt.file];
  }

  Result<Example> example_of(const Excerpt& excerpt) {
    if (indexed_ != &repository_of(excerpt)) {
      indexed_ = &repository_of(excerpt);
      ASSIGN_OR_RETURN(workspace_, CorpusWorkspace::make(engine_, *indexed_));
    }
    const CorpusFile& file = file_of(excerpt);
    const std::string_view text =
        std::string_view(file.text).substr(excerpt.begin, excerpt.end - excerpt.begin);
    Example example = split_plain(engine_, file.path, text, options_.active_tokens);
    example.context = workspace_->choose({.path = file.path,
                                          .window = {excerpt.begin, excerpt.end},
                                          .cursor = excerpt.end,
                                          .max_tokens = options_.context_tokens});
    return example;
  }

  std::vector<engine::SegmentInput> released_segments(
      std::vector<engine::SegmentInput> segments) const {
    for (engine::SegmentInput& segment : segments) {
      segment.n_released_head =
          assist::released_head(engine_.config(), engine_.tokenizer(), *segment.tokens);
    }
    return segments;
  }

  static Example behind_files(const Example& example) {
    Example behind = {.prompt = {}, .score = example.score, .context = {}};
    for (const auto& file : example.context.files)
      behind.prompt.insert(behind.prompt.end(), file->begin(), file->end());
    behind.prompt.insert(behind.prompt.end(), example.prompt.begin(), example.prompt.end());
    return behind;
  }

  engine::Engine& engine_;
  const Corpus& corpus_;
  const ContextLossOptions& options_;
  const Repository* indexed_ = nullptr;
  std::unique_ptr<CorpusWorkspace> workspace_;  // of indexed_
};

// Nothing when the example had no context.
std::optional<ExampleLoss> read_example(const Json& json, Group group) {
  const auto without = json_get<double>(json, "without");
  const auto with = json_get<double>(json, "with");
  if (!without || !with) return std::nullopt;
  return ExampleLoss{.group = group,
                     .without = *without,
                     .with = *with,
                     .released = json_get<double>(json, "released").value_or(0),
                     .prefix = json_get<double>(json, "prefix").value_or(0),
                     .n_tokens = json_get<int32_t>(json, "n_tokens").value_or(0),
                     .n_segment_tokens = json_get<int32_t>(json, "n_segment_tokens").value_or(0)};
}

}  // namespace

Result<ContextLoss> measure_context_loss(engine::Engine& engine, const Corpus& corpus,
                                         const ContextLossOptions& options) {
  const std::vector<Excerpt> excerpts = cut_excerpts(corpus, options.n_examples, options.seed);
  if (excerpts.empty()) return not_found_error("no file of the corpus is long enough");
  ASSIGN_OR_RETURN(ResultLog log, ResultLog::open(options.log, run_name(engine, corpus, options)));
  Measurement measurement(engine, corpus, options);
  const auto n = static_cast<int64_t>(excerpts.size());
  const int64_t begin = options.part.begin(n), end = options.part.end(n);
  Progress progress("excerpts", end - begin);
  ContextLoss loss;
  std::vector<Json> witnesses;
  for (int64_t i = begin; i < end; ++i) {
    const Excerpt& excerpt = excerpts[i];
    const bool is_witness = i % kExamplesPerWitness == 0;
    const std::string key = measurement.key_of(excerpt);
    const bool known = log.find(key) != nullptr;
    if (!known) {
      ASSIGN_OR_RETURN(Json result, measurement.measure(excerpt, is_witness));
      RETURN_IF_ERROR(log.add(key, std::move(result)));
    }
    const Json& result = *log.find(key);
    const Group group = corpus.repositories[excerpt.repository].files[excerpt.file].group;
    if (const auto example = read_example(result, group)) loss.examples.push_back(*example);
    if (result.contains("scores")) witnesses.push_back(result);
    progress.done(known);
  }
  if (loss.examples.empty()) return not_found_error("no example of the corpus has any context");
  std::reverse(witnesses.begin(), witnesses.end());
  loss.n_witnesses = static_cast<int64_t>(witnesses.size());
  for (const Json& witness : witnesses) {
    ASSIGN_OR_RETURN(const bool same, measurement.scores_again(witness));
    loss.n_bit_equal += same;
  }
  return loss;
}

}  // namespace rondo::bench
