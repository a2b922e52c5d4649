#include "assist/write_docstring.h"

#include <string>
#include <utility>

#include "assist/code_indent.h"
#include "assist/postprocess.h"

namespace rondo::assist {
namespace {

constexpr int32_t kDepth = 2;
constexpr int32_t kMostTokens = 48;

// A comment before a function, by the language's family.
struct CommentWords {
  std::string_view family;
  std::string_view begin;
  std::string_view end;
  bool names_function = false;  // it begins with the function's name
};
constexpr CommentWords kComments[] = {
    {"ecmascript", "/** ", " */"}, {"java", "/** ", " */"}, {"rust", "/// ", ""},
    {"go", "// ", "", true},       {"c", "// ", ""},
};

// An insertion with a hole in it.
struct Place {
  int64_t at = 0;
  std::string before;
  std::string after;
};

std::optional<Place> place_of(const ActionScene& scene, const workspace::Function& function) {
  const workspace::Text& text = scene.text();
  if (function.doc) return std::nullopt;
  if (scene.doc_is_in_body) {
    const bool own_line = text.line_at(function.body.begin) > text.line_at(function.parameters.end);
    if (!own_line || function.body.empty()) return std::nullopt;
    const std::string indent = indent_at(text, function.body.begin);
    return Place{.at = text.line(text.line_at(function.body.begin)).begin,
                 .before = indent + "\"\"\"",
                 .after = "\"\"\"\n"};
  }
  for (const CommentWords& words : kComments) {
    if (words.family != family(*scene.document().language)) continue;
    const std::string name =
        words.names_function ? std::string(text.slice(function.name)) + " " : std::string();
    return Place{.at = text.line(text.line_at(function.whole.begin)).begin,
                 .before = indent_at(text, function.whole.begin) + std::string(words.begin) + name,
                 .after = std::string(words.end) + "\n"};
  }
  return std::nullopt;
}

}  // namespace

void offer_write_docstring(const ActionScene& scene, std::vector<Action>& actions) {
  const workspace::Function* function = scene.function();
  if (function == nullptr || !place_of(scene, *function)) return;
  actions.push_back(
      {.title = "Say what `" + std::string(scene.text().slice(function->name)) + "` does",
       .bytes = function->name});
}

Result<ActionOutcome> write_docstring(const ActionWork& work, const Action& action) {
  const workspace::Function* function =
      workspace::function_at(work.scene.functions, action.bytes.begin);
  const std::optional<Place> place =
      function == nullptr ? std::nullopt : place_of(work.scene, *function);
  if (!place) return stale_error("no function without a description stands there any more");
  const std::string& bytes = work.scene.text().bytes();
  const std::string after = with_line_ends_of(bytes, place->after);
  std::string text = bytes.substr(0, static_cast<size_t>(place->at)) + place->before;
  const auto hole = static_cast<int64_t>(text.size());
  text += after + bytes.substr(static_cast<size_t>(place->at));
  work.report("writing a sentence");
  ASSIGN_OR_RETURN(StepOutcome answer, fill_hole(work, {.text = std::move(text),
                                                        .bytes = {hole, hole},
                                                        .length = AnswerLength::kLine,
                                                        .depth = kDepth,
                                                        .max_tokens = kMostTokens,
                                                        .until = {"\"\"\"", "*/"}}));
  return ActionOutcome{
      .edits = {{.range = {place->at, place->at}, .with = place->before + answer.text + after}},
      .steps = std::move(answer.steps)};
}

}  // namespace rondo::assist
