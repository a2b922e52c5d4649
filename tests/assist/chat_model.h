// A folder with the embedded model's configuration and tokenizer and a chat template, for engines
// that answer from a script: ChatML, whose marks are among its special tokens.
//
// Thread: one test. Owns the folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/scripted_engine.h"
#include "tests/engine/model_folder.h"

namespace rondo::assist {

inline const std::string kChatMl =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class ChatModelFolder {
 public:
  explicit ChatModelFolder(const std::string& chat_template = kChatMl) {
    const std::filesystem::path mini = RONDO_SOURCE_DIR "/models/loopcoder-mini";
    for (const char* name :
         {"config.json", "generation_config.json", "tokenizer.model", "tokenizer_config.json"}) {
      std::filesystem::copy_file(mini / name, folder_.path() + "/" + name);
    }
    if (!chat_template.empty()) folder_.write("chat_template.jinja", chat_template);
  }

  const std::string& path() const { return folder_.path(); }
  // `answers`: what stands in a script's list.
  std::unique_ptr<engine::ScriptedEngine> engine(const std::string& answers) const {
    auto script = engine::Script::parse("{\"answers\": [" + answers + "]}", "the script").value();
    return engine::ScriptedEngine::create(path(), std::move(script)).value();
  }

 private:
  engine::ScratchFolder folder_;
};

}  // namespace rondo::assist
