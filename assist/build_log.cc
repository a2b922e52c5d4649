#include "assist/build_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "assist/regex.h"
#include "base/characters.h"

namespace rondo::assist {
namespace {

enum class Weight { kNote, kWarning, kError };

struct Found {
  Problem problem;
  Weight weight = Weight::kError;
};

struct Line {
  std::string_view text;
  const Regex* regex = nullptr;
  std::optional<Regex::Match> match;

  std::string group(std::string_view name) const {
    const auto& names = regex->group_names();
    const auto at =
        static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (at >= names.size() || !match->groups[at]) return {};
    const workspace::ByteRange range = *match->groups[at];
    return std::string(
        text.substr(static_cast<size_t>(range.begin), static_cast<size_t>(range.size())));
  }
};

// The expression is part of the program: it is right.
Regex regex_of(const char* pattern) { return Regex::compile(pattern).value(); }

Weight weight_of(std::string_view word) {
  if (word == "warning") return Weight::kWarning;
  if (word == "note" || word == "help" || word == "info") return Weight::kNote;
  return Weight::kError;
}

// Without the codes that colour a terminal.
std::string plain(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1B' && i + 1 < line.size() && line[i + 1] == '[') {
      i = std::min(line.find('m', i), line.size() - 1);
    } else if (line[i] != '\r') {
      out += line[i];
    }
  }
  return out;
}

}  // namespace

class BuildLog::Reader {
 public:
  explicit Reader(std::string root) : root_(std::move(root)) {}

  void take_line(std::string_view line) {
    if (line.size() <= kMaxLineBytes && found_.size() < kMaxProblems) take(plain(line));
  }

  std::vector<Problem> heaviest() const {
    Weight most = Weight::kWarning;
    for (const Found& found : found_) most = std::max(most, found.weight);
    std::vector<Problem> problems;
    for (const Found& found : found_) {
      if (found.weight == most) problems.push_back(found.problem);
    }
    return problems;
  }

 private:
  bool matches(const Regex& regex, std::string_view line) {
    const auto match = regex.find(line, 0);
    if (!match.ok() || !*match) return false;
    line_ = {.text = line, .regex = &regex, .match = **match};
    return true;
  }
  std::string group(std::string_view name) const { return line_.group(name); }

  void take(std::string_view line) {
    if (take_python(line) || take_rust(line) || take_eslint(line) || take_cmake(line)) return;
    if (matches(tsc_, line) || matches(plain_, line)) {
      add(group("path"), group("line"), group("column"), group("what"), group("code"),
          weight_of(group("weight")));
    }
  }

  // A traceback says where, its innermost place last, and at its end what.
  bool take_python(std::string_view line) {
    if (matches(frame_, line)) {
      if (const auto path = inside(group("path"))) frame_at_ = {*path, group("line")};
      return true;
    }
    if (matches(pytest_error_, line)) {
      pytest_said_ = group("what");
      return true;
    }
    if (!pytest_said_.empty() && matches(pytest_place_, line)) {
      add(group("path"), group("line"), "", std::exchange(pytest_said_, {}), "", Weight::kError);
      return true;
    }
    if (!frame_at_.first.empty() && matches(raised_, line)) {
      add(frame_at_.first, frame_at_.second, "", group("what"), "", Weight::kError);
      frame_at_ = {};
      return true;
    }
    return false;
  }

  bool take_rust(std::string_view line) {
    if (matches(rust_said_, line)) {
      rust_said_last_ = {group("what"), group("code")};
      rust_weight_ = weight_of(group("weight"));
      return true;
    }
    if (rust_said_last_.first.empty() || !matches(rust_place_, line)) return false;
    const auto said = std::exchange(rust_said_last_, {});
    add(group("path"), group("line"), group("column"), said.first, said.second, rust_weight_);
    return true;
  }

  bool take_eslint(std::string_view line) {
    if (!eslint_path_.empty() && matches(eslint_place_, line)) {
      add(eslint_path_, group("line"), group("column"), group("what"), group("code"),
          weight_of(group("weight")));
      return true;
    }
    eslint_path_.clear();
    if (matches(eslint_file_, line)) eslint_path_ = group("path");
    return false;
  }

  bool take_cmake(std::string_view line) {
    if (matches(cmake_, line)) {
      cmake_at_ = {group("path"), group("line")};
      cmake_weight_ = group("weight") == "Error" ? Weight::kError : Weight::kWarning;
      return true;
    }
    const std::string_view said = trimmed(line, " \t");
    if (cmake_at_.first.empty() || said.empty()) return false;
    add(cmake_at_.first, cmake_at_.second, "", std::string(said), "", cmake_weight_);
    cmake_at_ = {};
    return true;
  }

  // The path below the root; nothing outside of it.
  std::optional<std::string> inside(std::string path) const {
    if (path.starts_with("./")) path.erase(0, 2);
    if (path.starts_with(root_) && path.size() > root_.size() && path[root_.size()] == '/') {
      path.erase(0, root_.size() + 1);
    }
    if (path.empty() || path[0] == '/' || path[0] == '<' || path.starts_with("../")) return {};
    return path;
  }

  void add(const std::string& path, const std::string& line, const std::string& column,
           std::string message, std::string code, Weight weight) {
    const auto below = inside(path);
    if (!below) return;
    Problem problem{.path = *below,
                    .line = std::atoll(line.c_str()),
                    .column = std::atoll(column.c_str()),
                    .message = std::move(message),
                    .code = std::move(code)};
    if (problem.code.empty() && matches(code_, problem.message)) problem.code = group("code");
    const bool known = std::any_of(found_.begin(), found_.end(),
                                   [&](const Found& f) { return f.problem == problem; });
    if (!known && problem.line > 0) found_.push_back({std::move(problem), weight});
  }

  const std::string root_;
  const Regex plain_ = regex_of(
      R"re(^(?<path>[^\s:(]+):(?<line>\d+):(?:(?<column>\d+):)? *(?:fatal )?(?:(?<weight>error|warning|note|info): *)?(?:(?<code>[A-Z]+\d+) )?(?<what>\S.*)$)re");
  const Regex tsc_ = regex_of(
      R"re(^(?<path>[^\s(][^(\n]*)\((?<line>\d+),(?<column>\d+)\): (?<weight>error|warning) TS(?<code>\d+): (?<what>.+)$)re");
  const Regex frame_ = regex_of(R"re(^\s*File "(?<path>[^"]+)", line (?<line>\d+))re");
  const Regex raised_ =
      regex_of(R"re(^(?<what>(?:\w+\.)*\w*(?:Error|Exception|Warning|Exit): .+)$)re");
  const Regex pytest_error_ =
      regex_of(R"re(^E\s+(?<what>(?:\w+\.)*\w*(?:Error|Exception)\b.*)$)re");
  const Regex pytest_place_ =
      regex_of(R"re(^(?<path>[^\s:]+\.py):(?<line>\d+): (?:\w+\.)*\w*(?:Error|Exception)$)re");
  const Regex rust_said_ =
      regex_of(R"re(^(?<weight>error|warning)(?:\[(?<code>[A-Z]\d+)\])?: (?<what>.+)$)re");
  const Regex rust_place_ = regex_of(R"re(^\s*--> (?<path>[^:]+):(?<line>\d+):(?<column>\d+)$)re");
  const Regex eslint_file_ = regex_of(R"re(^(?<path>/?[\w@.+/ -]+\.[cm]?[jt]sx?)$)re");
  const Regex eslint_place_ = regex_of(
      R"re(^\s+(?<line>\d+):(?<column>\d+)\s+(?<weight>error|warning)\s+(?<what>.+?)(?:\s\s+(?<code>\S+))?$)re");
  const Regex cmake_ =
      regex_of(R"re(^CMake (?<weight>Error|Warning)[^:]* at (?<path>[^:]+):(?<line>\d+))re");
  const Regex code_ = regex_of(R"re(\[(?<code>[a-z][\w-]+)\]\s*$)re");

  Line line_;
  std::pair<std::string, std::string> frame_at_;
  std::string pytest_said_;
  std::pair<std::string, std::string> rust_said_last_;  // what, code
  Weight rust_weight_ = Weight::kError;
  std::string eslint_path_;
  std::pair<std::string, std::string> cmake_at_;
  Weight cmake_weight_ = Weight::kError;
  std::vector<Found> found_;
};

BuildLog::BuildLog(std::string root) : reader_(std::make_unique<Reader>(std::move(root))) {}
BuildLog::BuildLog(BuildLog&& other) noexcept = default;
BuildLog::~BuildLog() = default;

void BuildLog::add(std::string_view segment) {
  for (size_t end; (end = segment.find('\n')) != segment.npos; segment.remove_prefix(end + 1)) {
    if (rest_.empty()) {
      reader_->take_line(segment.substr(0, end));
    } else {
      reader_->take_line(rest_ += segment.substr(0, end));
      rest_.clear();
    }
  }
  // What is too long is cut off where that shows.
  if (rest_.size() <= kMaxLineBytes) rest_ += segment.substr(0, kMaxLineBytes + 1);
}

std::vector<Problem> BuildLog::problems() {
  if (!rest_.empty()) reader_->take_line(std::exchange(rest_, {}));
  return reader_->heaviest();
}

std::vector<Problem> read_build_log(std::string_view log, std::string_view root) {
  BuildLog whole{std::string(root)};
  whole.add(log);
  return whole.problems();
}

}  // namespace rondo::assist
