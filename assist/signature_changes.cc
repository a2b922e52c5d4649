#include "assist/signature_changes.h"

#include <algorithm>
#include <map>
#include <utility>

namespace rondo::assist {
namespace {

// By name: all that functions of that name are called with, in the order of the text.
using Signatures = std::map<std::string, std::vector<std::string>>;

Signatures signatures_of(const std::vector<workspace::Function>& functions,
                         const workspace::SyntaxTree& tree) {
  Signatures all;
  for (const workspace::Function& function : functions) {
    std::string parameters;
    for (const workspace::Parameter& parameter : function.each_parameter) {
      parameters += std::string(tree.text->slice(parameter.name)) + ", ";
    }
    all[std::string(tree.text->slice(function.name))].push_back(std::move(parameters));
  }
  return all;
}

bool any_head_touched(const std::vector<workspace::Function>& functions,
                      const std::vector<Change>& changes) {
  return std::any_of(functions.begin(), functions.end(), [&](const workspace::Function& function) {
    return std::any_of(changes.begin(), changes.end(), [&](const Change& change) {
      return change.before.begin <= function.parameters.end &&
             change.before.end >= function.whole.begin;
    });
  });
}

}  // namespace

std::vector<std::string> changed_signatures(const workspace::FunctionQuery& query,
                                            const workspace::QueryCursor& cursor,
                                            const workspace::SyntaxTree& before,
                                            const workspace::SyntaxTree& after,
                                            const std::vector<Change>& changes) {
  std::vector<std::string> names;
  const std::vector<workspace::Function> functions = query.in(before, cursor);
  if (!any_head_touched(functions, changes)) return names;
  const Signatures now = signatures_of(query.in(after, cursor), after);
  for (const auto& [name, parameters] : signatures_of(functions, before)) {
    const auto found = now.find(name);
    if (found == now.end() || found->second != parameters) names.push_back(name);
  }
  return names;
}

}  // namespace rondo::assist
