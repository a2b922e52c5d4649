#include "workspace/syntax_query.h"

#include "base/check.h"

namespace rondo::workspace {

SyntaxQuery::SyntaxQuery(const Language& language, std::string_view name) {
  const std::string text = query_text(language, name);
  uint32_t error_offset = 0;
  TSQueryError error = TSQueryErrorNone;
  query_.reset(ts_query_new(language.grammar(), text.data(), static_cast<uint32_t>(text.size()),
                            &error_offset, &error));
  CHECK(query_ != nullptr, text.substr(error_offset).c_str());
  for (uint32_t id = 0; id < ts_query_capture_count(query_.get()); ++id) {
    uint32_t length = 0;
    const char* capture = ts_query_capture_name_for_id(query_.get(), id, &length);
    capture_names_.emplace_back(capture, length);
  }
}

}  // namespace rondo::workspace
