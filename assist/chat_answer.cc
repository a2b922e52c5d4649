#include "assist/chat_answer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/characters.h"
#include "workspace/text.h"

namespace rondo::assist {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kThinks = "<think>";
constexpr std::string_view kThought = "</think>";

// "```python src/a.py", lines, "```".
struct Fence {
  std::string_view language;  // the first word behind the fence; may be empty
  std::string_view path;      // that is named on it, or on the line before it
  std::string text;
  bool is_closed = false;
};

Status refuse(std::string what) { return not_found_error("the answer " + std::move(what)); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

size_t indentation(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

// How many of the fence characters `line` begins with behind blanks; 0: it is no fence.
size_t fence_length(std::string_view line) {
  line.remove_prefix(indentation(line));
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return 0;
  const size_t n = std::min(line.find_first_not_of(line[0]), line.size());
  return n < 3 ? 0 : n;
}

bool closes(std::string_view line, char mark, size_t n_least) {
  const std::string_view bare = trimmed(line, kBlanks);
  return bare.size() >= n_least && bare.find_first_not_of(mark) == bare.npos;
}

// A word with a dot in its last part, as paths have it, without what Markdown puts around it.
std::string_view path_in(std::string_view text) {
  std::string_view found;
  while (!(text = trimmed(text, " \t")).empty()) {
    const size_t end = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view word = trimmed(text.substr(0, end), "`*_:\"'()#,");
    const size_t dot = word.rfind('.');
    const bool is_path =
        dot != word.npos && dot + 1 < word.size() && word.find_first_of("<>=;{}|") == word.npos &&
        std::all_of(word.begin() + static_cast<std::ptrdiff_t>(dot) + 1, word.end(), is_word_byte);
    if (is_path) found = word;
    text.remove_prefix(end);
  }
  return found;
}

// The path on a line that says little else: a heading, or "In `a.py`:".
std::string_view path_of_heading(std::string_view line) {
  constexpr size_t kMostWords = 3;
  const std::string_view bare = trimmed(line, " \t");
  const auto n_words = static_cast<size_t>(std::count(bare.begin(), bare.end(), ' ')) + 1;
  return n_words <= kMostWords ? path_in(bare) : std::string_view();
}

Fence begin_fence(std::string_view line, std::string_view line_before) {
  std::string_view info = line.substr(indentation(line));
  info.remove_prefix(std::min(info.find_first_not_of(info[0]), info.size()));
  info = trimmed(info, " \t{}");
  const size_t end = std::min(info.find_first_of(" \t:,"), info.size());
  Fence fence = {.language = info.substr(0, end), .path = path_in(info.substr(end))};
  if (fence.path.empty() && end < info.size() && info[end] == ':')
    fence.path = trimmed(info.substr(end + 1), " \t");
  if (fence.path.empty()) fence.path = path_of_heading(line_before);
  return fence;
}

std::vector<Fence> fences_of(std::string_view text) {
  std::vector<Fence> fences;
  const std::vector<std::string_view> lines = lines_of(text);
  std::string_view before;  // the last line that is not blank
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t n_marks = fence_length(lines[i]);
    if (n_marks == 0) {
      if (!trimmed(lines[i], kBlanks).empty()) before = lines[i];
      continue;
    }
    const size_t margin = indentation(lines[i]);
    const char mark = lines[i][margin];
    Fence fence = begin_fence(lines[i], before);
    for (++i; i < lines.size() && !(fence.is_closed = closes(lines[i], mark, n_marks)); ++i) {
      const std::string_view line = lines[i];
      fence.text += line.substr(std::min(margin, indentation(line)));
      fence.text += '\n';
    }
    fences.push_back(std::move(fence));
    before = {};
  }
  return fences;
}

bool is_of(const Fence& fence, const workspace::Language& language) {
  if (fence.language.empty()) return true;
  std::string name(fence.language);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const workspace::Language* said = workspace::language_by_client_id(name);
  if (said == nullptr) said = workspace::language_by_id(name);
  if (said == nullptr) said = &workspace::language_of_file("x." + name, "");
  return said == &language || workspace::family(*said) == workspace::family(language);
}

bool ends_in_path(std::string_view path, std::string_view named) {
  if (named.starts_with("./")) named.remove_prefix(2);
  if (!path.ends_with(named)) return false;
  return path.size() == named.size() || path[path.size() - named.size() - 1] == '/';
}

// A comment that stands for code: "# ... the rest stays the same ...".
bool stands_for_code(std::string_view line) {
  constexpr std::array<std::string_view, 5> kComments = {"#", "//", "/*", "--", ";"};
  constexpr std::array<std::string_view, 6> kWords = {"rest",      "existing", "unchanged",
                                                      "remaining", "same",     "before"};
  line = trimmed(line, kBlanks);
  const auto begins = [&](std::string_view mark) { return line.starts_with(mark); };
  const auto has = [&](std::string_view word) { return line.find(word) != line.npos; };
  return std::any_of(kComments.begin(), kComments.end(), begins) && (has("...") || has("…")) &&
         std::any_of(kWords.begin(), kWords.end(), has);
}

bool leaves_out_code(std::string_view code, std::string_view original) {
  const std::vector<std::string_view> lines = lines_of(code);
  return std::any_of(lines.begin(), lines.end(), [&](std::string_view line) {
    return stands_for_code(line) && original.find(trimmed(line, kBlanks)) == original.npos;
  });
}

std::string_view margin_of(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    if (!trimmed(line, kBlanks).empty()) return line.substr(0, indentation(line));
  }
  return {};
}

// `code` behind `margin` instead of its own: models like to begin at the left edge.
std::string moved_to(std::string_view margin, std::string_view code) {
  const std::string_view from = margin_of(code);
  std::string text;
  for (const std::string_view line : lines_of(code)) {
    const std::string_view rest = line.starts_with(from) ? line.substr(from.size()) : line;
    if (!trimmed(rest, kBlanks).empty()) text.append(margin).append(rest);
    text += '\n';
  }
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// What closes the last fence of `text`; empty when nothing is open.
std::string open_fence(std::string_view text) {
  std::string open;
  for (const std::string_view line : lines_of(text)) {
    if (open.empty()) {
      open = line.substr(indentation(line), fence_length(line));
    } else if (closes(line, open[0], open.size())) {
      open.clear();
    }
  }
  return open;
}

// `text` without a fence of Markdown around all of it.
std::string_view unwrapped(std::string_view text) {
  const std::vector<std::string_view> lines = lines_of(text);
  const size_t n_marks = fence_length(lines.front());
  if (n_marks == 0) return text;
  const std::string_view info = begin_fence(lines.front(), "").language;
  if (info != "markdown" && info != "md") return text;
  if (lines.size() > 1 && closes(lines.back(), text[0], n_marks)) {
    text.remove_suffix(lines.back().size());
  }
  text.remove_prefix(std::min(lines.front().size() + 1, text.size()));
  return trimmed(text, kBlanks);
}

// The one piece of code that can be meant.
Result<Fence> only_fence(std::vector<Fence> fences, const WantedCode& wanted) {
  const size_t n_all = fences.size();
  std::erase_if(fences, [&](const Fence& fence) { return !is_of(fence, wanted.language); });
  if (fences.empty()) {
    return refuse("holds " + std::to_string(n_all) + " pieces of code, none in " +
                  std::string(wanted.language.id));
  }
  const bool all_equal = std::all_of(fences.begin(), fences.end(), [&](const Fence& fence) {
    return fence.text == fences.front().text;
  });
  if (!all_equal) {
    return refuse("holds " + std::to_string(fences.size()) +
                  " pieces of code and does not say which one is meant");
  }
  return std::move(fences.front());
}

Status check(const AnsweredCode& code, const WantedCode& wanted) {
  if (trimmed(code.text, kBlanks).empty()) return refuse("is empty");
  if (leaves_out_code(code.text, wanted.original))
    return refuse("leaves out a part of the code with a comment in its place");
  return {};
}

}  // namespace

std::string without_margin(std::string_view code) { return moved_to("", code); }

Result<std::string> without_thoughts(const ChatReply& reply) {
  std::string text = workspace::with_lf(reply.text);
  if (const size_t end = text.rfind(kThought); end != text.npos) {
    text.erase(0, end + kThought.size());  // its beginning may stand in the prompt
  } else if (trimmed(text, kBlanks).starts_with(kThinks)) {
    return refuse("ends before the model has thought to the end");
  }
  if (trimmed(text, kBlanks).empty()) return refuse("is empty");
  return text;
}

Result<std::string> markdown_in(const ChatReply& reply) {
  ASSIGN_OR_RETURN(const std::string text, without_thoughts(reply));
  std::string markdown(unwrapped(trimmed(text, kBlanks)));
  if (markdown.empty()) return refuse("is empty");
  if (const std::string fence = open_fence(markdown); !fence.empty()) markdown += "\n" + fence;
  if (reply.was_cut) markdown += "\n\n*The answer was cut off here: it is too long.*";
  return markdown;
}

Result<AnsweredCode> code_in(const ChatReply& reply, const WantedCode& wanted) {
  ASSIGN_OR_RETURN(const std::string text, without_thoughts(reply));
  std::vector<Fence> fences = fences_of(text);
  AnsweredCode code = {.is_fenced = !fences.empty()};
  if (code.is_fenced) {
    if (!fences.back().is_closed && reply.was_cut) return refuse("is cut off inside the code");
    ASSIGN_OR_RETURN(const Fence fence, only_fence(std::move(fences), wanted));
    if (!wanted.path.empty() && !fence.path.empty() && !ends_in_path(wanted.path, fence.path))
      return refuse("is about " + std::string(fence.path) + ", not " + std::string(wanted.path));
    code.text = moved_to(margin_of(wanted.original), fence.text);
  } else {
    if (reply.was_cut) return refuse("is cut off");
    code.text = moved_to(margin_of(wanted.original), text);
  }
  RETURN_IF_ERROR(check(code, wanted));
  return code;
}

}  // namespace rondo::assist
