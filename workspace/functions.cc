#include "workspace/functions.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace rondo::workspace {
namespace {

ByteRange bytes_of(TSNode node) {
  return {.begin = ts_node_start_byte(node), .end = ts_node_end_byte(node)};
}

bool holds(ByteRange outer, ByteRange inner) {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

// A match by the names of its captures.
class Captures {
 public:
  Captures(const TSQueryMatch& match, const std::vector<std::string>& names)
      : match_(match), names_(names) {}

  std::optional<TSNode> find(std::string_view name) const {
    for (uint16_t i = 0; i < match_.capture_count; ++i) {
      if (names_[match_.captures[i].index] == name) return match_.captures[i].node;
    }
    return std::nullopt;
  }
  std::optional<ByteRange> bytes(std::string_view name) const {
    const std::optional<TSNode> node = find(name);
    return node ? std::optional(bytes_of(*node)) : std::nullopt;
  }

 private:
  const TSQueryMatch& match_;
  const std::vector<std::string>& names_;
};

struct Found {
  Function function;
  TSNode outer;
};

// What a further match of the same function says of it.
void add(Found& found, const Captures& captures) {
  Function& function = found.function;
  if (const auto name = captures.bytes("name")) function.name = *name;
  if (const auto parameters = captures.bytes("parameters")) function.parameters = *parameters;
  if (const auto type = captures.bytes("return")) function.return_type = type;
  if (const auto body = captures.bytes("body")) function.body = *body;
  if (const auto doc = captures.bytes("doc")) function.doc = doc;
  const std::optional<TSNode> outer = captures.find("outer");
  if (outer && holds(bytes_of(*outer), function.whole)) {
    function.whole = bytes_of(*outer);
    found.outer = *outer;
  }
}

// Comments that end on the line before `node`, and those before them.
std::optional<ByteRange> comments_before(TSNode node) {
  std::optional<ByteRange> comments;
  uint32_t row = ts_node_start_point(node).row;
  for (TSNode before = ts_node_prev_sibling(node); !ts_node_is_null(before);
       before = ts_node_prev_sibling(before)) {
    const bool comment = std::string_view(ts_node_type(before)).ends_with("comment");
    // Rust's line comments hold their line end.
    const TSPoint end = ts_node_end_point(before);
    const uint32_t last_row = end.column == 0 && end.row > 0 ? end.row - 1 : end.row;
    if (!comment || last_row + 1 != row) break;
    comments = {ts_node_start_byte(before),
                comments ? comments->end : static_cast<int64_t>(ts_node_end_byte(before))};
    row = ts_node_start_point(before).row;
  }
  return comments;
}

// Gives each of `parameters` to the innermost function in whose list it stands.
void give(std::vector<Parameter> parameters, std::vector<Function>& functions) {
  for (Parameter& parameter : parameters) {
    Function* owner = nullptr;
    for (Function& function : functions) {
      if (holds(function.parameters, parameter.bytes)) owner = &function;
    }
    if (owner != nullptr) owner->each_parameter.push_back(std::move(parameter));
  }
}

}  // namespace

FunctionQuery::FunctionQuery(const Language& language) : query_(language, "functions") {
  const std::vector<std::string>& names = query_.capture_names();
  doc_is_in_body_ = std::find(names.begin(), names.end(), "doc") != names.end();
}

std::vector<Function> FunctionQuery::in(const SyntaxTree& tree, const QueryCursor& cursor) const {
  std::map<std::pair<int64_t, int64_t>, Found> found;  // by begin and, the longer first, end
  std::vector<Parameter> parameters;
  ts_query_cursor_set_max_start_depth(cursor.get(), UINT32_MAX);
  ts_query_cursor_exec(cursor.get(), query_.get(), ts_tree_root_node(tree.tree.get()));
  for (TSQueryMatch match; ts_query_cursor_next_match(cursor.get(), &match);) {
    const Captures captures(match, query_.capture_names());
    if (const auto parameter = captures.bytes("parameter")) {
      const ByteRange name = captures.bytes("parameter.name").value_or(*parameter);
      parameters.push_back({*parameter, name, captures.bytes("parameter.type")});
    }
    const std::optional<TSNode> node = captures.find("function");
    if (!node) continue;
    const ByteRange bytes = bytes_of(*node);
    const auto it =
        found
            .try_emplace({bytes.begin, -bytes.end},
                         Found{.function = {.whole = bytes, .bytes = bytes}, .outer = *node})
            .first;
    add(it->second, captures);
  }
  std::vector<Function> functions;
  for (auto& [key, one] : found) {
    if (one.function.parameters.empty()) continue;  // only another match would have said more
    if (!doc_is_in_body_) one.function.doc = comments_before(one.outer);
    functions.push_back(std::move(one.function));
  }
  std::sort(parameters.begin(), parameters.end(), [](const Parameter& a, const Parameter& b) {
    return std::pair(a.bytes.begin, !a.type) < std::pair(b.bytes.begin, !b.type);
  });
  const auto same = [](const Parameter& a, const Parameter& b) { return a.bytes == b.bytes; };
  parameters.erase(std::unique(parameters.begin(), parameters.end(), same), parameters.end());
  give(std::move(parameters), functions);
  return functions;
}

bool has_functions(const Language& language) {
  return language.grammar != nullptr && !query_text(language, "functions").empty();
}

const FunctionQuery& FunctionQueries::of(const Language& language) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<const FunctionQuery>& query = queries_[&language];
  if (query == nullptr) query = std::make_unique<const FunctionQuery>(language);
  return *query;
}

const Function* function_at(const std::vector<Function>& functions, int64_t offset) {
  const Function* innermost = nullptr;
  for (const Function& function : functions) {
    const int64_t end = std::max(function.whole.end, function.body.end);
    const bool inside = function.whole.begin <= offset && offset <= end;
    if (inside && (innermost == nullptr || function.bytes.size() <= innermost->bytes.size())) {
      innermost = &function;
    }
  }
  return innermost;
}

}  // namespace rondo::workspace
