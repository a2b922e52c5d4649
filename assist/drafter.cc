#include "assist/drafter.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <numeric>
#include <utility>

#include "assist/cursor_window.h"
#include "assist/fim_prompt.h"
#include "assist/healed_word.h"
#include "workspace/context.h"

namespace rondo::assist {
namespace {

constexpr double kBytesPerToken = 3.4;  // of the embedded model on code; only sizes windows

CursorWindow window_at(DraftPlace place, const DrafterOptions& options) {
  const auto bytes = [](int32_t tokens) { return static_cast<int64_t>(tokens * kBytesPerToken); };
  CursorWindow window({.prefix_bytes = bytes(options.prefix_tokens),
                       .prefix_step_bytes = bytes(options.prefix_tokens / 3),
                       .suffix_bytes = bytes(options.suffix_tokens)});
  window.place(place.text, place.offset);
  return window;
}

// What the model spells again at the end of `text`: an unfinished word, or the space in front of a
// word to come, which is one token with it.
std::string_view respelled_end(std::string_view text) {
  const std::string_view word = healed_word(text);
  if (!word.empty() || !text.ends_with(' ')) return word;
  return text.substr(text.size() - 1);
}

float mean(const std::vector<float>& values, int32_t first) {
  const auto n_values = static_cast<int32_t>(values.size());
  if (n_values == 0) return 0;
  first = std::min(first, n_values - 1);
  return static_cast<float>(std::accumulate(values.begin() + first, values.end(), 0.0) /
                            (n_values - first));
}

}  // namespace

Drafter::Drafter(engine::Engine& engine, const workspace::BlockIndex& index, DrafterOptions options,
                 const workspace::Document& document, DraftPlace place, std::string cursor)
    : engine_(engine),
      options_(std::move(options)),
      path_(document.path),
      cursor_(std::move(cursor)) {
  const int64_t n_most = most_context_tokens();
  if (n_most <= 0) return;
  const CursorWindow window = window_at(place, options_);
  workspace::ContextQuery query = {
      .path = document.path,
      .language = document.language,
      .text = std::make_shared<const workspace::Text>(std::string(place.text)),
      .cursor = place.offset,
      .window = {window.begin(), window.end()},
      .forbidden_lines = options_.forbidden_lines,
      .max_tokens = n_most - add_examples(n_most)};
  query.count_tokens = [&](const workspace::ContextBlock& block) {
    return static_cast<int64_t>(ids_of(block.path, block.text)->size());
  };
  for (const workspace::ContextBlock& block : workspace::choose_context(query, index)) {
    auto ids = ids_of(block.path, block.text);
    blocks_.push_back({.path = block.path,
                       .n_tokens = static_cast<int32_t>(ids->size()),
                       .score = block.score,
                       .reason = block.reason,
                       .parts = block.parts});
    add_context(std::move(ids), block.path);
  }
}

// Of what is context beside the window: a model that reads it as files has positions for no more.
int64_t Drafter::most_context_tokens() const {
  if (config().segment) return options_.context_tokens;
  const int64_t n_room =
      config().max_positions / 2 - options_.prefix_tokens - options_.suffix_tokens;
  return std::min<int64_t>(options_.context_tokens, n_room);
}

Drafter::Ids Drafter::ids_of(std::string_view path, std::string_view text) const {
  if (config().segment) return block_segment(config(), tokenizer(), path, text).tokens;
  return std::make_shared<const engine::TokenIds>(file_part(config(), tokenizer(), path, text));
}

// `path`: of the file that it is from, or empty.
void Drafter::add_context(Ids ids, const std::string& path) {
  if (!config().segment) return files_.push_back(std::move(ids));
  segments_.push_back({.tokens = std::move(ids)});
  if (!path.empty() && !options_.folder.empty())
    segments_.back().origin = std::make_shared<const std::string>(options_.folder + "/" + path);
}

// How many tokens of the budget they take; one that there is no room for stays out.
int64_t Drafter::add_examples(int64_t max_tokens) {
  int64_t n_tokens = 0;
  for (const Example& example : options_.examples) {
    Ids ids = ids_of(example.path, example.text);
    const auto n_own = static_cast<int64_t>(ids->size());
    if (n_tokens + n_own > max_tokens) continue;
    n_tokens += n_own;
    add_context(std::move(ids), "");
  }
  return n_tokens;
}

Drafter::~Drafter() { engine_.forget_cursors(cursor_); }

// The model goes on behind the middle token with `begin`, as if it had written it itself.
engine::Request Drafter::request(DraftPlace place, std::string_view begin) const {
  const CursorWindow window = window_at(place, options_);
  const std::string& prefix = window.prefix();
  const std::string_view word = healed_word(prefix);
  std::string written = std::string(word) + std::string(begin);
  const std::string respelled(begin.empty() ? word : respelled_end(written));
  written.resize(written.size() - respelled.size());

  engine::Request request = {.priority = options_.priority, .segments = segments_};
  request.prompt = fim_prompt(engine_.config(), engine_.tokenizer(), engine_.config().fim->order,
                              {.path = path_,
                               .prefix = prefix.substr(0, prefix.size() - word.size()),
                               .suffix = window.suffix(),
                               .repository = std::filesystem::path(options_.folder).filename(),
                               .files = files_});
  const engine::TokenIds ids = engine_.tokenizer().encode_part(written);
  request.prompt.insert(request.prompt.end(), ids.begin(), ids.end());
  request.healing = respelled;
  request.cursor = cursor_;
  return request;
}

Result<engine::Completion> Drafter::answer(engine::Request request) {
  std::promise<Result<engine::Completion>> promise;
  auto answer = promise.get_future();
  request.on_done = [&](Result<engine::Completion> completion) {
    promise.set_value(std::move(completion));
  };
  engine_.submit(std::move(request));
  return answer.get();
}

// The first token with bytes behind those that had to be spelled again.
int32_t Drafter::first_new_token(const engine::Completion& completion, size_t n_respelled) const {
  size_t n_bytes = 0;
  for (const int32_t token : completion.tokens) {
    n_bytes += engine_.tokenizer().token_bytes(token).size();
    if (n_bytes > n_respelled) return token;
  }
  return -1;
}

Result<Draft> Drafter::draft(DraftPlace place, DraftQuestion question, std::stop_token stop) {
  engine::Request asked = request(place, question.begin);
  asked.stop = std::move(question.stop);
  asked.sampling = question.sampling;
  asked.barred_first = std::move(question.barred_first);
  asked.cancel = std::move(stop);
  const size_t respelled = asked.healing.size();
  ASSIGN_OR_RETURN(const engine::Completion completion, answer(std::move(asked)));
  const auto n_tokens = static_cast<int32_t>(completion.tokens.size());
  n_tokens_ += n_tokens;
  return Draft{
      .text = question.begin + completion.text,
      .mean_logprob = mean(completion.logprobs, completion.n_healed_tokens),
      .n_tokens = n_tokens,
      .logprobs = {completion.logprobs.begin() + std::min(completion.n_healed_tokens, n_tokens),
                   completion.logprobs.end()},
      .first_token = first_new_token(completion, respelled)};
}

Result<float> Drafter::mean_logprob(DraftPlace place, std::string_view text, std::stop_token stop) {
  engine::Request asked = request(place, {});
  asked.score = engine_.tokenizer().encode_part(asked.healing + std::string(text));
  asked.healing.clear();
  asked.cancel = std::move(stop);
  ASSIGN_OR_RETURN(const engine::Completion completion, answer(std::move(asked)));
  return mean(completion.scores, 0);
}

}  // namespace rondo::assist
