#include "assist/rewrite.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "assist/import_edits.h"
#include "assist/signature_changes.h"
#include "assist/syntax_errors.h"
#include "assist/touched_blocks.h"

namespace rondo::assist {
namespace {

using workspace::Language;
using workspace::SyntaxTree;

constexpr int kMaxPasses = 12;  // as deep as anybody nests matches
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::chrono::seconds kParseTime{20};

// Where the first byte that is no UTF-8 stands; npos when all are.
size_t find_invalid_utf8(std::string_view s) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(s[at]); };
  for (size_t i = 0; i < s.size();) {
    const unsigned char lead = byte(i);
    const int n = lead < 0x80                   ? 1
                  : lead >= 0xC2 && lead < 0xE0 ? 2
                  : (lead & 0xF0) == 0xE0       ? 3
                  : lead >= 0xF0 && lead < 0xF5 ? 4
                                                : 0;
    if (n == 0 || i + n > s.size()) return i;
    for (int k = 1; k < n; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return i;
    }
    const unsigned char second = n > 2 ? byte(i + 1) : 0;
    const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                     (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
    if (bad) return i;
    i += n;
  }
  return std::string_view::npos;
}

// The matches that can be made at once: each whose edits touch none of those taken before it.
std::vector<RuleMatch> compatible(std::vector<RuleMatch> matches) {
  std::vector<RuleMatch> taken;
  int64_t end = -1;  // of what was taken so far
  for (RuleMatch& match : matches) {
    const bool apart =
        match.range.begin > end ||
        (match.range.begin == end &&
         (taken.empty() || !conflict(taken.back().edits.back(), match.edits.front())));
    if (!apart) continue;
    end = std::max(end, match.range.end);
    taken.push_back(std::move(match));
  }
  return taken;
}

int64_t line_at(std::string_view text, int64_t offset) {
  return 1 + std::count(text.begin(), text.begin() + offset, '\n');
}

// How much longer a text becomes by edits that end at or before `offset`.
int64_t growth_before(const std::vector<TextEdit>& edits, int64_t offset) {
  int64_t growth = 0;
  for (const TextEdit& edit : edits) {
    if (edit.range.end > offset) break;
    growth += static_cast<int64_t>(edit.with.size()) - edit.range.size();
  }
  return growth;
}

Rewrite left_out(std::string reason) {
  return {.verdict = Rewrite::Verdict::kLeftOut, .reason = std::move(reason)};
}

// A place that is not asked about again, in the text as it is now.
struct Asked {
  const Rule* rule = nullptr;
  int64_t begin = 0;
  std::string reason;  // why it stays as it is; empty: it does not, or nobody was there to answer
};

}  // namespace

struct Rewriter::Pass {
  std::string path;
  const Language& language;
  EditedText edited;
  SyntaxTree tree;  // of edited.text()
  std::vector<Asked> asked;
  Rewrite made;

  bool was_asked(const RuleMatch& match) const {
    return match.hole && std::any_of(asked.begin(), asked.end(), [&](const Asked& place) {
             return place.rule == match.rule && place.begin == match.range.begin;
           });
  }
  RecipeHole hole_of(const RuleMatch& match) const;
  void apply(const std::vector<TextEdit>& edits);
  void note_left(std::vector<LeftMatch> left);
};

int64_t Rewrite::n_matches() const {
  int64_t n = 0;
  for (const auto& [rule, count] : matches) n += count;
  return n;
}

Result<SyntaxTree> Rewriter::parse(const Language& language, std::string_view text) {
  return parser_.parse(language, std::make_shared<const workspace::Text>(std::string(text)),
                       nullptr,
                       {.deadline = std::chrono::steady_clock::now() + kParseTime, .stop = {}});
}

Rewrite Rewriter::rewrite(std::string_view path, std::string_view bytes) {
  if (!recipe_->is_about(path, bytes)) return {};
  const Language& language = workspace::language_of_file(path, bytes);
  if (find_invalid_utf8(bytes) != bytes.npos) return left_out("is not encoded in UTF-8");
  const bool marked = bytes.starts_with(kByteOrderMark);
  EditedText edited(std::string(bytes.substr(marked ? kByteOrderMark.size() : 0)));

  Result<SyntaxTree> before = parse(language, edited.text());
  if (!before.ok()) return left_out("cannot be parsed: " + before.status().message());
  Pass pass{.path = std::string(path),
            .language = language,
            .edited = std::move(edited),
            .tree = {.text = before->text, .tree = {}}};
  pass.tree.tree.reset(ts_tree_copy(before->tree.get()));
  Status status = run_passes(pass);
  if (status.ok() && pass.made.verdict == Rewrite::Verdict::kChanged) {
    status = finish(*before, pass);
  }
  if (!status.ok()) return left_out(status.message());
  Rewrite made = std::move(pass.made);
  const bool changed = made.verdict == Rewrite::Verdict::kChanged;
  if (changed) made.changes = pass.edited.changes();
  if (changed || !made.open.empty()) {
    made.blocks = touched_blocks(made, *before->text, recipe_->blocks(*before, language));
  }
  if (!changed) return made;
  if (const workspace::FunctionQuery* query = functions_.of(language)) {
    made.signatures =
        changed_signatures(*query, functions_cursor_, *before, pass.tree, made.changes);
  }

  made.text = (marked ? std::string(kByteOrderMark) : std::string()) + pass.edited.text();
  const int64_t shift = marked ? static_cast<int64_t>(kByteOrderMark.size()) : 0;
  for (Change& change : made.changes) {
    for (workspace::ByteRange* range : {&change.before, &change.after}) {
      range->begin += shift;
      range->end += shift;
    }
  }
  return made;
}

// The file with all edits of `match` made, and its hole there.
RecipeHole Rewriter::Pass::hole_of(const RuleMatch& match) const {
  const MatchHole& hole = *match.hole;
  EditedText with(edited.text());
  with.apply(match.edits);
  const int64_t edit_begin = match.edits[hole.edit].range.begin;
  std::vector<TextEdit> before(match.edits.begin(),
                               match.edits.begin() + static_cast<ptrdiff_t>(hole.edit));
  const int64_t shift = edit_begin + growth_before(before, edit_begin);
  return {.path = path,
          .language = &language,
          .rule = match.rule,
          .edit = hole.made,
          .text = with.text(),
          .range = {.begin = shift + hole.range.begin, .end = shift + hole.range.end},
          .line = line_at(edited.text(), edit_begin),
          .must = hole.must,
          .choices = hole.choices};
}

void Rewriter::Pass::apply(const std::vector<TextEdit>& edits) {
  for (Asked& place : asked) place.begin += growth_before(edits, place.begin);
  edited.apply(edits);
  made.verdict = Rewrite::Verdict::kChanged;
}

void Rewriter::Pass::note_left(std::vector<LeftMatch> left) {
  made.left = std::move(left);
  for (const Asked& place : asked) {
    if (place.reason.empty()) continue;
    made.left.push_back(
        {.rule = place.rule, .line = line_at(edited.text(), place.begin), .reason = place.reason});
  }
}

// Edits until nothing matches any more.
Status Rewriter::run_passes(Pass& pass) {
  for (int i = 0; i < kMaxPasses; ++i) {
    const Guards guards = i == 0 ? Guards::kAsked : Guards::kIgnored;
    ASSIGN_OR_RETURN(Findings found,
                     recipe_->find(pass.tree, pass.language, cursor_, {pass.path, guards}));
    if (!found.guarded.empty()) return invalid_argument_error(found.guarded);
    std::erase_if(found.matches, [&](const RuleMatch& match) { return pass.was_asked(match); });
    pass.note_left(std::move(found.left));
    if (found.matches.empty()) return {};
    std::vector<RuleMatch> matches = compatible(std::move(found.matches));
    fill_holes(pass, matches);
    std::vector<TextEdit> edits;
    for (const RuleMatch& match : matches) {
      edits.insert(edits.end(), match.edits.begin(), match.edits.end());
      ++pass.made.matches[match.rule->name];
    }
    if (edits.empty()) continue;
    pass.apply(edits);
    ASSIGN_OR_RETURN(pass.tree, parse(pass.language, pass.edited.text()));
  }
  return invalid_argument_error("would be changed without end: the recipe matches what it writes");
}

// Puts answers into the holes of `matches`; those that get none go.
void Rewriter::fill_holes(Pass& pass, std::vector<RuleMatch>& matches) {
  std::vector<RecipeHole> holes;
  for (const RuleMatch& match : matches) {
    if (match.hole) holes.push_back(pass.hole_of(match));
  }
  if (holes.empty()) return;
  std::vector<HoleAnswer> answers(holes.size());
  if (fill_) answers = fill_(holes);
  size_t next = 0;
  std::erase_if(matches, [&](RuleMatch& match) {
    if (!match.hole) return false;
    RecipeHole& hole = holes[next];
    HoleAnswer& answer = answers[next++];
    if (fill_ && answer.refusal.empty()) answer.refusal = hole.unfit(answer.text).value_or("");
    // An instruction is about what it is about; the Blocks that it is not about stay, and no more.
    const bool concerns =
        hole.edit->kind != RecipeEdit::Kind::kInstruct || answer.refusal != kAsItIs;
    pass.asked.push_back({match.rule, match.range.begin, concerns ? answer.refusal : ""});
    if (!fill_) pass.made.open.push_back(std::move(hole));
    if (!fill_ || !answer.refusal.empty()) return true;
    match.edits[match.hole->edit].with.replace(static_cast<size_t>(match.hole->range.begin),
                                               static_cast<size_t>(match.hole->range.size()),
                                               answer.text);
    pass.made.filled.push_back({match.rule, hole.line, std::move(answer)});
    return false;
  });
}

// Edits the imports. Then the new text must parse as well as the old one did, and the recipe have
// nothing more to do there.
Status Rewriter::finish(const SyntaxTree& before, Pass& pass) {
  const auto edits = import_edits(recipe_->recipe().imports, before, pass.tree);
  if (!edits.empty()) {
    pass.apply(edits);
    ASSIGN_OR_RETURN(pass.tree, parse(pass.language, pass.edited.text()));
    ASSIGN_OR_RETURN(Findings again, recipe_->find(pass.tree, pass.language, cursor_,
                                                   {pass.path, Guards::kIgnored}));
    std::erase_if(again.matches, [&](const RuleMatch& match) { return pass.was_asked(match); });
    if (!again.matches.empty()) {
      return invalid_argument_error("would be changed again by a second run");
    }
  }
  if (count_syntax_errors(pass.tree) <= count_syntax_errors(before)) return {};
  return invalid_argument_error("would not parse any more");
}

}  // namespace rondo::assist
