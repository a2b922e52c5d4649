#include "assist/fix_syntax.h"

#include <tree_sitter/api.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "assist/candidate_ranking.h"
#include "assist/syntax_errors.h"
#include "assist/undefined_names.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

// What people forget. Longer ones after what they begin with.
constexpr std::string_view kMissing[] = {")", "]", "}", ":",  ";",   ",",   "\"", "'",
                                         "`", "(", "{", "):", ") {", "\":", "))"};
constexpr std::string_view kTooMuch = "()[]{}:;,\"'`";
constexpr size_t kMostRanked = 24;

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

// Between a word and something else, or beside a sign.
bool is_boundary(std::string_view text, size_t at) {
  return at == 0 || at >= text.size() || !is_word_byte(text[at - 1]) || !is_word_byte(text[at]);
}

// Everywhere that a sign can be missing or too much: at the ends of the lines, at each of their
// signs and, in the cursor's line, between any two words.
std::vector<TextEdit> possible_edits(const workspace::Text& text, int64_t offset, int64_t error) {
  std::vector<TextEdit> edits;
  for (const int64_t line : lines_in_question(text, offset, error)) {
    const workspace::ByteRange bytes = text.line(line);
    const int64_t end = line_end(text, line);
    for (const std::string_view sign : kMissing) edits.push_back({{end, end}, std::string(sign)});
    for (int64_t at = bytes.begin; at < end; ++at) {
      const bool is_sign = kTooMuch.find(text.bytes()[at]) != kTooMuch.npos;
      if (is_sign) edits.push_back({{at, at + 1}, ""});
      const bool at_cursor = line == text.line_at(offset);
      if (!is_sign && !(at_cursor && is_boundary(text.bytes(), static_cast<size_t>(at)))) continue;
      for (const std::string_view sign : kMissing) {
        if (sign.size() == 1) edits.push_back({{at, at}, std::string(sign)});
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

namespace {

// Whether the grammar stumbles at the line of `offset`, or right behind or before it. What it
// cannot read may begin far above.
bool is_near_error(const ActionScene& scene, int64_t offset) {
  const workspace::Text& text = scene.text();
  const int64_t error = first_syntax_error(*scene.tree).value_or(0);
  const std::vector<int64_t> lines = lines_in_question(text, error, error);
  if (std::count(lines.begin(), lines.end(), text.line_at(offset)) > 0) return true;
  const workspace::ByteRange line = text.line(text.line_at(offset));
  const std::string_view code = text.slice(line);
  if (is_blank(code)) return false;
  const auto begin = static_cast<uint32_t>(line.begin + code.find_first_not_of(" \t"));
  const auto end = static_cast<uint32_t>(line_end(text, text.line_at(offset)));
  return ts_node_has_error(
      ts_node_descendant_for_byte_range(ts_tree_root_node(scene.tree->tree.get()), begin, end));
}

}  // namespace

void offer_fix_syntax(const ActionScene& scene, std::vector<Action>& actions) {
  if (!scene.tree || count_syntax_errors(*scene.tree) == 0) return;
  std::optional<size_t> diagnostic;
  for (size_t i = 0; i < scene.query.diagnostics.size() && !diagnostic; ++i) {
    const Diagnostic& one = scene.query.diagnostics[i];
    if (is_near_error(scene, one.bytes.begin) && !tells_of_undefined_name(one)) diagnostic = i;
  }
  if (!diagnostic && (scene.query.automatic || !is_near_error(scene, scene.offset()))) return;
  const int64_t at = diagnostic ? scene.query.diagnostics[*diagnostic].bytes.begin : scene.offset();
  actions.push_back(
      {.title = "Mend the syntax", .bytes = {.begin = at, .end = at}, .diagnostic = diagnostic});
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
