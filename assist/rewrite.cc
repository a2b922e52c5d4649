#include "assist/rewrite.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "assist/import_edits.h"
#include "assist/syntax_errors.h"

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
std::vector<TextEdit> compatible_edits(const std::vector<RuleMatch>& matches, Rewrite& made) {
  std::vector<TextEdit> taken;
  int64_t end = -1;  // of what was taken so far
  for (const RuleMatch& match : matches) {
    const bool apart = match.range.begin > end ||
                       (match.range.begin == end &&
                        (taken.empty() || !conflict(taken.back(), match.edits.front())));
    if (!apart) continue;
    taken.insert(taken.end(), match.edits.begin(), match.edits.end());
    end = std::max(end, match.range.end);
    ++made.matches[match.rule->name];
  }
  return taken;
}

Rewrite left_out(std::string reason) {
  return {.verdict = Rewrite::Verdict::kLeftOut, .reason = std::move(reason)};
}

}  // namespace

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
  const Language& language = workspace::language_of_file(path, bytes);
  const auto& ids = recipe_->recipe().languages;
  if (std::find(ids.begin(), ids.end(), language.id) == ids.end()) return {};
  if (!recipe_->concerns(path) || !recipe_->may_match(bytes)) return {};
  if (find_invalid_utf8(bytes) != bytes.npos) return left_out("is not encoded in UTF-8");
  const bool marked = bytes.starts_with(kByteOrderMark);
  EditedText edited(std::string(bytes.substr(marked ? kByteOrderMark.size() : 0)));

  Result<SyntaxTree> before = parse(language, edited.text());
  if (!before.ok()) return left_out("cannot be parsed: " + before.status().message());
  SyntaxTree tree{.text = before->text, .tree = {}};
  tree.tree.reset(ts_tree_copy(before->tree.get()));
  Rewrite made;
  Status status = run_passes(language, edited, tree, made);
  if (status.ok() && made.verdict == Rewrite::Verdict::kChanged) {
    status = finish(language, *before, edited, tree);
  }
  if (!status.ok()) return left_out(status.message());
  if (made.verdict != Rewrite::Verdict::kChanged) return made;

  made.text = (marked ? std::string(kByteOrderMark) : std::string()) + edited.text();
  made.changes = edited.changes();
  const int64_t shift = marked ? static_cast<int64_t>(kByteOrderMark.size()) : 0;
  for (Change& change : made.changes) {
    for (workspace::ByteRange* range : {&change.before, &change.after}) {
      range->begin += shift;
      range->end += shift;
    }
  }
  return made;
}

// Edits until nothing matches any more. `tree` is that of edited.text(), before and after.
Status Rewriter::run_passes(const Language& language, EditedText& edited, SyntaxTree& tree,
                            Rewrite& made) {
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const Guards guards = pass == 0 ? Guards::kAsked : Guards::kIgnored;
    ASSIGN_OR_RETURN(Findings found, recipe_->find(tree, language, cursor_, guards));
    if (!found.guarded.empty()) return invalid_argument_error(found.guarded);
    made.left = std::move(found.left);
    if (found.matches.empty()) return {};
    edited.apply(compatible_edits(found.matches, made));
    made.verdict = Rewrite::Verdict::kChanged;
    ASSIGN_OR_RETURN(tree, parse(language, edited.text()));
  }
  return invalid_argument_error("would be changed without end: the recipe matches what it writes");
}

// Edits the imports. Then the new text must parse as well as the old one did, and the recipe have
// nothing more to do there.
Status Rewriter::finish(const Language& language, const SyntaxTree& before, EditedText& edited,
                        SyntaxTree& tree) {
  const auto edits = import_edits(recipe_->recipe().imports, before, tree);
  if (!edits.empty()) {
    edited.apply(edits);
    ASSIGN_OR_RETURN(tree, parse(language, edited.text()));
    ASSIGN_OR_RETURN(const Findings again,
                     recipe_->find(tree, language, cursor_, Guards::kIgnored));
    if (!again.matches.empty()) {
      return invalid_argument_error("would be changed again by a second run");
    }
  }
  if (count_syntax_errors(tree) <= count_syntax_errors(before)) return {};
  return invalid_argument_error("would not parse any more");
}

}  // namespace rondo::assist
