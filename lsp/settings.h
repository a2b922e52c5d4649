// Settings: what the configuration means for the suggestions in one document. What counts last:
//
//     the user's file < the file of the document's workspace folder < initializationOptions
//                     < the section "rondo" of the editor's configuration
//
// Thread: the loop.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "assist/completion.h"
#include "base/json.h"
#include "config/files.h"

namespace rondo::lsp {

// As config::schema() explains them.
struct Settings {
  bool automatic = true;
  bool multiline = false;
  bool context = true;
  assist::ContextMode context_mode = assist::ContextMode::kSegments;
  bool read_ahead = true;
  bool completion_menu = false;
  int32_t max_tokens = 0;
  int32_t candidates = 3;
  int32_t steps = 1;
  assist::Gate gate;
};

class SettingsStore {
 public:
  // Each replaces what it was told before; null says nothing. Files come first.
  void set_files(config::FileLayers files);
  void set_initial(const Json& options);
  void set_section(const Json& section);

  // For a document at this absolute path.
  Settings of(std::string_view path) const;
  // For those in a workspace folder; empty: in none.
  Settings in(const std::string& folder) const;
  // Sentences about what does not count, none of them twice.
  std::vector<std::string> take_problems();

 private:
  config::Layer read(const Json& json) const;

  config::FileLayers files_;
  config::Layer initial_;
  config::Layer section_;
  std::set<std::string> told_;  // problems
};

}  // namespace rondo::lsp
