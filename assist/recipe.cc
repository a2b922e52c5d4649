#include "assist/recipe.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include "assist/yaml.h"
#include "workspace/languages.h"

namespace rondo::assist {
namespace {

using Kind = YamlNode::Kind;
using Names = std::initializer_list<std::string_view>;

const Names kBlockKinds = {"function", "method", "class", "run"};

// What says how a place is changed.
const Names kEditFields = {"replace", "with", "kind",   "instruction",
                           "until",   "must", "tokens", "among"};

std::string joined(Names names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

// Reads the nodes of one recipe; each function says what it expects where.
class RecipeReader {
 public:
  explicit RecipeReader(std::string_view file) { recipe_.file = file; }

  Result<Recipe> read(const YamlNode& root) {
    RETURN_IF_ERROR(
        check_fields(root, {"recipe", "about", "leaves", "languages", "paths", "contains", "tables",
                            "names", "unless", "rules", "imports", "examples", "checks"}));
    ASSIGN_OR_RETURN(recipe_.name, text(root, "recipe"));
    ASSIGN_OR_RETURN(recipe_.about, text(root, "about"));
    ASSIGN_OR_RETURN(recipe_.leaves, texts(root, "leaves"));
    ASSIGN_OR_RETURN(recipe_.paths, texts(root, "paths"));
    ASSIGN_OR_RETURN(recipe_.contains, texts(root, "contains"));
    RETURN_IF_ERROR(read_languages(root));
    RETURN_IF_ERROR(read_tables(root));
    RETURN_IF_ERROR(read_names(root));
    RETURN_IF_ERROR(read_guards(root));
    RETURN_IF_ERROR(read_rules(root));
    RETURN_IF_ERROR(read_imports(root));
    RETURN_IF_ERROR(read_examples(root));
    RETURN_IF_ERROR(read_checks(root));
    return std::move(recipe_);
  }

 private:
  Status error(const YamlNode& node, const std::string& sentence) const {
    return recipe_error(recipe_, node.line, sentence);
  }

  Status check_fields(const YamlNode& node, Names known) const {
    if (node.kind != Kind::kMap) {
      return error(node, "fields are expected here, of: " + joined(known));
    }
    for (const auto& [name, value] : node.fields) {
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return error(value, "'" + name + "' is not known here; known are: " + joined(known));
      }
    }
    return {};
  }

  // A field that must be there and say something.
  Result<std::string> text(const YamlNode& node, std::string_view field) const {
    const YamlNode* value = node.find(field);
    if (value == nullptr) return error(node, "'" + std::string(field) + ": ...' is missing here");
    if (value->kind != Kind::kText || value->text.empty()) {
      return error(*value, "'" + std::string(field) + "' must be a text");
    }
    return value->text;
  }

  Result<RecipeText> placed_text(const YamlNode& node, std::string_view field) const {
    ASSIGN_OR_RETURN(std::string found, text(node, field));
    return RecipeText{.text = std::move(found), .line = node.find(field)->text_line};
  }

  // A field that may be absent, one text or a list of texts.
  Result<std::vector<std::string>> texts(const YamlNode& node, std::string_view field) const {
    std::vector<std::string> all;
    const YamlNode* value = node.find(field);
    if (value == nullptr) return all;
    if (value->kind == Kind::kText) return std::vector{value->text};
    for (const YamlNode& item : value->items) {
      if (item.kind != Kind::kText) return error(item, "a text is expected in this list");
      all.push_back(item.text);
    }
    if (value->kind == Kind::kMap) return error(*value, "a list of texts is expected here");
    return all;
  }

  // The items of a list; none when the field is absent.
  Result<std::vector<const YamlNode*>> list(const YamlNode& node, std::string_view field) const {
    std::vector<const YamlNode*> items;
    const YamlNode* value = node.find(field);
    if (value == nullptr) return items;
    if (value->kind != Kind::kList) {
      return error(*value,
                   "'" + std::string(field) + "' must be a list: lines that begin with '-'");
    }
    for (const YamlNode& item : value->items) items.push_back(&item);
    return items;
  }

  Status read_languages(const YamlNode& root) {
    ASSIGN_OR_RETURN(recipe_.languages, texts(root, "languages"));
    if (recipe_.languages.empty()) return error(root, "'languages: [...]' is missing here");
    for (const std::string& id : recipe_.languages) {
      if (workspace::language_by_id(id) != nullptr) continue;
      std::string known;
      for (const auto& language : workspace::languages()) known += " " + std::string(language.id);
      return error(*root.find("languages"),
                   "no language is called '" + id + "'; there are:" + known);
    }
    return {};
  }

  Status read_tables(const YamlNode& root) {
    const YamlNode* tables = root.find("tables");
    if (tables == nullptr) return {};
    for (const auto& [name, rows] : tables->fields) {
      if (rows.kind != Kind::kMap) return error(rows, "a table has lines of the form 'old: new'");
      for (const auto& [from, to] : rows.fields) recipe_.tables[name][from] = to.text;
    }
    if (tables->kind == Kind::kMap) return {};
    return error(*tables, "'tables' must be a map of tables by name");
  }

  Status read_names(const YamlNode& root) {
    const YamlNode* sets = root.find("names");
    if (sets == nullptr) return {};
    if (sets->kind != Kind::kMap) return error(*sets, "'names' must be a map of queries by name");
    for (const auto& [name, queries] : sets->fields) {
      NameSet set{.name = name, .queries = {}};
      const bool one = queries.kind == Kind::kText;
      if (one) set.queries.push_back({queries.text, queries.text_line});
      if (queries.kind == Kind::kMap) {
        RETURN_IF_ERROR(read_special(queries, set));
      }
      for (const YamlNode& query : queries.items) {
        if (query.kind != Kind::kText) return error(query, "a query is expected in this list");
        set.queries.push_back({query.text, query.text_line});
      }
      if (set.queries.empty() && queries.kind != Kind::kMap) {
        return error(queries, "'" + name + "' needs a query, or several");
      }
      recipe_.names.push_back(std::move(set));
    }
    return {};
  }

  // Names that no query collects.
  Status read_special(const YamlNode& node, NameSet& set) const {
    RETURN_IF_ERROR(check_fields(node, {"analysis", "elsewhere", "contains"}));
    if (node.find("elsewhere") != nullptr) {
      ASSIGN_OR_RETURN(set.elsewhere, placed_text(node, "elsewhere"));
      ASSIGN_OR_RETURN(set.contains, texts(node, "contains"));
      return {};
    }
    ASSIGN_OR_RETURN(const std::string analysis, text(node, "analysis"));
    if (analysis != "stray-names") return error(node, "the analysis is stray-names");
    set.stray = true;
    return {};
  }

  Status read_guards(const YamlNode& root) {
    ASSIGN_OR_RETURN(const auto guards, list(root, "unless"));
    for (const YamlNode* node : guards) {
      RETURN_IF_ERROR(check_fields(*node, {"query", "reason"}));
      Guard guard;
      ASSIGN_OR_RETURN(guard.query, placed_text(*node, "query"));
      ASSIGN_OR_RETURN(guard.reason, text(*node, "reason"));
      recipe_.guards.push_back(std::move(guard));
    }
    return {};
  }

  Status read_rules(const YamlNode& root) {
    ASSIGN_OR_RETURN(const auto rules, list(root, "rules"));
    if (rules.empty()) return error(root, "'rules:' with at least one rule is missing here");
    for (const YamlNode* node : rules) {
      ASSIGN_OR_RETURN(Rule rule, rule_of(*node));
      recipe_.rules.push_back(std::move(rule));
    }
    return {};
  }

  Result<Rule> rule_of(const YamlNode& node) {
    RETURN_IF_ERROR(
        check_fields(node, {"name", "why", "query", "regex", "blocks", "edits", "leave", "replace",
                            "with", "kind", "instruction", "until", "must", "tokens", "among"}));
    Rule rule;
    rule.line = node.line;
    ASSIGN_OR_RETURN(rule.name, text(node, "name"));
    if (node.find("why") != nullptr) {
      ASSIGN_OR_RETURN(rule.why, text(node, "why"));
    }
    RETURN_IF_ERROR(read_look(node, rule));
    if (node.find("leave") != nullptr) return leaving_rule(node, std::move(rule));
    if (node.find("edits") == nullptr) {
      ASSIGN_OR_RETURN(RecipeEdit edit, edit_of(node));
      rule.edits.push_back(std::move(edit));
      return rule;
    }
    RETURN_IF_ERROR(refuse_edit(node, "a rule with 'edits' says this in each of them"));
    ASSIGN_OR_RETURN(const auto edits, list(node, "edits"));
    for (const YamlNode* item : edits) {
      RETURN_IF_ERROR(check_fields(*item, kEditFields));
      ASSIGN_OR_RETURN(RecipeEdit edit, edit_of(*item));
      rule.edits.push_back(std::move(edit));
    }
    if (rule.edits.empty()) return error(*node.find("edits"), "at least one edit is expected");
    return rule;
  }

  Status read_look(const YamlNode& node, Rule& rule) const {
    const bool query = node.find("query") != nullptr;
    const bool regex = node.find("regex") != nullptr;
    const bool blocks = node.find("blocks") != nullptr;
    if (int{query} + int{regex} + int{blocks} != 1) {
      return error(node, "a rule looks for either a 'query' or a 'regex' or 'blocks'");
    }
    if (!blocks) {
      rule.look = query ? Rule::Look::kQuery : Rule::Look::kRegex;
      ASSIGN_OR_RETURN(rule.pattern, placed_text(node, query ? "query" : "regex"));
      return {};
    }
    rule.look = Rule::Look::kBlocks;
    ASSIGN_OR_RETURN(rule.blocks, texts(node, "blocks"));
    for (const std::string& kind : rule.blocks) {
      if (std::find(kBlockKinds.begin(), kBlockKinds.end(), kind) != kBlockKinds.end()) continue;
      return error(*node.find("blocks"), "Blocks are of the kinds " + joined(kBlockKinds));
    }
    return {};
  }

  Result<Rule> leaving_rule(const YamlNode& node, Rule rule) const {
    RETURN_IF_ERROR(refuse_edit(node, "a rule with 'leave' has no edit"));
    if (node.find("edits") != nullptr) return error(node, "a rule with 'leave' has no edits");
    ASSIGN_OR_RETURN(rule.leave, text(node, "leave"));
    return rule;
  }

  // `sentence` says why a rule has no edit of its own.
  Status refuse_edit(const YamlNode& node, const std::string& sentence) const {
    for (const std::string_view field : kEditFields) {
      if (node.find(field) != nullptr) return error(*node.find(field), sentence);
    }
    return {};
  }

  Result<RecipeEdit> edit_of(const YamlNode& node) {
    RecipeEdit edit;
    edit.line = node.line;
    ASSIGN_OR_RETURN(edit.target, text(node, "replace"));
    if (edit.target.starts_with('@')) edit.target.erase(0, 1);
    const YamlNode* kind = node.find("kind");
    const std::string name = kind == nullptr ? "template" : kind->text;
    if (name == "hole") return hole_of(node, std::move(edit));
    for (const char* field : {"until", "must", "tokens", "among"}) {
      if (node.find(field) != nullptr) {
        return error(*node.find(field), std::string("'") + field + "' is said of holes alone");
      }
    }
    if (name == "template") return template_of(node, std::move(edit));
    if (name != "instruct") {
      return error(*kind, "the kind is one of template, hole, instruct");
    }
    edit.kind = RecipeEdit::Kind::kInstruct;
    ASSIGN_OR_RETURN(edit.instruction, text(node, "instruction"));
    return edit;
  }

  // What is written instead may be nothing.
  Result<RecipeEdit> template_of(const YamlNode& node, RecipeEdit edit) {
    const YamlNode* with = node.find("with");
    if (with == nullptr || with->kind != Kind::kText) {
      return error(node, "'with: ...' is missing here: what to write, \"\" for nothing");
    }
    edit.with = {with->text, with->text_line};
    return edit;
  }

  Result<RecipeEdit> hole_of(const YamlNode& node, RecipeEdit edit) const {
    edit.kind = RecipeEdit::Kind::kHole;
    edit.with = {"{hole}", node.line};
    if (node.find("with") != nullptr) {
      ASSIGN_OR_RETURN(edit.with, placed_text(node, "with"));
    }
    ASSIGN_OR_RETURN(edit.until, texts(node, "until"));
    if (node.find("must") != nullptr) {
      ASSIGN_OR_RETURN(edit.must, placed_text(node, "must"));
    }
    if (node.find("among") != nullptr) {
      if (node.find("among")->text != "similar-names") {
        return error(*node.find("among"), "a hole is filled among similar-names");
      }
      edit.among_similar = true;
    }
    ASSIGN_OR_RETURN(edit.max_tokens, number(node, "tokens", edit.max_tokens));
    return edit;
  }

  Status read_examples(const YamlNode& root) {
    ASSIGN_OR_RETURN(const auto examples, list(root, "examples"));
    for (const YamlNode* node : examples) {
      RETURN_IF_ERROR(check_fields(*node, {"path", "text"}));
      RecipeExample example;
      ASSIGN_OR_RETURN(example.path, text(*node, "path"));
      ASSIGN_OR_RETURN(example.text, text(*node, "text"));
      recipe_.examples.push_back(std::move(example));
    }
    return {};
  }

  Status read_imports(const YamlNode& root) {
    ASSIGN_OR_RETURN(const auto imports, list(root, "imports"));
    for (const YamlNode* node : imports) {
      RETURN_IF_ERROR(check_fields(*node, {"ensure", "name", "drop"}));
      ImportEdit edit{.line = node->line};
      if (node->find("drop") != nullptr) {
        edit.kind = ImportEdit::Kind::kDrop;
        ASSIGN_OR_RETURN(edit.what, text(*node, "drop"));
      } else {
        ASSIGN_OR_RETURN(edit.what, text(*node, "ensure"));
        ASSIGN_OR_RETURN(edit.name, text(*node, "name"));
      }
      recipe_.imports.push_back(std::move(edit));
    }
    return {};
  }

  Status read_checks(const YamlNode& root) {
    ASSIGN_OR_RETURN(const auto checks, list(root, "checks"));
    for (const YamlNode* node : checks) {
      RETURN_IF_ERROR(check_fields(*node, {"name", "run", "seconds", "megabytes"}));
      Check check;
      ASSIGN_OR_RETURN(check.name, text(*node, "name"));
      ASSIGN_OR_RETURN(check.words, texts(*node, "run"));
      if (check.words.empty())
        return error(*node, "'run: [program, argument, ...]' is missing here");
      ASSIGN_OR_RETURN(const int64_t seconds, number(*node, "seconds", check.time.count()));
      check.time = std::chrono::seconds(seconds);
      ASSIGN_OR_RETURN(const int64_t megabytes,
                       number(*node, "megabytes", check.memory_bytes >> 20));
      check.memory_bytes = megabytes << 20;
      recipe_.checks.push_back(std::move(check));
    }
    return {};
  }

  // A whole number from 1 to a million; `other` when the field is absent.
  Result<int64_t> number(const YamlNode& node, std::string_view field, int64_t other) const {
    const YamlNode* value = node.find(field);
    if (value == nullptr) return other;
    int64_t number = 0;
    const char* const end = value->text.data() + value->text.size();
    const auto read = std::from_chars(value->text.data(), end, number);
    const bool whole = value->kind == Kind::kText && read.ec == std::errc() && read.ptr == end;
    if (whole && number > 0 && number <= 1'000'000) return number;
    return error(*value, "'" + std::string(field) + "' must be a number from 1 to 1000000");
  }

  Recipe recipe_;
};

}  // namespace

bool Recipe::needs(RecipeEdit::Kind kind) const {
  return std::any_of(rules.begin(), rules.end(), [&](const Rule& rule) {
    return std::any_of(rule.edits.begin(), rule.edits.end(),
                       [&](const RecipeEdit& edit) { return edit.kind == kind; });
  });
}

bool Recipe::needs_model() const {
  return needs(RecipeEdit::Kind::kHole) || needs(RecipeEdit::Kind::kInstruct);
}

Recipe instruction_recipe(const std::string& instruction) {
  Recipe recipe{.file = "the instruction", .name = "instruction", .about = instruction};
  recipe.leaves = {
      "Blocks that the model sees no reason to change, or for which it has no answer "
      "that parses"};
  for (const workspace::Language& language : workspace::languages()) {
    if (language.grammar != nullptr) recipe.languages.emplace_back(language.id);
  }
  Rule rule{.name = "block", .why = instruction, .look = Rule::Look::kBlocks};
  for (const std::string_view kind : kBlockKinds) rule.blocks.emplace_back(kind);
  rule.edits.push_back({.kind = RecipeEdit::Kind::kInstruct,
                        .target = "match",
                        .with = {},
                        .instruction = instruction});
  recipe.rules.push_back(std::move(rule));
  return recipe;
}

Result<Recipe> parse_recipe(std::string_view text, std::string_view file) {
  ASSIGN_OR_RETURN(const YamlNode root, parse_yaml(text, file));
  return RecipeReader(file).read(root);
}

bool contains_any(std::string_view text, const std::vector<std::string>& words) {
  return words.empty() || std::any_of(words.begin(), words.end(), [&](const std::string& word) {
           return text.find(word) != text.npos;
         });
}

Status recipe_error(const Recipe& recipe, int64_t line, const std::string& sentence) {
  return invalid_argument_error(recipe.file + ":" + std::to_string(line) + ": " + sentence);
}

}  // namespace rondo::assist
