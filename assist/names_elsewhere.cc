#include "assist/names_elsewhere.h"

#include <algorithm>
#include <utility>

#include "assist/captures.h"

namespace rondo::assist {
namespace {

std::vector<std::string_view> parts_of(std::string_view text, char between) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(between);
    if (end != 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return parts;
}

// "src/a/b.py" as src, a, b; "a/__init__.py" as a.
std::vector<std::string_view> module_of(std::string_view path) {
  std::vector<std::string_view> parts = parts_of(path, '/');
  if (parts.empty()) return parts;
  parts.back() = parts.back().substr(0, parts.back().find('.'));
  if (parts.back() == "__init__") parts.pop_back();
  return parts;
}

// Whether the shorter one is the end of the other.
bool end_alike(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  const auto n = static_cast<ptrdiff_t>(std::min(a.size(), b.size()));
  return std::equal(a.end() - n, a.end(), b.end() - n);
}

}  // namespace

Result<NamesElsewhere> NamesElsewhere::of(Recipe& recipe) {
  NamesElsewhere names;
  for (NameSet& set : recipe.names) {
    if (set.elsewhere.text.empty()) continue;
    Result<Regex> regex = Regex::compile(set.elsewhere.text);
    if (!regex.ok()) return recipe_error(recipe, set.elsewhere.line, regex.status().message());
    const std::vector<std::string>& groups = regex->group_names();
    if (std::find(groups.begin(), groups.end(), "name") == groups.end()) {
      return recipe_error(recipe, set.elsewhere.line, "the expression has no group (?<name>...)");
    }
    names.looks_.push_back({&set, std::move(*regex)});
  }
  return names;
}

Status NamesElsewhere::look_at(std::string_view text) {
  for (const Look& look : looks_) {
    if (!contains_any(text, look.set->contains)) continue;
    for (int64_t from = 0;;) {
      Result<std::optional<Regex::Match>> match = look.regex.find(text, from);
      if (!match.ok()) {
        if (match.status().code() == Code::kInvalidArgument) break;
        return match.status();
      }
      if (!*match || (*match)->whole.size() == 0) break;
      std::string module;
      std::string name;
      for (size_t i = 0; i < (*match)->groups.size(); ++i) {
        const auto& range = (*match)->groups[i];
        if (!range) continue;
        (look.regex.group_names()[i] == "module" ? module : name) = slice(text, *range);
      }
      look.set->found.insert(module.empty() ? name : module + "." + name);
      from = (*match)->whole.end;
    }
  }
  return {};
}

std::vector<std::string> names_in_module(const std::set<std::string>& dotted,
                                         std::string_view path) {
  std::vector<std::string> names;
  const std::vector<std::string_view> module = module_of(path);
  for (const std::string& all : dotted) {
    std::vector<std::string_view> parts = parts_of(all, '.');
    if (parts.empty()) continue;
    const std::string_view name = parts.back();
    parts.pop_back();
    if (end_alike(parts, module)) names.emplace_back(name);
  }
  return names;
}

}  // namespace rondo::assist
