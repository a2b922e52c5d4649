#include "bench/name_judge.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "assist/sandbox.h"
#include "base/temporary_folder.h"
#include "bench/corpus.h"

namespace rondo::bench {
namespace {

constexpr size_t kBatch = 64;  // files that a tool reads at once

// A tool, and how it is asked about files in the folder where it starts.
struct Tool {
  Group group;
  std::vector<std::string> words;
  std::vector<UndefinedUses> (*read)(std::string_view output, size_t n_files);
};

const Tool* const* tools() {
  static const Tool pyflakes = {Group::kPython, {"pyflakes3"}, read_pyflakes};
  // Each file on its own, as JavaScript too, with the names of browsers and of the language.
  static const Tool tsc = {Group::kTypeScript,
                           {"tsc", "--noEmit", "--allowJs", "--checkJs", "--noResolve",
                            "--skipLibCheck", "--moduleDetection", "force", "--target", "esnext",
                            "--lib", "esnext,dom", "--jsx", "preserve", "--pretty", "false"},
                           read_tsc};
  static const Tool* const both[] = {&pyflakes, &tsc, nullptr};
  return both;
}

// node reserves much more memory than it uses.
constexpr assist::SandboxLimits kLimits = {.time = std::chrono::minutes(5),
                                           .memory_bytes = int64_t{64} << 30,
                                           .output_bytes = size_t{64} << 20};

bool is_here(const Tool& tool) {
  const auto run = assist::run_in_sandbox({.words = {tool.words[0], "--version"}}, kLimits);
  return run.ok() && run->passed();
}

template <typename Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Takes a number from the beginning of `text`.
std::optional<int64_t> take_number(std::string_view& text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

// The part of `message` between quotes behind `words`.
std::optional<std::string> quoted_behind(std::string_view message, std::string_view words) {
  const size_t at = message.find(words);
  if (at == message.npos) return std::nullopt;
  const std::string_view rest = message.substr(at + words.size());
  const size_t end = rest.find('\'');
  if (end == rest.npos) return std::nullopt;
  return std::string(rest.substr(0, end));
}

// Whether a script says where its names come from.
bool is_module(std::string_view text) {
  bool found = text.find("require(") != text.npos || text.find("module.exports") != text.npos;
  each_line(text, [&](std::string_view line) {
    found = found || line.starts_with("import ") || line.starts_with("import{") ||
            line.starts_with("export ");
  });
  return found;
}

bool judges(const Tool& tool, const JudgedText& text) {
  return group_of(text.path) == tool.group &&
         (tool.group != Group::kTypeScript || is_module(text.text));
}

Result<std::vector<UndefinedUses>> ask(const Tool& tool, std::span<const JudgedText* const> texts) {
  ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::make("rondo-names"));
  std::vector<std::string> words = tool.words;
  for (size_t i = 0; i < texts.size(); ++i) {
    words.push_back(std::to_string(i) + texts[i]->path.substr(texts[i]->path.rfind('.')));
    std::ofstream(folder.path() + "/" + words.back(), std::ios::binary) << texts[i]->text;
  }
  ASSIGN_OR_RETURN(
      const assist::SandboxRun run,
      assist::run_in_sandbox(
          {.words = std::move(words), .folder = folder.path(), .seen_as = "/tmp/names"}, kLimits));
  if (run.timed_out || run.status < 0) return unavailable_error(tool.words[0] + " did not end");
  return tool.read(run.output, texts.size());
}

}  // namespace

std::string name_judges() {
  std::string names;
  for (const Tool* const* tool = tools(); *tool != nullptr; ++tool) {
    if (is_here(**tool)) names += (names.empty() ? "" : ", ") + (*tool)->words[0];
  }
  return names;
}

Result<std::vector<UndefinedUses>> undefined_uses(std::span<const JudgedText> texts) {
  std::vector<UndefinedUses> uses(texts.size());
  for (const Tool* const* tool = tools(); *tool != nullptr; ++tool) {
    std::vector<size_t> places;
    for (size_t i = 0; i < texts.size(); ++i) {
      if (judges(**tool, texts[i])) places.push_back(i);
    }
    if (places.empty() || !is_here(**tool)) continue;
    for (size_t begin = 0; begin < places.size(); begin += kBatch) {
      std::vector<const JudgedText*> batch;
      for (size_t i = begin; i < std::min(begin + kBatch, places.size()); ++i)
        batch.push_back(&texts[places[i]]);
      ASSIGN_OR_RETURN(std::vector<UndefinedUses> found, ask(**tool, batch));
      for (size_t i = 0; i < batch.size(); ++i) uses[places[begin + i]] = std::move(found[i]);
    }
  }
  return uses;
}

// What stands in no known form is the source line below a syntax error.
std::vector<UndefinedUses> read_pyflakes(std::string_view output, size_t n_files) {
  std::vector<UndefinedUses> uses(n_files, std::vector<UndefinedUse>());
  std::optional<size_t> file;
  each_line(output, [&](std::string_view line) {
    std::string_view rest = line.substr(line.starts_with("./") ? 2 : 0);
    const std::optional<int64_t> number = take_number(rest);
    const size_t colon = rest.find(':');
    const bool named = number && *number >= 0 && static_cast<size_t>(*number) < n_files &&
                       rest.starts_with('.') && colon != rest.npos;
    if (!named) {
      if (file) uses[*file].reset();
      return;
    }
    file = static_cast<size_t>(*number);
    rest.remove_prefix(colon + 1);
    const std::optional<int64_t> at = take_number(rest);
    auto name = quoted_behind(rest, ": undefined name '");
    if (!name) name = quoted_behind(rest, " undefined name '");
    if (name && at && uses[*file]) uses[*file]->push_back({std::move(*name), *at});
  });
  return uses;
}

// Codes 2304 and 2552: a name that is nowhere; the other codes are of names that an environment
// brings.
std::vector<UndefinedUses> read_tsc(std::string_view output, size_t n_files) {
  std::vector<UndefinedUses> uses(n_files, std::vector<UndefinedUse>());
  each_line(output, [&](std::string_view line) {
    std::string_view rest = line;
    const std::optional<int64_t> file = take_number(rest);
    const size_t paren = rest.find('(');
    if (!file || *file < 0 || static_cast<size_t>(*file) >= n_files || paren == rest.npos) return;
    rest.remove_prefix(paren + 1);
    const std::optional<int64_t> at = take_number(rest);
    const bool is_name =
        rest.find("error TS2304:") != rest.npos || rest.find("error TS2552:") != rest.npos;
    auto name = quoted_behind(rest, "Cannot find name '");
    if (is_name && name && at) uses[*file]->push_back({std::move(*name), *at});
  });
  return uses;
}

}  // namespace rondo::bench
