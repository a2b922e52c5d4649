#include "assist/fix_syntax.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "assist/candidate_ranking.h"
#include "assist/syntax_errors.h"
#include "assist/undefined_names.h"

namespace rondo::assist {
namespace {

// What people forget. Longer ones after what they begin with.
constexpr std::string_view kMissing[] = {")", "]", "}", ":",  ";",   ",",   "\"", "'",
                                         "`", "(", "{", "):", ") {", "\":", "))"};
constexpr std::string_view kTooMuch = "()[]{}:;,\"'`";
constexpr size_t kMostRanked = 8;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

int64_t line_end(const workspace::Text& text, int64_t line) {
  const workspace::ByteRange bytes = text.line(line);
  const std::string_view all = text.slice(bytes);
  const size_t last = all.find_last_not_of(" \t\r");
  return bytes.begin + static_cast<int64_t>(last == all.npos ? 0 : last + 1);
}

// The ends of the lines at which something may be missing: that of the cursor, that of the error,
// and the one with code before each.
std::vector<int64_t> lines_in_question(const workspace::Text& text, int64_t offset, int64_t error) {
  std::vector<int64_t> lines;
  for (const int64_t at : {text.line_at(offset), text.line_at(error)}) {
    lines.push_back(at);
    int64_t before = at - 1;
    while (before >= 0 && is_blank(text.slice(text.line(before)))) --before;
    if (before >= 0) lines.push_back(before);
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

// Everywhere in the lines that a sign can be missing: at the end, and before and behind each sign.
std::vector<TextEdit> possible_edits(const workspace::Text& text, int64_t offset, int64_t error) {
  std::vector<TextEdit> edits;
  for (const int64_t line : lines_in_question(text, offset, error)) {
    const workspace::ByteRange bytes = text.line(line);
    const int64_t end = line_end(text, line);
    for (const std::string_view sign : kMissing) edits.push_back({{end, end}, std::string(sign)});
    for (int64_t at = bytes.begin; at < end; ++at) {
      if (kTooMuch.find(text.bytes()[at]) == kTooMuch.npos) continue;
      edits.push_back({{at, at + 1}, ""});
      for (const std::string_view sign : {")", "]", "}", "\"", "'"}) {
        edits.push_back({{at, at}, std::string(sign)});
      }
    }
  }
  return edits;
}

// One per text that comes of it: "a))" has two places for its last bracket.
void keep_one_of_each(const workspace::Text& text, std::vector<TextEdit>& edits) {
  std::vector<std::string> seen;
  std::erase_if(edits, [&](const TextEdit& edit) {
    std::string after = text.replace(edit.range, edit.with).bytes();
    if (std::find(seen.begin(), seen.end(), after) != seen.end()) return true;
    seen.push_back(std::move(after));
    return false;
  });
}

}  // namespace

void offer_fix_syntax(const ActionScene& scene, std::vector<Action>& actions) {
  if (!scene.tree || count_syntax_errors(*scene.tree) == 0) return;
  const workspace::Text& text = scene.text();
  const int64_t error = first_syntax_error(*scene.tree).value_or(0);
  const auto is_near = [&](int64_t offset) {
    const std::vector<int64_t> lines = lines_in_question(text, error, error);
    return std::count(lines.begin(), lines.end(), text.line_at(offset)) > 0;
  };
  std::optional<size_t> diagnostic;
  for (size_t i = 0; i < scene.query.diagnostics.size() && !diagnostic; ++i) {
    const Diagnostic& one = scene.query.diagnostics[i];
    if (is_near(one.bytes.begin) && !tells_of_undefined_name(one)) diagnostic = i;
  }
  if (!diagnostic && (scene.query.automatic || !is_near(scene.offset()))) return;
  actions.push_back({.title = "Mend the syntax",
                     .bytes = {.begin = error, .end = error},
                     .diagnostic = diagnostic});
}

Result<std::vector<TextEdit>> syntax_fixes(const ActionScene& scene, int64_t offset,
                                           const std::stop_token& stop) {
  const workspace::Text& text = scene.text();
  const int64_t error = first_syntax_error(*scene.tree).value_or(offset);
  int64_t fewest = count_syntax_errors(*scene.tree);
  std::vector<TextEdit> best;
  workspace::Parser parser;
  for (TextEdit& edit : possible_edits(text, offset, error)) {
    const auto after = std::make_shared<const workspace::Text>(text.replace(edit.range, edit.with));
    ASSIGN_OR_RETURN(const workspace::SyntaxTree tree,
                     parser.parse(*scene.document().language, after, &*scene.tree, {.stop = stop}));
    const int64_t n_errors = count_syntax_errors(tree);
    if (n_errors > fewest || n_errors == count_syntax_errors(*scene.tree)) continue;
    if (n_errors < fewest) best.clear();
    fewest = n_errors;
    best.push_back(std::move(edit));
  }
  keep_one_of_each(text, best);
  return best;
}

Result<ActionOutcome> fix_syntax(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  if (!scene.tree) return not_found_error("Nothing was changed: the text cannot be parsed");
  work.report("trying what may be missing");
  ASSIGN_OR_RETURN(std::vector<TextEdit> fixes, syntax_fixes(scene, action.bytes.begin, work.stop));
  if (fixes.empty()) {
    return not_found_error("Nothing was changed: no single sign mends what is wrong there");
  }
  if (fixes.size() > kMostRanked) fixes.resize(kMostRanked);
  // All are compared as the lines that they make.
  const workspace::Text& text = scene.text();
  int64_t begin = text.size();
  int64_t end = 0;
  for (const TextEdit& fix : fixes) {
    begin = std::min(begin, text.line(text.line_at(fix.range.begin)).begin);
    end = std::max(end, text.line(text.line_at(fix.range.end)).end);
  }
  std::vector<std::string> lines;
  for (const TextEdit& fix : fixes) {
    std::string line(text.slice({begin, end}));
    line.replace(static_cast<size_t>(fix.range.begin - begin),
                 static_cast<size_t>(fix.range.size()), fix.with);
    lines.push_back(std::move(line));
  }
  ASSIGN_OR_RETURN(const size_t best, likeliest(work, {begin, end}, lines));
  return ActionOutcome{.edits = {std::move(fixes[best])}};
}

}  // namespace rondo::assist
