#include "cli/refactor_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "assist/git_tree.h"
#include "base/json.h"
#include "cli/printable.h"

namespace rondo::cli {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void show_check(const assist::Check& check, size_t n_edits) {
  if (::isatty(STDERR_FILENO) == 0) return;
  const std::string on = n_edits == 0 ? "before any edit" : fmt::format("{} edited files", n_edits);
  std::fputs(fmt::format("\r\033[K{}: {} ...", check.name, on).c_str(), stderr);
}

// Takes the progress away first: a terminal shows both on one line.
void RefactorReport::line(const std::string& text) const {
  if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
  std::fputs((text + "\n").c_str(), stdout);
  std::fflush(stdout);
}

void RefactorReport::changed(const assist::FileOutcome& outcome) {
  ++n_changed_;
  n_matches_ += outcome.rewrite.n_matches();
  n_filled_ += static_cast<int64_t>(outcome.rewrite.filled.size());
  if (options_.json) {
    line(dump_json(
        Json{{"event", "changed"}, {"path", outcome.path}, {"matches", outcome.rewrite.matches}}));
  } else {
    line(fmt::format("{}: {} changed", printable(outcome.path), outcome.rewrite.n_matches()));
  }
  const bool wants_diff = options_.diffs || !options_.markdown.empty();
  if (!wants_diff) return;
  const std::string diff = assist::unified_diff(outcome.path, outcome.before, outcome.rewrite.text);
  if (options_.diffs && !options_.json) line(diff);
  if (options_.markdown.empty()) return;
  sections_ += fmt::format("\n### {}\n\n", outcome.path);
  for (const assist::Rule& rule : recipe_.rules) {
    const auto n = outcome.rewrite.matches.find(rule.name);
    if (n == outcome.rewrite.matches.end()) continue;
    sections_ += fmt::format("- {} x {}: {}\n", n->second, rule.name, rule.why);
  }
  sections_ += "\n````diff\n" + diff + "````\n";
}

void RefactorReport::planned(const assist::FileOutcome& outcome, const PlannedFile& file) {
  if (outcome.rewrite.blocks.empty() && file.n_holes == 0) return;
  if (options_.json) {
    line(dump_json(Json{{"event", "planned"},
                        {"path", outcome.path},
                        {"blocks", outcome.rewrite.blocks},
                        {"holes", file.n_holes},
                        {"tokensAround", file.n_read},
                        {"tokensToWrite", file.n_written}}));
    return;
  }
  std::string text =
      fmt::format("{}: in {}", outcome.path, fmt::join(outcome.rewrite.blocks, ", "));
  if (file.n_holes > 0) {
    text += fmt::format("; {} places for the model, {} tokens around them, up to {} to write",
                        file.n_holes, file.n_read, file.n_written);
  }
  line(text);
}

void RefactorReport::joined(const std::string& path, const std::string& function) {
  ++n_files_;
  if (options_.json) {
    line(dump_json(Json{{"event", "joined"}, {"path", path}, {"calls", function}}));
  } else {
    line(fmt::format("{}: joins the plan: it calls {}, whose signature changes", path, function));
  }
}

void RefactorReport::forecast(const PlannedFile& total, const std::string& summary,
                              std::optional<double> seconds) {
  if (options_.json) {
    Json json = {{"event", "forecast"},
                 {"holes", total.n_holes},
                 {"tokensAround", total.n_read},
                 {"tokensToWrite", total.n_written}};
    if (seconds) json["seconds"] = *seconds;
    line(dump_json(json));
  } else if (!summary.empty()) {
    line(summary);
  }
}

void RefactorReport::left(const std::string& path, const std::string& reason) {
  ++n_left_;
  if (options_.json) {
    line(dump_json(Json{{"event", "left"}, {"path", path}, {"reason", reason}}));
  } else {
    line(path + ": left out: " + reason);
  }
  left_lines_ += fmt::format("- {}: {}\n", path, reason);
}

void RefactorReport::left_places(const assist::FileOutcome& outcome) {
  for (const assist::LeftMatch& match : outcome.rewrite.left) {
    ++n_left_;
    const auto& edits = match.rule->edits;
    n_declined_ += std::any_of(edits.begin(), edits.end(), [](const assist::RecipeEdit& edit) {
      return edit.kind != assist::RecipeEdit::Kind::kTemplate;
    });
    if (options_.json) {
      line(dump_json(Json{{"event", "left"},
                          {"path", outcome.path},
                          {"line", match.line},
                          {"rule", match.rule->name},
                          {"reason", match.reason}}));
    } else {
      line(fmt::format("{}:{}: left: {}", outcome.path, match.line, match.reason));
    }
    left_lines_ +=
        fmt::format("- {}:{}: {} {}\n", outcome.path, match.line, match.rule->name, match.reason);
  }
}

void RefactorReport::progress(int64_t n_done) {
  const bool ends = n_done == n_files_;
  if (::isatty(STDERR_FILENO) == 0 || n_done == 0) return;
  if (!ends && seconds_since(shown_) < 0.1) return;
  shown_ = std::chrono::steady_clock::now();
  const double seconds = seconds_since(begin_);
  const double share =
      n_files_ == 0 ? 1 : static_cast<double>(n_done) / static_cast<double>(n_files_);
  const auto n_bars = static_cast<size_t>(share * 20);
  std::fputs(fmt::format(
                 "\r\033[K[{:20}] {}/{} files, {} changed, {} left, {:.0f} files/s, {:.0f} s to go",
                 std::string(n_bars, '#'), n_done, n_files_, n_changed_, n_left_,
                 static_cast<double>(n_done) / seconds, seconds * (1 - share) / share)
                 .c_str(),
             stderr);
}

// Of the places that the model was asked about.
std::string RefactorReport::kept_share() const {
  return fmt::format(
      "The model filled {} of {} places: {:.0f} %", n_filled_, n_filled_ + n_declined_,
      100.0 * static_cast<double>(n_filled_) / static_cast<double>(n_filled_ + n_declined_));
}

std::string RefactorReport::markdown(const std::string& run) const {
  std::string text =
      fmt::format("# {}\n\n{}\n\n{} of {} files changed, in {} places; {} left.\n", recipe_.name,
                  recipe_.about, n_changed_, n_files_, n_matches_, n_left_);
  if (n_filled_ + n_declined_ > 0) text += "\n" + kept_share() + ".\n";
  if (!run.empty()) text += fmt::format("\nTake it back with `rondo refactor undo {}`.\n", run);
  if (!left_lines_.empty()) text += "\n## Left as it was\n\n" + left_lines_;
  text += "\nThe recipe leaves alone:\n\n";
  for (const std::string& sentence : recipe_.leaves) text += "- " + sentence + "\n";
  if (!sections_.empty()) text += "\n## Changed\n" + sections_;
  return text;
}

Status RefactorReport::finish(const std::string& run, const std::string& what) {
  if (::isatty(STDERR_FILENO) != 0) std::fputs("\r\033[K", stderr);
  const double seconds = seconds_since(begin_);
  if (options_.json) {
    line(dump_json(Json{{"event", "end"},
                        {"files", n_files_},
                        {"changed", n_changed_},
                        {"matches", n_matches_},
                        {"left", n_left_},
                        {"filled", n_filled_},
                        {"declined", n_declined_},
                        {"run", run},
                        {"seconds", seconds}}));
  } else {
    line(fmt::format("{} of {} files {}, in {} places; {} left. {:.2f} s", n_changed_, n_files_,
                     what, n_matches_, n_left_, seconds));
    if (n_filled_ + n_declined_ > 0) line(kept_share());
    if (!run.empty()) line("Take it back with: rondo refactor undo " + run);
  }
  if (options_.markdown.empty()) return {};
  std::ofstream file(options_.markdown, std::ios::binary);
  file << markdown(run);
  file.close();
  if (file) return {};
  return unavailable_error("the report " + options_.markdown + " cannot be written");
}

}  // namespace rondo::cli
