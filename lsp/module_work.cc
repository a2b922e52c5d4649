#include "lsp/module_work.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "assist/module_sentence.h"
#include "assist/sibling_style.h"

namespace rondo::lsp {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSiblings = 64;

// The language of most files in the folder; nullptr when there are none of a language with grammar.
const workspace::Language* usual_language(const Desk& desk) {
  std::map<const workspace::Language*, int> counts;
  for (const workspace::FileBlocksSnapshot& file : desk.index.files_in(desk.path, kMaxSiblings)) {
    if (file->language->grammar != nullptr) ++counts[file->language];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? nullptr : most->first;
}

const workspace::Language* language_named(const std::string& name, const Desk& desk) {
  if (name.empty()) return usual_language(desk);
  const workspace::Language* const ours = workspace::language_by_id(name);
  return ours != nullptr ? ours : workspace::language_by_client_id(name);
}

}  // namespace

Result<PlannedModule> plan_module(const ModuleOrder& order, const Desk& desk) {
  ASSIGN_OR_RETURN(const assist::AskedModule asked, assist::read_module_sentence(order.sentence));
  const workspace::Language* const language = language_named(order.language, desk);
  if (language == nullptr) {
    return invalid_argument_error("Say the language: one of " + assist::module_languages());
  }
  const assist::SiblingStyle style = assist::read_sibling_style(desk.index, desk.path, *language);
  PlannedModule planned = {.language = std::string(language->id), .folder = desk.folder};
  ASSIGN_OR_RETURN(planned.plan, assist::plan_module(asked, style, desk.path, *language));
  for (const assist::PlannedFile& file : planned.plan.files) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(desk.folder + "/" + file.path, error))) {
      return invalid_argument_error(file.path +
                                    " is there already; name the module: \"name: what it does\"");
    }
  }
  return planned;
}

Result<assist::WrittenModule> make_module(const PlannedModule& planned, const Desk& desk,
                                          const ModuleMaking& making, std::stop_token stop) {
  std::stop_source either;
  const std::stop_callback asked(stop, [&] { either.request_stop(); });
  const std::stop_callback closed(desk.stop, [&] { either.request_stop(); });
  const fs::path state = fs::path(making.places.trust_file).parent_path();
  assist::ModuleParams params = {.plan = planned.plan,
                                 .language = workspace::language_by_id(planned.language),
                                 .folder = desk.folder,
                                 .trusted = config::is_trusted(making.places, desk.folder),
                                 .scratch = (state / "checks").string(),
                                 .client = making.client + ":module",
                                 .on_function = making.told};
  params.drafting.folder = desk.folder;
  return assist::write_module(desk.engine, desk.index, params, either.get_token());
}

}  // namespace rondo::lsp
