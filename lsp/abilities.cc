#include "lsp/abilities.h"

#include <filesystem>

#include "base/mapped_file.h"

namespace rondo::lsp {
namespace {

namespace fs = std::filesystem;

// A model whose answers end so soon is made for the line at the cursor.
constexpr int32_t kLineTokens = 64;

bool has_chat_template(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "chat_template.jinja", error)) return true;
  const auto file = MappedFile::open(folder / "tokenizer_config.json");
  if (!file.ok()) return false;
  const Result<Json> json = parse_json(file->text(), "tokenizer_config.json");
  return json.ok() && json->is_object() && json->contains("chat_template");
}

}  // namespace

Abilities read_abilities(const std::string& folder, const engine::ModelConfig& config) {
  const fs::path path(folder);
  return {.name = (path.has_filename() ? path : path.parent_path()).filename(),
          .fills_in = config.fim.has_value(),
          .several_lines = config.max_new_tokens > kLineTokens,
          .reads_others = config.segment || (config.fim && config.fim->file_sep_token),
          .chats = has_chat_template(path)};
}

std::string sentence(const Abilities& abilities) {
  return abilities.name + ": " +
         (!abilities.fills_in       ? "no completion"
          : abilities.several_lines ? "several lines"
                                    : "single lines") +
         (abilities.chats ? ", chat that nothing here uses" : ", no chat");
}

Json to_json(const Abilities& abilities) {
  return {{"fim", abilities.fills_in},
          {"lines", abilities.several_lines ? "several" : "single"},
          {"otherFiles", abilities.reads_others},
          {"chat", abilities.chats}};
}

std::string larger_model_hint(const std::string& user_file) {
  return "another model: {\"model\": \"/its/folder\"} in " + user_file +
         ", then rondo daemon stop; rondo model inspect DIR says what one can do";
}

}  // namespace rondo::lsp
