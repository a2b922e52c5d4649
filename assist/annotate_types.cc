#include "assist/annotate_types.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "assist/candidate_ranking.h"
#include "base/characters.h"
#include "workspace/import_statements.h"

namespace rondo::assist {
namespace {

constexpr size_t kMostTypes = 24;  // that are compared for one place
constexpr float kMinShare = 0.3f;  // of the likeliest among them, to be written

// A language in which types may be left out.
struct TypedLanguage {
  std::string_view id;
  std::string_view before_parameter;  // between name and type
  std::string_view before_return;
  std::string_view nothing;  // the type of a function without a result
  std::string_view types;    // that every text knows
};
constexpr TypedLanguage kLanguages[] = {
    {"python", ": ", " -> ", "None",
     "str int bool float bytes list dict set tuple object list[str] dict[str,str]"},
    {"typescript", ": ", ": ", "void",
     "string number boolean any unknown string[] number[] Date RegExp Error"},
    {"tsx", ": ", ": ", "void",
     "string number boolean any unknown string[] number[] Date RegExp Error"},
};

const TypedLanguage* typed(const workspace::Language& language) {
  for (const TypedLanguage& one : kLanguages) {
    if (one.id == language.id) return &one;
  }
  return nullptr;
}

bool is_receiver(std::string_view name) { return name == "self" || name == "cls"; }

// Where a type is missing.
struct Gap {
  int64_t at = 0;
  std::string before;  // what stands between the place and the type
  std::string said;    // the type that the code says by itself; may be empty
};

// The type of a literal default: "= 3" of Python.
std::string type_of_default(std::string_view parameter, std::string_view language) {
  const size_t equals = parameter.find('=');
  if (equals == parameter.npos) return {};
  const std::string_view value = trimmed(parameter.substr(equals + 1), " \t");
  const bool python = language == "python";
  if (value == "True" || value == "False") return "bool";
  if (value == "true" || value == "false") return "boolean";
  if (value.starts_with('"') || value.starts_with('\'')) return python ? "str" : "string";
  if (value.empty() || value.find_first_not_of("0123456789.-_") != value.npos) return {};
  if (!python) return "number";
  return value.find('.') == value.npos ? "int" : "float";
}

// Whether something in the function, but in no function inside it, comes back from it.
bool gives_something(const ActionScene& scene, const workspace::Function& function) {
  const std::string_view body = scene.text().slice(function.body);
  for (const std::string_view word : {"return", "yield", "raise", "throw"}) {
    for (size_t at = body.find(word); at != body.npos; at = body.find(word, at + 1)) {
      const size_t end = at + word.size();
      const bool whole = (at == 0 || !is_word_byte(body[at - 1])) &&
                         (end >= body.size() || !is_word_byte(body[end]));
      const size_t line_end = std::min(body.find('\n', end), body.size());
      const std::string_view rest = trimmed(body.substr(end, line_end - end), " \t\r;");
      if (whole && (word == "yield" || !rest.empty())) return true;
    }
  }
  return false;
}

std::vector<Gap> gaps_of(const ActionScene& scene, const workspace::Function& function) {
  const TypedLanguage* language = typed(*scene.document().language);
  std::vector<Gap> gaps;
  if (language == nullptr) return gaps;
  const workspace::Text& text = scene.text();
  for (const workspace::Parameter& parameter : function.each_parameter) {
    const std::string_view name = text.slice(parameter.name);
    const bool pattern = name.find_first_of("{[.") != name.npos;
    const bool optional = parameter.bytes.end > parameter.name.end &&
                          text.bytes()[static_cast<size_t>(parameter.name.end)] == '?';
    if (parameter.type || pattern || is_receiver(name)) continue;
    gaps.push_back({.at = parameter.name.end + (optional ? 1 : 0),
                    .before = std::string(language->before_parameter),
                    .said = type_of_default(text.slice(parameter.bytes), language->id)});
  }
  const bool constructs = text.slice(function.name) == "constructor";
  if (!function.return_type && !constructs && !function.body.empty()) {
    gaps.push_back(
        {.at = function.parameters.end,
         .before = std::string(language->before_return),
         .said = gives_something(scene, function) ? "" : std::string(language->nothing)});
  }
  return gaps;
}

void add_type(std::vector<std::string>& types, std::string_view type) {
  const bool fits = !type.empty() && type.find('\n') == type.npos && types.size() < kMostTypes;
  if (fits && std::find(types.begin(), types.end(), type) == types.end()) types.emplace_back(type);
}

// The likely ones first: those that the file writes already.
std::vector<std::string> known_types(const ActionScene& scene) {
  const workspace::Text& text = scene.text();
  std::vector<std::string> types;
  for (const workspace::Function& function : scene.functions) {
    if (function.return_type) add_type(types, text.slice(*function.return_type));
    for (const workspace::Parameter& parameter : function.each_parameter) {
      if (parameter.type) add_type(types, text.slice(*parameter.type));
    }
  }
  types.resize(std::min(types.size(), kMostTypes / 3));
  const workspace::Document& document = scene.document();
  if (const auto file = scene.index.file(document.path)) {
    for (const workspace::Block& block : file->blocks) {
      if (block.kind == workspace::BlockKind::kClass) add_type(types, block.name);
    }
  }
  for (const workspace::Import& import :
       workspace::import_statements(document.path, *document.language, text.bytes())) {
    for (const workspace::ImportedName& name : import.names) {
      const bool class_like = !name.local.empty() && std::isupper(name.local[0]) != 0;
      if (class_like && types.size() < kMostTypes * 2 / 3) add_type(types, name.local);
    }
  }
  std::string_view words = typed(*document.language)->types;
  while (!words.empty()) {
    const size_t end = std::min(words.find(' '), words.size());
    add_type(types, words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return types;
}

// Whether Python has defined the class when it evaluates the function's annotations: one of this
// file that ends before it, or anything of elsewhere.
bool is_defined_before(const ActionScene& scene, const workspace::Function& function,
                       const std::string& type) {
  const auto file = scene.index.file(scene.document().path);
  if (!file) return true;
  const int64_t at = function.bytes.begin;
  return std::none_of(file->blocks.begin(), file->blocks.end(), [&](const workspace::Block& block) {
    const bool is_its_class = block.kind == workspace::BlockKind::kClass && block.name == type;
    const bool is_its_method = block.bytes.begin <= at && at < block.bytes.end &&
                               block.qualified_name.starts_with(type + ".");
    return is_its_method || (is_its_class && block.bytes.end > at);
  });
}

// As strings those that Python does not know yet.
void quote_later_types(const ActionScene& scene, const workspace::Function& function,
                       std::vector<std::string>& types) {
  constexpr std::string_view kLazy = "from __future__ import annotations";
  if (scene.document().language->id != "python" ||
      scene.text().bytes().find(kLazy) != std::string::npos)
    return;
  for (std::string& type : types) {
    if (!is_defined_before(scene, function, type)) type = '"' + type + '"';
  }
}

// The share of the likeliest among all.
float share(const std::vector<float>& sums, size_t best) {
  float total = 0;
  for (const float sum : sums) total += std::exp(sum - sums[best]);
  return 1 / total;
}

}  // namespace

void offer_annotate_types(const ActionScene& scene, std::vector<Action>& actions) {
  const workspace::Function* function = scene.function();
  if (function == nullptr || gaps_of(scene, *function).empty()) return;
  actions.push_back(
      {.title = "Write the types of `" + std::string(scene.text().slice(function->name)) + "`",
       .bytes = function->name});
}

Result<ActionOutcome> annotate_types(const ActionWork& work, const Action& action) {
  const ActionScene& scene = work.scene;
  const workspace::Function* function = workspace::function_at(scene.functions, action.bytes.begin);
  if (function == nullptr) return stale_error("no function stands there any more");
  std::vector<std::string> types = known_types(scene);
  // Of a parameter, or of what gives something, never the type.
  if (const TypedLanguage* language = typed(*scene.document().language))
    std::erase(types, language->nothing);
  quote_later_types(scene, *function, types);
  const std::vector<Gap> gaps = gaps_of(scene, *function);
  std::string text = scene.text().bytes();
  int64_t shift = 0;
  ActionOutcome outcome;
  for (size_t i = 0; i < gaps.size(); ++i) {
    const Gap& gap = gaps[i];
    std::string type = gap.said;
    if (type.empty()) {
      work.report("type " + std::to_string(i + 1) + " of " + std::to_string(gaps.size()));
      std::vector<std::string> candidates;
      for (const std::string& one : types) candidates.push_back(gap.before + one);
      const int64_t at = gap.at + shift;
      ASSIGN_OR_RETURN(const std::vector<float> sums,
                       log_probabilities(work, text, {at, at}, candidates));
      const auto best = std::max_element(sums.begin(), sums.end()) - sums.begin();
      if (share(sums, static_cast<size_t>(best)) < kMinShare) continue;
      type = types[static_cast<size_t>(best)];
    }
    const std::string with = gap.before + type;
    text.insert(static_cast<size_t>(gap.at + shift), with);
    shift += static_cast<int64_t>(with.size());
    outcome.edits.push_back({.range = {gap.at, gap.at}, .with = with});
  }
  if (outcome.edits.empty()) {
    return not_found_error("Nothing was changed: no known type is likely enough");
  }
  return outcome;
}

}  // namespace rondo::assist
