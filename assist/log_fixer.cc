#include "assist/log_fixer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "assist/action_kinds.h"
#include "assist/action_work.h"
#include "assist/regex.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr size_t kMaxProposals = 8;
constexpr std::chrono::seconds kParseTime{20};

workspace::DocumentSnapshot document_of(const Problem& problem, const std::string& text,
                                        const std::string& folder) {
  auto document = std::make_shared<workspace::Document>();
  document->uri = "file://" + folder + "/" + problem.path;
  document->path = problem.path;
  document->language = &workspace::language_of_file(problem.path, text);
  document->text = std::make_shared<const workspace::Text>(text);
  return document;
}

// The line of the problem without its end; empty at the end of the text where there is no such one.
workspace::ByteRange line_of(const workspace::Text& text, const Problem& problem) {
  const int64_t line = problem.line - 1;
  if (line < 0 || line >= text.line_count()) return {text.size(), text.size()};
  workspace::ByteRange range = text.line(line);
  const std::string& bytes = text.bytes();
  while (range.end > range.begin &&
         (bytes[range.end - 1] == '\n' || bytes[range.end - 1] == '\r')) {
    --range.end;
  }
  return range;
}

// The words that a message has in quotes of any kind.
std::vector<std::string> quoted_words(const std::string& message) {
  std::vector<std::string> words;
  for (size_t at = 0; at < message.size(); ++at) {
    if (std::string_view("'\"`").find(message[at]) == std::string_view::npos) continue;
    size_t end = at + 1;
    while (end < message.size() && is_word_byte(message[end])) ++end;
    if (end > at + 1 && end < message.size() && message[end] == message[at]) {
      words.push_back(message.substr(at + 1, end - at - 1));
      at = end;
    }
  }
  return words;
}

size_t find_word(std::string_view line, std::string_view word, size_t from) {
  for (size_t at = line.find(word, from); at != line.npos; at = line.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool alone = (at == 0 || !is_word_byte(line[at - 1])) &&
                       (end == line.size() || !is_word_byte(line[end]));
    if (alone) return at;
  }
  return line.npos;
}

// What the problem is about: the first of its quoted words on its line, from its column on where
// the tool says one; else the line without its indentation.
workspace::ByteRange place_of(const workspace::Text& text, const Problem& problem) {
  const workspace::ByteRange range = line_of(text, problem);
  const std::string_view line = text.slice(range);
  std::vector<std::string> words = quoted_words(problem.message);
  if (const size_t colon = problem.message.rfind(": ");
      words.empty() && colon != std::string::npos) {
    words.push_back(problem.message.substr(colon + 2));  // "undefined: coutn"
  }
  const auto column = static_cast<size_t>(std::max<int64_t>(problem.column - 1, 0));
  for (const std::string& word : words) {
    size_t at = find_word(line, word, std::min(column, line.size()));
    if (at == line.npos) at = find_word(line, word, 0);
    if (at == line.npos) continue;
    const int64_t begin = range.begin + static_cast<int64_t>(at);
    return {begin, begin + static_cast<int64_t>(word.size())};
  }
  const size_t first = std::min(line.find_first_not_of(" \t"), line.size());
  return {range.begin + static_cast<int64_t>(first), range.end};
}

void add(std::string what, std::string text, const workspace::Text& old,
         std::vector<Proposal>& all) {
  const bool known = text == old.bytes() || std::any_of(all.begin(), all.end(), [&](const auto& p) {
                       return p.text == text;
                     });
  if (!known && all.size() < kMaxProposals) all.push_back({std::move(what), std::move(text)});
}

// "did you mean 'count'?", "Did you mean `x`"
void add_own_proposal(const workspace::Text& text, const Problem& problem,
                      std::vector<Proposal>& all) {
  std::string lower = problem.message;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const size_t at = lower.find("did you mean");
  if (at == std::string::npos) return;
  const std::vector<std::string> wrong = quoted_words(problem.message.substr(0, at));
  const std::vector<std::string> right = quoted_words(problem.message.substr(at));
  if (wrong.empty() || right.empty()) return;
  const workspace::ByteRange place = place_of(text, problem);
  if (text.slice(place) != wrong[0]) return;
  EditedText edited(text.bytes());
  edited.apply({{.range = place, .with = right[0]}});
  add("writes " + right[0] + ", as the tool proposes", edited.text(), text, all);
}

}  // namespace

std::vector<Proposal> LogFixer::proposals(const std::string& text, const Problem& problem) {
  std::vector<Proposal> all;
  const workspace::DocumentSnapshot document = document_of(problem, text, options_.folder);
  add_own_proposal(*document->text, problem, all);
  add_quick_fixes(document, problem, all);
  if (options_.writes && engine_.config().fim) add_statement(document, problem, all);
  return all;
}

void LogFixer::add_quick_fixes(const workspace::DocumentSnapshot& document, const Problem& problem,
                               std::vector<Proposal>& all) {
  const workspace::ByteRange place = place_of(*document->text, problem);
  const ActionAbilities abilities{.fills_in = engine_.config().fim.has_value()};
  ActionQuery query{.document = document,
                    .selection = place,
                    .diagnostics = {{.bytes = place,
                                     .message = problem.message,
                                     .source = "",
                                     .code = problem.code}},
                    .automatic = true};
  const ActionScene scene =
      make_scene(std::move(query), abilities, index_, queries_, parser_,
                 {.deadline = std::chrono::steady_clock::now() + kParseTime, .stop = {}});
  const ActionWork work{.scene = scene,
                        .engine = engine_,
                        .folder = options_.folder,
                        .client = "fix " + std::to_string(n_asked_++),
                        .stop = {},
                        .report = [](const std::string&) {}};
  for (const Action& action : offered_actions(scene)) {
    const ActionKind* kind = action_kind(action.name);
    if (kind == nullptr || kind->group != ActionGroup::kQuickFix || !action.disabled.empty()) {
      continue;
    }
    const Result<ActionOutcome> made = kind->make(work, action);
    if (!made.ok() || made->edits.empty() || !made->others.empty()) continue;
    EditedText edited(document->text->bytes());
    edited.apply(made->edits);
    add(action.title, edited.text(), *document->text, all);
  }
}

// The failing line, from its indentation on.
void LogFixer::add_statement(const workspace::DocumentSnapshot& document, const Problem& problem,
                             std::vector<Proposal>& all) {
  const workspace::Text& text = *document->text;
  workspace::ByteRange hole = line_of(text, problem);
  const std::string_view line = text.slice(hole);
  const size_t first = line.find_first_not_of(" \t");
  if (first == line.npos) return;
  hole.begin += static_cast<int64_t>(first);
  const std::string old(text.slice(hole));
  const StepParams params = {.document = document,
                             .hole = hole,
                             .depth = options_.depth,
                             .n_candidates = options_.n_candidates,
                             .objects = [&](std::string_view answer) { return answer == old; },
                             .client = "fix " + std::to_string(n_asked_++),
                             .drafting = {.folder = options_.folder}};
  const Result<StepOutcome> outcome = run_steps(engine_, index_, params, {});
  if (!outcome.ok() || outcome->text.empty() || !outcome->parses) return;
  EditedText edited(text.bytes());
  edited.apply({{.range = hole, .with = outcome->text}});
  add("the model writes the statement anew", edited.text(), text, all);
}

}  // namespace rondo::assist
