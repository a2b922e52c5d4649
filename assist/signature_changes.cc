#include "assist/signature_changes.h"

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "workspace/functions.h"
#include "workspace/syntax_tree.h"

namespace rondo::assist {
namespace {

constexpr std::chrono::seconds kParseTime{20};

// By name: all that functions of that name are called with, in the order of the text.
using Signatures = std::map<std::string, std::vector<std::string>>;

Signatures signatures_of(const workspace::Language& language, std::string_view text) {
  Signatures all;
  workspace::Parser parser;
  const auto tree =
      parser.parse(language, std::make_shared<const workspace::Text>(std::string(text)), nullptr,
                   {.deadline = std::chrono::steady_clock::now() + kParseTime, .stop = {}});
  if (!tree.ok()) return all;
  const workspace::FunctionQuery query(language);
  const workspace::QueryCursor cursor;
  for (const workspace::Function& function : query.in(*tree, cursor)) {
    std::string parameters;
    for (const workspace::Parameter& parameter : function.each_parameter) {
      parameters += std::string(tree->text->slice(parameter.name)) + ", ";
    }
    all[std::string(tree->text->slice(function.name))].push_back(std::move(parameters));
  }
  return all;
}

}  // namespace

std::vector<std::string> changed_signatures(std::string_view path, std::string_view before,
                                            std::string_view after) {
  std::vector<std::string> names;
  const workspace::Language& language = workspace::language_of_file(path, before);
  if (language.grammar == nullptr || !workspace::has_functions(language)) return names;
  const Signatures now = signatures_of(language, after);
  for (const auto& [name, parameters] : signatures_of(language, before)) {
    const auto found = now.find(name);
    if (found == now.end() || found->second != parameters) names.push_back(name);
  }
  return names;
}

}  // namespace rondo::assist
