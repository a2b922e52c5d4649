#include "assist/query_predicate.h"

#include <algorithm>

namespace rondo::assist {
namespace {

using workspace::ByteRange;

bool contains(ByteRange outer, ByteRange inner) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

// Calls `visit` for `node` and all that is in it until that returns true; whether it did.
template <typename Visit>
bool any_node(TSNode node, Visit visit) {
  TSTreeCursor cursor = ts_tree_cursor_new(node);
  bool found = false;
  for (bool more = true; more && !found;) {
    found = visit(ts_tree_cursor_current_node(&cursor));
    if (found || ts_tree_cursor_goto_first_child(&cursor)) continue;
    while (!(more = ts_tree_cursor_goto_next_sibling(&cursor))) {
      if (!ts_tree_cursor_goto_parent(&cursor)) break;
    }
  }
  ts_tree_cursor_delete(&cursor);
  return found;
}

// Whether a node is a name that stands for a variable; x in a.x does not.
bool is_variable(TSNode node) {
  const std::string_view type = type_of(node);
  return type == "identifier" || type == "shorthand_property_identifier" ||
         type == "shorthand_property_identifier_pattern" || type == "jsx_identifier" ||
         type == "type_identifier";
}

// Whether `node` stands in a function that `block` declares somewhere.
bool is_in_declared_function(TSNode node, TSNode block) {
  for (TSNode up = ts_node_parent(node); !ts_node_is_null(up) && !ts_node_eq(up, block);
       up = ts_node_parent(up)) {
    const std::string_view type = type_of(up);
    if (type == "function_declaration" || type == "generator_function_declaration") return true;
  }
  return false;
}

}  // namespace

Result<Predicate> Predicate::parse(const std::vector<PredicateArgument>& words,
                                   const std::vector<std::string>& sets) {
  struct Form {
    std::string_view name;
    Question question;
    std::string_view usage;
  };
  static constexpr Form kForms[] = {
      {"eq?", Question::kEqual, "@a \"text\" or @a @b"},
      {"match?", Question::kMatch, "@a \"regular expression\""},
      {"any-of?", Question::kAnyOf, "@a \"text\" ..."},
      {"in?", Question::kIn, "@a \"names\""},
      {"inside?", Question::kInside, "@a \"type\" ..."},
      {"parent?", Question::kParent, "@a \"type\" ..."},
      {"has?", Question::kHas, "@a \"type\" ..."},
      {"child?", Question::kChild, "@a \"type\" ..."},
      {"own-line?", Question::kOwnLine, "@a"},
      {"mentions?", Question::kMentions, "@a @b"},
      {"names-in?", Question::kNamesIn, "@a \"names\" @b"},
      {"once-in?", Question::kOnceIn, "@a \"names\" @b"},
      {"confined?", Question::kConfined, "@a @b \"type\" ..."},
  };
  Predicate predicate;
  std::string_view name = words.empty() ? std::string_view() : words[0].text;
  predicate.negated_ = name.starts_with("not-");
  if (predicate.negated_) name.remove_prefix(4);
  const auto* form = std::find_if(std::begin(kForms), std::end(kForms),
                                  [&](const Form& f) { return f.name == name; });
  if (form == std::end(kForms)) {
    std::string known;
    for (const Form& f : kForms) known += " #" + std::string(f.name);
    return invalid_argument_error("there is no predicate #" + std::string(name) +
                                  "; there are:" + known + ", and each with not- before it");
  }
  const Status usage =
      invalid_argument_error("#" + std::string(name) + " is used as (#" + std::string(name) + " " +
                             std::string(form->usage) + ")");
  if (words.size() < 2 || !words[1].is_capture) return usage;
  predicate.question_ = form->question;
  predicate.capture_ = words[1].text;
  for (size_t i = 2; i < words.size(); ++i) {
    if (!words[i].is_capture) {
      predicate.texts_.push_back(words[i].text);
    } else if (predicate.other_.empty()) {
      predicate.other_ = words[i].text;
    } else {
      return usage;
    }
  }
  const bool counts = form->question == Question::kNamesIn || form->question == Question::kOnceIn;
  const bool two =
      counts || form->question == Question::kConfined || form->question == Question::kMentions;
  const bool equal = form->question == Question::kEqual;
  if (two && predicate.other_.empty()) return usage;
  if (equal && predicate.texts_.size() + (predicate.other_.empty() ? 0 : 1) != 1) return usage;
  const bool alone = form->question == Question::kOwnLine;
  if (alone && words.size() > 2) return usage;
  if (!two && !equal && !alone && (predicate.texts_.empty() || !predicate.other_.empty()))
    return usage;
  if (form->question == Question::kMatch) {
    ASSIGN_OR_RETURN(predicate.regex_, Regex::compile(predicate.texts_[0]));
  }
  if (form->question == Question::kIn || counts) {
    if (predicate.texts_.size() != 1) return usage;
    predicate.set_ = predicate.texts_[0];
    if (std::find(sets.begin(), sets.end(), predicate.set_) == sets.end()) {
      return invalid_argument_error("no names '" + predicate.set_ +
                                    "' are collected before this; add them to 'names:'");
    }
  }
  return predicate;
}

bool Predicate::has_type(TSNode node) const {
  return std::find(texts_.begin(), texts_.end(), type_of(node)) != texts_.end();
}

int64_t Predicate::count_names(std::string_view own, std::optional<ByteRange> in,
                               const CollectedNames& names) const {
  const auto set = names.find(set_);
  if (set == names.end()) return 0;
  return std::count_if(set->second.begin(), set->second.end(), [&](const NamedPlace& place) {
    return place.text == own && (!in || contains(*in, place.range));
  });
}

bool Predicate::is_confined(const Capture& name, TSNode block, std::string_view text) const {
  TSNode outer = block;
  for (TSNode up = ts_node_parent(outer); !ts_node_is_null(up); up = ts_node_parent(up)) {
    outer = up;
    if (has_type(up)) break;
  }
  return !any_node(outer, [&](TSNode node) {
    if (!is_variable(node) || text_of(node, text) != slice(text, name.range)) return false;
    return !contains(range_of(block), range_of(node)) || range_of(node).begin < name.range.begin ||
           is_in_declared_function(node, block);
  });
}

bool Predicate::holds(const Captures& captures, std::string_view text,
                      const CollectedNames& names) const {
  for (const Capture& capture : captures.all()) {
    if (capture.name != capture_) continue;
    if (asks(capture, captures, text, names) == negated_) return false;
  }
  return true;
}

bool Predicate::asks(const Capture& capture, const Captures& captures, std::string_view text,
                     const CollectedNames& names) const {
  const std::string_view own = slice(text, capture.range);
  const auto other = other_.empty() ? std::nullopt : captures.range(other_);
  switch (question_) {
    case Question::kEqual:
      if (texts_.empty()) return other && slice(text, *other) == own;
      return own == texts_[0];
    case Question::kMatch: {
      const auto match = regex_->find(own, 0);
      return match.ok() && match->has_value();
    }
    case Question::kAnyOf:
      return std::find(texts_.begin(), texts_.end(), own) != texts_.end();
    case Question::kIn:
    case Question::kNamesIn:
      return count_names(own, other, names) > 0;
    case Question::kOnceIn:
      return count_names(own, other, names) == 1;
    case Question::kInside: {
      TSNode node = ts_node_parent(*capture.node);
      while (!ts_node_is_null(node) && !has_type(node)) node = ts_node_parent(node);
      return !ts_node_is_null(node);
    }
    case Question::kParent: {
      const TSNode parent = ts_node_parent(*capture.node);
      return !ts_node_is_null(parent) && has_type(parent);
    }
    case Question::kHas:
      return any_node(*capture.node, [this](TSNode node) { return has_type(node); });
    case Question::kChild:
      for (uint32_t i = 0; i < ts_node_child_count(*capture.node); ++i) {
        if (has_type(ts_node_child(*capture.node, i))) return true;
      }
      return false;
    case Question::kOwnLine: {
      const std::string_view before = text.substr(0, static_cast<size_t>(capture.range.begin));
      const size_t last = before.find_last_not_of(" \t");
      return last == before.npos || before[last] == '\n';
    }
    case Question::kMentions: {
      const auto places = captures.named(other_);
      return std::any_of(places.begin(), places.end(), [&](const Capture& place) {
        return any_node(*place.node,
                        [&](TSNode n) { return is_variable(n) && text_of(n, text) == own; });
      });
    }
    case Question::kConfined: {
      const auto blocks = captures.named(other_);
      return !blocks.empty() && is_confined(capture, *blocks[0].node, text);
    }
  }
  return false;
}

}  // namespace rondo::assist
