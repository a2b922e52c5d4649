#include "assist/signature_changes.h"

#include <map>
#include <utility>

namespace rondo::assist {
namespace {

// By name: all that functions of that name are called with, in the order of the text.
using Signatures = std::map<std::string, std::vector<std::string>>;

Signatures signatures_of(const workspace::FunctionQuery& query,
                         const workspace::QueryCursor& cursor, const workspace::SyntaxTree& tree) {
  Signatures all;
  for (const workspace::Function& function : query.in(tree, cursor)) {
    std::string parameters;
    for (const workspace::Parameter& parameter : function.each_parameter) {
      parameters += std::string(tree.text->slice(parameter.name)) + ", ";
    }
    all[std::string(tree.text->slice(function.name))].push_back(std::move(parameters));
  }
  return all;
}

}  // namespace

std::vector<std::string> changed_signatures(const workspace::FunctionQuery& query,
                                            const workspace::QueryCursor& cursor,
                                            const workspace::SyntaxTree& before,
                                            const workspace::SyntaxTree& after) {
  std::vector<std::string> names;
  const Signatures now = signatures_of(query, cursor, after);
  for (const auto& [name, parameters] : signatures_of(query, cursor, before)) {
    const auto found = now.find(name);
    if (found == now.end() || found->second != parameters) names.push_back(name);
  }
  return names;
}

}  // namespace rondo::assist
