#include "bench/rules.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

#include "bench/bodies.h"
#include "bench/progress.h"

namespace rondo::bench {
namespace {

struct Rule {
  std::string_view name;
  bool assist::FitRules::*flag;
};

constexpr Rule kRules[] = {
    {"blanks", &assist::FitRules::blanks},          {"one line", &assist::FitRules::one_line},
    {"closers", &assist::FitRules::closers},        {"suffix overlap", &assist::FitRules::suffix},
    {"repetition", &assist::FitRules::repetition},  {"next line", &assist::FitRules::next_line},
    {"indentation", &assist::FitRules::indentation}};

std::string_view without_end_blanks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

bool is_exact(const RuleCase& one, std::string_view answer) {
  return without_end_blanks(answer) == without_end_blanks(one.truth);
}

std::string fitted(const RuleCase& one, const assist::FitRules& rules) {
  const workspace::Text text(one.text);
  return assist::fit_text(one.draft, assist::surroundings_of(text, one.offset), rules).text;
}

bool is_closer(char c) { return c == ')' || c == ']' || c == '}'; }
bool is_opener(char c) { return c == '(' || c == '[' || c == '{'; }

// The first bracket of `text` that closes what was opened before it; npos: none.
size_t closer_in(std::string_view text) {
  int64_t depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_closer(text[i]) && depth-- == 0) return i;
    depth += is_opener(text[i]);
  }
  return text.npos;
}

// A hole, and how far its answer may go.
struct Place {
  Hole hole;
  DraftLength length;
};

std::vector<Place> places_of(const Corpus& corpus, const RulesOptions& options) {
  const int64_t n = options.n_cases / 3;
  std::vector<Place> places;
  const auto add = [&](std::vector<Hole> holes, DraftLength length) {
    if (static_cast<int64_t>(holes.size()) > n) holes.resize(n);
    for (const Hole& hole : holes) places.push_back({hole, length});
  };
  add(cut_holes(corpus, n, options.seed), DraftLength::kLine);
  // About a third of the lines have a bracket to close behind a random point.
  add(holes_inside(corpus, cut_holes(corpus, 4 * n, options.seed + 1)), DraftLength::kLines);
  add(cut_bodies(corpus, n, options.seed), DraftLength::kLines);
  std::stable_sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.hole.repository, a.hole.file) < std::tie(b.hole.repository, b.hole.file);
  });
  const auto n_all = static_cast<int64_t>(places.size());
  return {places.begin() + options.part.begin(n_all), places.begin() + options.part.end(n_all)};
}

}  // namespace

std::vector<Hole> holes_inside(const Corpus& corpus, const std::vector<Hole>& holes) {
  std::vector<Hole> inside;
  for (Hole hole : holes) {
    const std::string_view text = corpus.repositories[hole.repository].files[hole.file].text;
    const size_t closer = closer_in(text.substr(hole.begin, hole.end - hole.begin));
    if (closer == text.npos || closer == 0) continue;
    hole.end = hole.begin + static_cast<int64_t>(closer);
    inside.push_back(hole);
  }
  return inside;
}

RulesTable rules_table(const std::vector<RuleCase>& cases) {
  RulesTable table = {.n = static_cast<int64_t>(cases.size()), .rows = {}};
  for (const Rule& rule : kRules) table.rows.push_back({.rule = std::string(rule.name)});
  for (const RuleCase& one : cases) {
    const std::string with = fitted(one, {});
    table.n_exact += is_exact(one, with);
    table.n_exact_raw += is_exact(one, one.draft);
    for (size_t i = 0; i < std::size(kRules); ++i) {
      assist::FitRules rules;
      rules.*kRules[i].flag = false;
      const std::string without = fitted(one, rules);
      table.rows[i].n_changed += without != with;
      table.rows[i].n_only_with += is_exact(one, with) && !is_exact(one, without);
      table.rows[i].n_only_without += !is_exact(one, with) && is_exact(one, without);
    }
  }
  return table;
}

Result<RulesTable> measure_rules(engine::Engine* engine, const Corpus& corpus,
                                 const RulesOptions& options) {
  const std::vector<Place> places = places_of(corpus, options);
  if (places.empty()) return not_found_error("no line is long enough for a hole");
  ASSIGN_OR_RETURN(const std::unique_ptr<Drafts> drafts,
                   Drafts::open(engine, corpus, options.drafts));
  Progress progress("drafts", static_cast<int64_t>(places.size()));
  std::vector<RuleCase> cases;
  for (const auto& [hole, length] : places) {
    ASSIGN_OR_RETURN(HoleDraft draft, drafts->at(hole, length));
    const std::string& text = corpus.repositories[hole.repository].files[hole.file].text;
    cases.push_back({.text = cut_text(text, hole),
                     .offset = hole.begin,
                     .truth = text.substr(hole.begin, hole.end - hole.begin),
                     .draft = std::move(draft.text)});
    progress.done(draft.known);
  }
  return rules_table(cases);
}

std::string to_markdown(const RulesTable& table) {
  std::string text =
      "| rule left out | answers it changes | exact only with it | exact only without it |\n"
      "|---|---|---|---|\n";
  for (const RuleRow& row : table.rows) {
    char line[200];
    std::snprintf(line, sizeof(line), "| %s | %lld | %lld | %lld |\n", row.rule.c_str(),
                  static_cast<long long>(row.n_changed), static_cast<long long>(row.n_only_with),
                  static_cast<long long>(row.n_only_without));
    text += line;
  }
  return text + "\nExact with all rules " + std::to_string(table.n_exact) + " of " +
         std::to_string(table.n) + ", with none " + std::to_string(table.n_exact_raw) + "\n";
}

Json to_json(const RulesTable& table) {
  Json rows = Json::array();
  for (const RuleRow& row : table.rows) {
    rows.push_back({{"rule", row.rule},
                    {"changed", row.n_changed},
                    {"exact_only_with", row.n_only_with},
                    {"exact_only_without", row.n_only_without}});
  }
  return {{"cases", table.n},
          {"exact", table.n_exact},
          {"exact_raw", table.n_exact_raw},
          {"rules", std::move(rows)}};
}

}  // namespace rondo::bench
