#include "assist/yaml.h"

#include <yaml.h>

#include <memory>
#include <utility>

namespace rondo::assist {
namespace {

constexpr int kMaxDepth = 32;

struct EventDeleter {
  void operator()(yaml_event_t* event) const {
    yaml_event_delete(event);
    delete event;
  }
};
using Event = std::unique_ptr<yaml_event_t, EventDeleter>;

class Reader {
 public:
  Reader(std::string_view text, std::string_view what) : what_(what) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<YamlNode> document() {
    RETURN_IF_ERROR(expect(YAML_STREAM_START_EVENT));
    RETURN_IF_ERROR(expect(YAML_DOCUMENT_START_EVENT));
    ASSIGN_OR_RETURN(const Event event, next());
    ASSIGN_OR_RETURN(YamlNode node, node_of(*event, 0));
    RETURN_IF_ERROR(expect(YAML_DOCUMENT_END_EVENT));
    RETURN_IF_ERROR(expect(YAML_STREAM_END_EVENT));
    return node;
  }

 private:
  Status error(size_t line, const std::string& sentence) const {
    return invalid_argument_error(what_ + ":" + std::to_string(line + 1) + ": " + sentence);
  }

  Result<Event> next() {
    Event event(new yaml_event_t{});
    if (yaml_parser_parse(&parser_, event.get()) != 0) return event;
    std::string problem = parser_.problem == nullptr ? "is no YAML" : parser_.problem;
    return error(parser_.problem_mark.line, problem);
  }

  Status expect(yaml_event_type_t type) {
    ASSIGN_OR_RETURN(const Event event, next());
    if (event->type == type) return {};
    return error(event->start_mark.line, "one document with something in it is expected");
  }

  Result<YamlNode> node_of(const yaml_event_t& event, int depth) {
    YamlNode node;
    node.line = node.text_line = static_cast<int64_t>(event.start_mark.line) + 1;
    if (depth > kMaxDepth) return error(event.start_mark.line, "this is nested too deep");
    switch (event.type) {
      case YAML_SCALAR_EVENT:
        return text_of(event, std::move(node));
      case YAML_SEQUENCE_START_EVENT:
        return list_of(std::move(node), depth);
      case YAML_MAPPING_START_EVENT:
        return map_of(std::move(node), depth);
      default:
        return error(event.start_mark.line, "a value is expected here; aliases are not read");
    }
  }

  Result<YamlNode> text_of(const yaml_event_t& event, YamlNode node) {
    const auto& scalar = event.data.scalar;
    if (scalar.anchor != nullptr || scalar.tag != nullptr) {
      return error(event.start_mark.line, "anchors and tags are not read; write the value itself");
    }
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const bool block =
        scalar.style == YAML_LITERAL_SCALAR_STYLE || scalar.style == YAML_FOLDED_SCALAR_STYLE;
    if (block) ++node.text_line;
    return node;
  }

  Result<YamlNode> list_of(YamlNode node, int depth) {
    node.kind = YamlNode::Kind::kList;
    while (true) {
      ASSIGN_OR_RETURN(const Event event, next());
      if (event->type == YAML_SEQUENCE_END_EVENT) return node;
      ASSIGN_OR_RETURN(YamlNode item, node_of(*event, depth + 1));
      node.items.push_back(std::move(item));
    }
  }

  Result<YamlNode> map_of(YamlNode node, int depth) {
    node.kind = YamlNode::Kind::kMap;
    while (true) {
      ASSIGN_OR_RETURN(const Event event, next());
      if (event->type == YAML_MAPPING_END_EVENT) return node;
      ASSIGN_OR_RETURN(YamlNode key, node_of(*event, depth + 1));
      if (key.kind != YamlNode::Kind::kText) {
        return error(event->start_mark.line, "a name is expected before the ':'");
      }
      if (node.find(key.text) != nullptr) {
        return error(event->start_mark.line, "'" + key.text + "' is said twice; remove one");
      }
      ASSIGN_OR_RETURN(const Event value_event, next());
      ASSIGN_OR_RETURN(YamlNode value, node_of(*value_event, depth + 1));
      node.fields.push_back({std::move(key.text), std::move(value)});
    }
  }

  std::string what_;
  yaml_parser_t parser_;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : fields) {
    if (name == key) return &value;
  }
  return nullptr;
}

Result<YamlNode> parse_yaml(std::string_view text, std::string_view what) {
  return Reader(text, what).document();
}

}  // namespace rondo::assist
