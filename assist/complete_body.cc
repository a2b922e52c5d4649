#include "assist/complete_body.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "assist/code_indent.h"
#include "assist/postprocess.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

constexpr int32_t kDepth = 3;
constexpr int32_t kMostTokens = 192;
constexpr std::string_view kBlanks = " \t\r\n";

// A line that stands for a body that is still to be written.
bool is_stub_line(std::string_view line) {
  constexpr std::string_view kComments[] = {"#", "//", "/*", "*"};
  constexpr std::string_view kStubs[] = {
      "pass", "...", "todo!()", "todo!();", "unimplemented!()", "unimplemented!();"};
  line = trimmed(line, kBlanks);
  for (const std::string_view comment : kComments) {
    if (line.starts_with(comment)) return true;
  }
  const bool raises =
      (line.starts_with("raise ") || line.starts_with("throw ") || line.starts_with("panic(")) &&
      line.find("mplemented") != line.npos;
  return line.empty() || raises ||
         std::find(std::begin(kStubs), std::end(kStubs), line) != std::end(kStubs);
}

bool is_stub(std::string_view body) {
  while (!body.empty()) {
    const size_t end = std::min(body.find('\n'), body.size());
    if (!is_stub_line(body.substr(0, end))) return false;
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return true;
}

// Where the body goes, and what stands around it there.
struct Place {
  workspace::ByteRange bytes;  // what is replaced
  std::string before;          // a line end and the indentation
  std::string after;
};

// Behind the colon, or the docstring.
std::optional<Place> python_place(const ActionScene& scene, const workspace::Function& function) {
  const workspace::Text& text = scene.text();
  const int64_t head = function.return_type ? function.return_type->end : function.parameters.end;
  const size_t colon = text.bytes().find(':', static_cast<size_t>(head));
  if (colon == std::string::npos) return std::nullopt;
  const int64_t begin = function.doc ? function.doc->end : static_cast<int64_t>(colon) + 1;
  int64_t end = std::max(begin, function.body.end);
  // An empty body is said to begin at the next function, behind blank lines.
  while (end > begin && kBlanks.find(text.bytes()[end - 1]) != kBlanks.npos) --end;
  if (!is_stub(text.slice({begin, end}))) return std::nullopt;
  return Place{.bytes = {begin, end},
               .before = "\n" + indent_at(text, function.bytes.begin) + indent_unit(text)};
}

std::optional<Place> braces_place(const ActionScene& scene, const workspace::Function& function) {
  const workspace::Text& text = scene.text();
  if (function.body.size() < 2 || text.bytes()[function.body.begin] != '{') return std::nullopt;
  const workspace::ByteRange inside = {function.body.begin + 1, function.body.end - 1};
  if (!is_stub(text.slice(inside))) return std::nullopt;
  const std::string indent = indent_at(text, function.bytes.begin);
  return Place{
      .bytes = inside, .before = "\n" + indent + indent_unit(text), .after = "\n" + indent};
}

std::optional<Place> place_of(const ActionScene& scene, const workspace::Function& function) {
  return scene.doc_is_in_body ? python_place(scene, function) : braces_place(scene, function);
}

}  // namespace

void offer_complete_body(const ActionScene& scene, std::vector<Action>& actions) {
  const workspace::Function* function = scene.function();
  if (function == nullptr || !place_of(scene, *function)) return;
  actions.push_back(
      {.title = "Write the body of `" + std::string(scene.text().slice(function->name)) + "`",
       .bytes = function->name});
}

Result<ActionOutcome> complete_body(const ActionWork& work, const Action& action) {
  const workspace::Function* function =
      workspace::function_at(work.scene.functions, action.bytes.begin);
  const std::optional<Place> place =
      function == nullptr ? std::nullopt : place_of(work.scene, *function);
  if (!place) return stale_error("no function without a body stands there any more");
  const std::string& bytes = work.scene.text().bytes();
  const std::string before = with_line_ends_of(bytes, place->before);
  const std::string after = with_line_ends_of(bytes, place->after);
  std::string text = bytes.substr(0, static_cast<size_t>(place->bytes.begin)) + before;
  const auto hole = static_cast<int64_t>(text.size());
  text += after + bytes.substr(static_cast<size_t>(place->bytes.end));
  work.report("writing the body");
  ASSIGN_OR_RETURN(StepOutcome answer, fill_hole(work, {.text = std::move(text),
                                                        .bytes = {hole, hole},
                                                        .length = AnswerLength::kBlock,
                                                        .depth = kDepth,
                                                        .max_tokens = kMostTokens}));
  return ActionOutcome{.edits = {{.range = place->bytes, .with = before + answer.text + after}},
                       .steps = std::move(answer.steps)};
}

}  // namespace rondo::assist
