#include "bench/actions.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <future>
#include <map>
#include <memory>
#include <utility>

#include "assist/action_kinds.h"
#include "assist/actions.h"
#include "assist/syntax_errors.h"
#include "bench/action_cases.h"
#include "bench/corpus_workspace.h"
#include "bench/progress.h"
#include "bench/statistics.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// One repository, indexed, and its actions.
struct Bench {
  const Repository& repository;
  std::unique_ptr<CorpusWorkspace> workspace;
  std::unique_ptr<assist::Actions> actions;
};

Result<Bench> open(engine::Engine& engine, const Repository& repository) {
  ASSIGN_OR_RETURN(auto workspace, CorpusWorkspace::make(engine, repository));
  auto actions = std::make_unique<assist::Actions>(
      engine, workspace->index(), assist::ActionsOptions{.abilities = {.fills_in = true}});
  return Bench{repository, std::move(workspace), std::move(actions)};
}

template <typename T, typename Ask>
Result<T> wait_for(Ask ask) {
  std::promise<Result<T>> promise;
  auto answer = promise.get_future();
  ask([&](Result<T> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

Result<int64_t> n_errors(const std::string& path, const std::string& text) {
  const auto snapshot = std::make_shared<const workspace::Text>(text);
  const workspace::Language& language = workspace::language_of_file(path, text);
  ASSIGN_OR_RETURN(const workspace::SyntaxTree tree,
                   workspace::Parser().parse(language, snapshot, nullptr, {}));
  return assist::count_syntax_errors(tree);
}

workspace::DocumentSnapshot document_of(const CorpusFile& file, const std::string& text) {
  auto document = std::make_shared<workspace::Document>();
  document->uri = document->path = file.path;
  document->language = &workspace::language_of_file(file.path, file.text);
  document->text = std::make_shared<const workspace::Text>(text);
  return document;
}

Result<std::vector<assist::Action>> list(const Bench& bench, assist::ActionQuery query,
                                         std::vector<double>& ms) {
  const auto began = Clock::now();
  auto offered = wait_for<std::vector<assist::Action>>(
      [&](auto done) { bench.actions->list(std::move(query), {}, std::move(done)); });
  ms.push_back(ms_since(began));
  return offered;
}

// The list as an editor asks for it: of the file as it was, of the spoilt text and, at a move of
// the cursor, of that text once more.
Result<std::vector<assist::Action>> list_thrice(const Bench& bench, const ActionCase& one,
                                                const workspace::DocumentSnapshot& document,
                                                ActionScore& score) {
  const CorpusFile& file = bench.repository.files[one.file];
  std::vector<double> first_ms;
  RETURN_IF_ERROR(list(bench, {.document = document_of(file, file.text)}, first_ms).status());
  assist::ActionQuery query = {
      .document = document, .selection = one.selection, .diagnostics = one.diagnostics};
  ASSIGN_OR_RETURN(const auto offered, list(bench, query, score.edit_list_ms));
  query.automatic = true;
  RETURN_IF_ERROR(list(bench, std::move(query), score.move_list_ms).status());
  return offered;
}

std::string wrong_case(const Bench& bench, const ActionCase& one, const std::string& came) {
  std::string text =
      one.action + " " + bench.repository.name + "/" + bench.repository.files[one.file].path + ":" +
      std::to_string(workspace::Text(one.text).line_at(one.selection.begin) + 1) + "\n--- wanted\n";
  for (const assist::TextEdit& edit : one.truth) text += edit.with + "\n";
  return text + "--- came\n" + came + "\n";
}

// Of one case: asks for the list, makes the first action of the kind, compares.
Status measure(const Bench& bench, const ActionCase& one, const ActionsOptions& options,
               ActionScore& score) {
  const CorpusFile& file = bench.repository.files[one.file];
  const workspace::DocumentSnapshot document = document_of(file, one.text);
  const auto tell = [&](const std::string& came) {
    if (options.on_wrong) options.on_wrong(wrong_case(bench, one, came));
  };
  ++score.n_cases;
  ASSIGN_OR_RETURN(const std::vector<assist::Action> offered,
                   list_thrice(bench, one, document, score));
  const auto action = std::find_if(offered.begin(), offered.end(), [&](const assist::Action& a) {
    return a.name == one.action && a.disabled.empty();
  });
  if (action == offered.end()) return tell("(not offered)"), Status();
  ++score.n_offered;
  const auto made = Clock::now();
  const auto outcome = wait_for<assist::ActionOutcome>([&](auto done) {
    bench.actions->make(
        {.document = document, .action = *action, .client = "bench", .report = [](std::string) {}},
        {}, std::move(done));
  });
  score.make_ms.push_back(ms_since(made));
  if (!outcome.ok()) {
    tell("(" + outcome.status().message() + ")");
    return outcome.status().code() == Code::kNotFound ? Status() : outcome.status();
  }
  assist::EditedText text(one.text);
  text.apply(outcome->edits);
  ASSIGN_OR_RETURN(const int64_t n_after, n_errors(file.path, text.text()));
  ASSIGN_OR_RETURN(const int64_t n_before, n_errors(file.path, file.text));
  if (n_after <= n_before) ++score.n_applied;
  const double right = share_right(one, outcome->edits);
  score.n_right += right;
  std::string came;
  for (const assist::TextEdit& edit : outcome->edits) came += edit.with + "\n";
  if (right < 1) tell(came);
  return {};
}

Status check(const std::vector<std::string>& actions) {
  const std::vector<std::string>& known = measured_actions();
  for (const std::string& action : actions) {
    if (std::find(known.begin(), known.end(), action) != known.end()) continue;
    std::string names;
    for (const std::string& name : known) names += " " + name;
    return invalid_argument_error("there is no action " + action +
                                  " to measure; there are:" + names);
  }
  return {};
}

// Files in an order of their own for each action, all repositories mixed.
std::vector<std::pair<size_t, size_t>> shuffled_files(const Corpus& corpus, Random& random) {
  std::vector<std::pair<size_t, size_t>> files;
  for (size_t r = 0; r < corpus.repositories.size(); ++r) {
    for (size_t f = 0; f < corpus.repositories[r].files.size(); ++f) files.emplace_back(r, f);
  }
  random.shuffle(files);
  return files;
}

}  // namespace

Result<std::vector<ActionScore>> measure_actions(engine::Engine& engine, const Corpus& corpus,
                                                 const ActionsOptions& options) {
  RETURN_IF_ERROR(check(options.actions));
  const std::vector<std::string>& names =
      options.actions.empty() ? measured_actions() : options.actions;
  std::map<size_t, Bench> benches;
  Progress progress("cases", options.n_cases * static_cast<int64_t>(names.size()));
  std::vector<ActionScore> scores;
  for (const std::string& name : names) {
    ActionScore score{.action = name};
    Random random(options.seed);
    ActionCases cases(options.seed);
    for (const auto& [r, f] : shuffled_files(corpus, random)) {
      if (score.n_cases >= options.n_cases) break;
      const CorpusFile& file = corpus.repositories[r].files[f];
      const std::optional<ActionCase> one = cases.make(name, file, f);
      if (!one) continue;
      if (!benches.contains(r)) {
        ASSIGN_OR_RETURN(Bench bench, open(engine, corpus.repositories[r]));
        benches.emplace(r, std::move(bench));
      }
      const Bench& bench = benches.at(r);
      RETURN_IF_ERROR(bench.workspace->replace(file.path, one->text));
      RETURN_IF_ERROR(measure(bench, *one, options, score));
      RETURN_IF_ERROR(bench.workspace->replace(file.path, file.text));
      progress.done(false);
    }
    if (score.n_cases > 0) scores.push_back(std::move(score));
  }
  if (scores.empty()) return not_found_error("no file gives a case for these actions");
  return scores;
}

namespace {

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

std::string share_text(double n, int64_t of) {
  if (of == 0) return "-";
  const Estimate share = share_of(std::llround(n), of);
  char text[64];
  std::snprintf(text, sizeof text, "%.0f (%.0f to %.0f)", 100 * n / static_cast<double>(of),
                100 * share.low, 100 * share.high);
  return text;
}

}  // namespace

std::string actions_table(const std::vector<ActionScore>& scores) {
  std::string table =
      "| action | cases | offered, % | applies and parses, % | right, % | edit made in, median ms "
      "|\n|---|---|---|---|---|---|\n";
  std::vector<double> edit_ms;
  std::vector<double> move_ms;
  for (const ActionScore& score : scores) {
    edit_ms.insert(edit_ms.end(), score.edit_list_ms.begin(), score.edit_list_ms.end());
    move_ms.insert(move_ms.end(), score.move_list_ms.begin(), score.move_list_ms.end());
    char times[64];
    std::snprintf(times, sizeof times, "%.0f", percentile(score.make_ms, 0.5));
    table += "| " + score.action + " | " + std::to_string(score.n_cases) + " | " +
             share_text(static_cast<double>(score.n_offered), score.n_cases) + " | " +
             share_text(static_cast<double>(score.n_applied), score.n_cases) + " | " +
             share_text(score.n_right, score.n_cases) + " | " + times + " |\n";
  }
  char lists[256];
  std::snprintf(lists, sizeof lists,
                "\n| list of actions | asked | p50 ms | p95 ms |\n|---|---|---|---|\n"
                "| after an edit | %zu | %.1f | %.1f |\n| at a move of the cursor | %zu | %.1f | "
                "%.1f |\n",
                edit_ms.size(), percentile(edit_ms, 0.5), percentile(edit_ms, 0.95), move_ms.size(),
                percentile(move_ms, 0.5), percentile(move_ms, 0.95));
  return table + lists;
}

Json actions_json(const std::vector<ActionScore>& scores) {
  Json rows = Json::array();
  for (const ActionScore& score : scores) {
    const auto n = static_cast<double>(score.n_cases);
    rows.push_back({{"action", score.action},
                    {"cases", score.n_cases},
                    {"offered", static_cast<double>(score.n_offered) / n},
                    {"applies", static_cast<double>(score.n_applied) / n},
                    {"right", score.n_right / n},
                    {"list_after_edit_ms_p50", percentile(score.edit_list_ms, 0.5)},
                    {"list_after_edit_ms_p95", percentile(score.edit_list_ms, 0.95)},
                    {"list_at_move_ms_p50", percentile(score.move_list_ms, 0.5)},
                    {"list_at_move_ms_p95", percentile(score.move_list_ms, 0.95)},
                    {"make_ms_median", percentile(score.make_ms, 0.5)}});
  }
  return rows;
}

}  // namespace rondo::bench
