#include "bench/quality_table.h"

#include <cstdio>
#include <functional>
#include <optional>

#include "bench/statistics.h"

namespace rondo::bench {
namespace {

using engine::FimOrder;
using Results = std::vector<HoleResult>;
using Filter = std::function<bool(const HoleResult&)>;
using AnswerOf = Answer HoleResult::*;

// Exact match and log-probability over some holes.
struct Score {
  Estimate match;
  double log_probability = 0;  // a token, over all tokens of the truths
};

std::optional<Score> score_of(const Results& results, AnswerOf answer, const Filter& filter) {
  int64_t n_holes = 0, n_matches = 0, n_tokens = 0;
  double log_probability = 0;
  for (const HoleResult& result : results) {
    if (!filter(result)) continue;
    ++n_holes;
    n_matches += (result.*answer).match;
    n_tokens += (result.*answer).n_tokens;
    log_probability += (result.*answer).log_probability;
  }
  if (n_tokens == 0) return std::nullopt;
  return Score{share_of(n_matches, n_holes), log_probability / static_cast<double>(n_tokens)};
}

std::string_view order_name(FimOrder order) {
  return order == FimOrder::kSuffixFirst ? "suffix-first" : "prefix-first";
}

std::string_view kind_name(HoleKind kind) {
  if (kind == HoleKind::kBody) return "body";
  return kind == HoleKind::kRest ? "rest" : "line";
}

std::string format(const char* form, double a, double b = 0, double c = 0) {
  char text[96];
  std::snprintf(text, sizeof text, form, a, b, c);
  return text;
}

// "26.7 (20.3 to 34.1) | -1.39"
std::string cells(const std::optional<Score>& score) {
  if (!score) return "- | -";
  const Estimate& match = score->match;
  return format("%.1f (%.1f to %.1f)", 100 * match.value, 100 * match.low, 100 * match.high) +
         " | " + format("%.3f", score->log_probability);
}

std::string row(const std::string& name, const Results& results, AnswerOf answer,
                const Filter& filter) {
  std::string line = "| " + name;
  for (const HoleKind kind : {HoleKind::kRest, HoleKind::kLine}) {
    line += " | " + cells(score_of(results, answer, [&](const HoleResult& result) {
              return result.kind == kind && filter(result);
            }));
  }
  return line + " |\n";
}

std::string header(const std::string& name) {
  return "| " + name +
         " | rest of line, exact % | nats/token | whole line, exact % | nats/token |\n"
         "|---|---|---|---|---|\n";
}

Filter in_mode(FimOrder order, bool segments) {
  return [=](const HoleResult& result) {
    return result.order == order && result.segments == segments;
  };
}

std::string mode_table(const Results& results) {
  std::string table = header("order, context, healing");
  for (const FimOrder order : {FimOrder::kSuffixFirst, FimOrder::kPrefixFirst}) {
    for (const bool segments : {false, true}) {
      const std::string name =
          std::string(order_name(order)) + (segments ? ", Segments" : ", no context");
      table += row(name, results, &HoleResult::plain, in_mode(order, segments));
      table += row(name + ", healing", results, &HoleResult::healed, in_mode(order, segments));
    }
  }
  return table;
}

std::string language_table(const Results& results, FimOrder order) {
  std::string table = header(std::string(order_name(order)) + ", healing");
  for (const Group group : kGroups) {
    for (const bool segments : {false, true}) {
      table += row(std::string(group_name(group)) + (segments ? ", Segments" : ", no context"),
                   results, &HoleResult::healed, [&](const HoleResult& result) {
                     return in_mode(order, segments)(result) && result.group == group;
                   });
    }
  }
  return table;
}

std::string healing_table(const Results& results, FimOrder order) {
  std::string table =
      "| cursor in the line, " + std::string(order_name(order)) +
      ", no context | holes | exact % without healing | with |\n|---|---|---|---|\n";
  for (const bool inside : {true, false}) {
    const Filter filter = [&](const HoleResult& result) {
      return in_mode(order, false)(result) && result.kind == HoleKind::kRest &&
             result.inside_word == inside;
    };
    const auto plain = score_of(results, &HoleResult::plain, filter);
    const auto healed = score_of(results, &HoleResult::healed, filter);
    if (!plain) continue;
    table += std::string("| ") + (inside ? "inside a word" : "elsewhere") + " | " +
             std::to_string(plain->match.n) + " | " + format("%.1f", 100 * plain->match.value) +
             " | " + format("%.1f", 100 * healed->match.value) + " |\n";
  }
  return table;
}

// The results of one mode are in the order of the holes, so that those of two modes of one order
// pair up.
Results in_order(const Results& results, const Filter& filter) {
  Results chosen;
  for (const HoleResult& result : results) {
    if (filter(result)) chosen.push_back(result);
  }
  return chosen;
}

std::string context_table(const Results& results, FimOrder order) {
  const Results without = in_order(results, in_mode(order, false));
  const Results with = in_order(results, in_mode(order, true));
  std::string table =
      "| Segments against no context, " + std::string(order_name(order)) +
      " | holes | more nats/token for the truth | tokens of Segments |\n|---|---|---|---|\n";
  for (const HoleKind kind : {HoleKind::kRest, HoleKind::kLine}) {
    std::vector<double> gains, tokens;
    for (size_t i = 0; i < with.size(); ++i) {
      if (with[i].kind != kind) continue;
      gains.push_back((with[i].plain.log_probability - without[i].plain.log_probability) /
                      with[i].plain.n_tokens);
      tokens.push_back(with[i].n_segment_tokens);
    }
    if (gains.empty()) continue;
    const Estimate gain = mean_of(gains);
    table += "| " + std::string(kind_name(kind)) + " | " + std::to_string(gain.n) + " | " +
             format("%+.3f (%+.3f to %+.3f)", gain.value, gain.low, gain.high) + " | " +
             format("%.0f", mean_of(tokens).value) + " |\n";
  }
  return table;
}

Json json_of(const std::optional<Score>& score) {
  if (!score) return nullptr;
  return {{"n", score->match.n},
          {"match", score->match.value},
          {"match_low", score->match.low},
          {"match_high", score->match.high},
          {"log_probability", score->log_probability}};
}

}  // namespace

std::string quality_table(const Results& results, FimOrder order) {
  return mode_table(results) + "\n" + language_table(results, order) + "\n" +
         healing_table(results, order) + "\n" + context_table(results, order);
}

Json quality_json(const Results& results) {
  Json rows = Json::array();
  for (const FimOrder order : {FimOrder::kSuffixFirst, FimOrder::kPrefixFirst}) {
    for (const bool segments : {false, true}) {
      for (const HoleKind kind : {HoleKind::kRest, HoleKind::kLine}) {
        const auto add = [&](std::string_view language, const Filter& of_language) {
          const Filter filter = [&](const HoleResult& result) {
            return in_mode(order, segments)(result) && result.kind == kind && of_language(result);
          };
          rows.push_back({{"order", order_name(order)},
                          {"segments", segments},
                          {"kind", kind_name(kind)},
                          {"language", language},
                          {"plain", json_of(score_of(results, &HoleResult::plain, filter))},
                          {"healed", json_of(score_of(results, &HoleResult::healed, filter))}});
        };
        add("all", [](const HoleResult&) { return true; });
        for (const Group group : kGroups) {
          add(group_name(group), [&](const HoleResult& result) { return result.group == group; });
        }
      }
    }
  }
  return rows;
}

}  // namespace rondo::bench
