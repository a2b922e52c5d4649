#include "assist/hole_writer.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "assist/step_loop.h"
#include "workspace/context.h"

namespace rondo::assist {
namespace {

std::shared_ptr<const workspace::Document> document_of(const RecipeHole& hole,
                                                       const std::string& folder) {
  auto document = std::make_shared<workspace::Document>();
  document->uri = "file://" + folder + "/" + hole.path;
  document->path = hole.path;
  document->language = hole.language;
  document->text = std::make_shared<const workspace::Text>(hole.text);
  return document;
}

DrafterOptions drafting(const HoleWriterOptions& options) {
  return {.folder = options.folder,
          .examples = options.examples,
          .priority = engine::Priority::kBackground};
}

}  // namespace

HoleWriter::HoleWriter(engine::Engine& engine, const workspace::BlockIndex& index,
                       HoleWriterOptions options)
    : engine_(engine), index_(index), options_(std::move(options)), free_(options_.n_at_once) {}

std::vector<HoleAnswer> HoleWriter::fill(std::span<const RecipeHole> holes) {
  std::vector<HoleAnswer> answers(holes.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < holes.size();) {
      free_.acquire();
      answers[i] = write(holes[i]);
      free_.release();
    }
  };
  std::vector<std::jthread> threads;
  const size_t n = std::min(holes.size(), static_cast<size_t>(options_.n_at_once));
  for (size_t i = 1; i < n; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return answers;
}

HoleAnswer HoleWriter::write(const RecipeHole& hole) {
  Result<HoleAnswer> answer = hole.edit->kind == RecipeEdit::Kind::kInstruct ? instructed(hole)
                              : hole.edit->among_similar                     ? chosen(hole)
                                                                             : written(hole);
  if (!answer.ok()) return {.refusal = "got no answer: " + answer.status().message()};
  const bool unsure = answer->refusal.empty() && answer->mean_logprob < options_.min_mean_logprob;
  if (unsure) answer->refusal = "is unsure: the model holds its answer for unlikely";
  return std::move(*answer);
}

Result<HoleAnswer> HoleWriter::written(const RecipeHole& hole) {
  const bool ends_at_line = hole.edit->until.empty();
  const StepParams params = {
      .document = document_of(hole, options_.folder),
      .hole = hole.range,
      .depth = options_.depth,
      .n_candidates = options_.n_candidates,
      .max_tokens = static_cast<int32_t>(hole.edit->max_tokens),
      .length = ends_at_line ? AnswerLength::kLine : AnswerLength::kBlock,
      .until = hole.edit->until,
      .objects = [&](std::string_view text) { return hole.unfit(text).has_value(); },
      .client = next_client(),
      .drafting = drafting(options_)};
  ASSIGN_OR_RETURN(StepOutcome outcome, run_steps(engine_, index_, params, {}));
  HoleAnswer answer = {.text = std::move(outcome.text), .mean_logprob = outcome.mean_logprob};
  if (!outcome.steps.empty()) answer.n_steps = outcome.steps.back().step;
  if (!answer.text.empty() && outcome.parses) return answer;
  answer.refusal = answer.text.empty() ? "got no text: " + outcome.silence
                                       : hole.unfit(answer.text).value_or("would not parse");
  return answer;
}

// The choice that the model holds for the likeliest; it is not asked about a single one.
Result<HoleAnswer> HoleWriter::chosen(const RecipeHole& hole) {
  if (hole.choices.empty()) return HoleAnswer{.refusal = "has nothing to choose from"};
  if (hole.choices.size() == 1) return HoleAnswer{.text = hole.choices[0]};
  const auto document = document_of(hole, options_.folder);
  const workspace::Text& text = *document->text;
  const std::string before = workspace::with_lf(text.slice({0, hole.range.begin}));
  const std::string cut = before + workspace::with_lf(text.slice({hole.range.end, text.size()}));
  const DraftPlace place = {cut, static_cast<int64_t>(before.size())};
  Drafter drafter(engine_, index_, drafting(options_), *document, place, next_client());
  HoleAnswer best;
  for (const std::string& choice : hole.choices) {
    ASSIGN_OR_RETURN(const float logprob, drafter.mean_logprob(place, choice, {}));
    if (!best.text.empty() && logprob <= best.mean_logprob) continue;
    best = {.text = choice, .mean_logprob = logprob};
  }
  return best;
}

// What is to be rewritten is shown as whole lines; what stands before it on its first line comes
// back and is taken off. What cannot be used is asked for anew, with the reason, up to the depth.
Result<HoleAnswer> HoleWriter::instructed(const RecipeHole& hole) {
  const size_t begin = static_cast<size_t>(hole.range.begin);
  const size_t line = begin == 0 ? 0 : hole.text.rfind('\n', begin - 1) + 1;
  const std::string_view before = std::string_view(hole.text).substr(line, begin - line);
  if (before.find_first_not_of(" \t") != before.npos) {
    return HoleAnswer{.refusal = "does not begin its line"};
  }
  const std::string old = hole.text.substr(begin, static_cast<size_t>(hole.range.size()));
  std::string lesson;  // of the answers that came before
  for (const std::string& answer : hole.rejected) {
    lesson += "\n\nThis answer failed a check, so give another one:\n" + answer;
  }
  HoleAnswer answer;
  for (int32_t step = 1; step <= options_.depth; ++step) {
    InstructedEdit edit = {.instruction = hole.edit->instruction + lesson,
                           .language = hole.language,
                           .path = hole.path,
                           .text = std::string(before) + old,
                           .context = context_of(hole),
                           .priority = engine::Priority::kBackground};
    const Result<std::string> made = edit_by_instruction(engine_, edit, {});
    answer = {.n_steps = step};
    if (made.ok()) {
      answer.text = made->starts_with(before) ? made->substr(before.size()) : *made;
      answer.refusal = hole.unfit(answer.text).value_or("");
    } else if (made.status().code() == Code::kNotFound) {
      answer.refusal = "got no text: " + made.status().message();
    } else {
      return made.status();
    }
    if (answer.refusal.empty() || answer.refusal == kAsItIs) break;
    lesson += "\n\nAn answer could not be used, since it " + answer.refusal + ". Give another one.";
  }
  return answer;
}

// The Blocks that the step loop would have beside the place, and the recipe's examples.
std::vector<ChatContext> HoleWriter::context_of(const RecipeHole& hole) const {
  constexpr int64_t kContextBytes = 8000;
  workspace::ContextQuery query = {.path = hole.path,
                                   .language = hole.language,
                                   .text = std::make_shared<const workspace::Text>(hole.text),
                                   .cursor = hole.range.begin,
                                   .window = hole.range,
                                   .max_tokens = kContextBytes,
                                   .count_tokens = [](const workspace::ContextBlock& block) {
                                     return static_cast<int64_t>(block.text.size());
                                   }};
  std::vector<ChatContext> context;
  for (const Example& example : options_.examples) context.push_back({example.path, example.text});
  for (const workspace::ContextBlock& block : workspace::choose_context(query, index_)) {
    context.push_back({block.path, block.text});
  }
  return context;
}

}  // namespace rondo::assist
