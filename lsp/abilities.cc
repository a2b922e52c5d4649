#include "lsp/abilities.h"

#include <filesystem>

namespace rondo::lsp {
namespace {

namespace fs = std::filesystem;

// A model whose answers end so soon is made for the line at the cursor.
constexpr int32_t kLineTokens = 64;

}  // namespace

Abilities read_abilities(const std::string& folder, const engine::ModelConfig& config) {
  const fs::path path(folder);
  return {.name = (path.has_filename() ? path : path.parent_path()).filename(),
          .fills_in = config.fim.has_value(),
          .several_lines = config.max_new_tokens > kLineTokens,
          .reads_others = config.segment || (config.fim && config.fim->file_sep_token),
          .chats = config.chat.format.has_value()};
}

std::string sentence(const Abilities& abilities) {
  return abilities.name + ": " +
         (!abilities.fills_in       ? "no completion"
          : abilities.several_lines ? "several lines"
                                    : "single lines") +
         (abilities.chats ? ", chat" : ", no chat");
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
