#include "cli/refactor_model.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <utility>

#include "cli/model_path.h"
#include "cli/settings.h"

namespace rondo::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kPatience{5};  // for the rest of the workspace to be read

std::string speed_file(const Environment& environment) {
  return environment.state_home + "/rondo/refactor-speed.json";
}

Json read_speeds(const Environment& environment) {
  std::ifstream file(speed_file(environment), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Result<Json> json = parse_json(text, speed_file(environment));
  return json.ok() && json->is_object() ? std::move(*json) : Json::object();
}

std::vector<assist::Example> examples_of(const assist::Recipe& recipe) {
  std::vector<assist::Example> examples;
  for (const assist::RecipeExample& each : recipe.examples) {
    examples.push_back({each.path, each.text});
  }
  return examples;
}

}  // namespace

std::optional<HoleSpeed> read_speed(const Environment& environment, const std::string& model) {
  const Json all = read_speeds(environment);
  const auto found = all.find(model);
  if (found == all.end()) return std::nullopt;
  HoleSpeed speed;
  speed.n_holes = json_get<int64_t>(*found, "holes").value_or(0);
  speed.seconds = json_get<double>(*found, "seconds").value_or(0);
  if (speed.n_holes <= 0 || speed.seconds <= 0) return std::nullopt;
  return speed;
}

// What cannot be kept is no harm: there is no forecast then.
void write_speed(const Environment& environment, const std::string& model, const HoleSpeed& speed) {
  Json all = read_speeds(environment);
  all[model] = {{"holes", speed.n_holes}, {"seconds", speed.seconds}};
  const std::string path = speed_file(environment);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  const std::string draft = path + ".part";
  std::ofstream file(draft, std::ios::binary);
  file << dump_json(all) << "\n";
  file.close();
  if (file) std::filesystem::rename(draft, path, error);
}

Result<std::unique_ptr<RefactorModel>> RefactorModel::open_bare(const Flags& flags,
                                                                const std::string& root,
                                                                const Environment& environment) {
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, root, flags));
  ASSIGN_OR_RETURN(const std::string folder, find_model(environment, configuration));
  std::unique_ptr<RefactorModel> model(new RefactorModel(environment, folder));
  // The model loads while the workspace is read.
  auto loading = std::async(std::launch::async, [&] {
    return engine::Engine::load(engine_options(configuration, folder));
  });
  const Status indexed = model->read_workspace(root);
  ASSIGN_OR_RETURN(model->engine_, loading.get());
  RETURN_IF_ERROR(indexed);
  return model;
}

Result<std::unique_ptr<RefactorModel>> RefactorModel::open(const RefactorArguments& arguments,
                                                           RefactorWork& work,
                                                           const Environment& environment) {
  ASSIGN_OR_RETURN(std::unique_ptr<RefactorModel> model,
                   open_bare(arguments.flags, work.root, environment));
  const assist::Recipe& recipe = work.recipe->recipe();
  RETURN_IF_ERROR(model->check_abilities(recipe));
  model->writer_.emplace(*model->engine_, model->index_,
                         assist::HoleWriterOptions{.depth = arguments.depth,
                                                   .n_candidates = arguments.candidates,
                                                   .folder = work.root,
                                                   .examples = examples_of(recipe)});
  if (work.edits) {
    model->book_.emplace(*work.edits, std::move(work.answers),
                         [writer = &*model->writer_](std::span<const assist::RecipeHole> holes) {
                           return writer->fill(holes);
                         });
  }
  return model;
}

Status RefactorModel::read_workspace(const std::string& root) {
  ASSIGN_OR_RETURN(indexer_, workspace::Indexer::start(root, index_));
  if (indexer_->wait_until_idle(kPatience)) return {};
  std::fprintf(stderr, "rondo: read %lld files in %lld min and went on without the rest\n",
               static_cast<long long>(indexer_->progress().n_done),
               static_cast<long long>(kPatience.count()));
  return {};
}

Status RefactorModel::check_abilities(const assist::Recipe& recipe) const {
  using Kind = assist::RecipeEdit::Kind;
  const engine::ChatTemplate& chat = engine_->config().chat;
  if (recipe.needs(Kind::kInstruct) && !chat.format) {
    return invalid_argument_error(
        "instructions need a chat model, and " + folder_ + " " + chat.why_not +
        "; name one with --model, or use a recipe of templates and holes");
  }
  if (!recipe.needs(Kind::kHole) || engine_->config().fim) return {};
  return invalid_argument_error(folder_ +
                                " was not trained to fill in the middle; name another "
                                "with --model, or use a recipe of templates");
}

std::vector<assist::HoleAnswer> RefactorModel::fill(std::span<const assist::RecipeHole> holes) {
  std::vector<assist::RecipeHole> asked(holes.begin(), holes.end());
  {
    const std::lock_guard lock(mutex_);
    if (!began_) began_ = Clock::now();
    for (assist::RecipeHole& hole : asked) {
      const auto known = rejected_.find(hole.path);
      if (known != rejected_.end()) hole.rejected = known->second;
    }
  }
  std::vector<assist::HoleAnswer> answers = book_ ? book_->fill(asked) : writer_->fill(asked);
  const std::lock_guard lock(mutex_);
  speed_.n_holes += static_cast<int64_t>(holes.size());
  speed_.seconds = std::chrono::duration<double>(Clock::now() - *began_).count();
  return answers;
}

void RefactorModel::reject(const std::string& path, const std::string& answer) {
  const std::lock_guard lock(mutex_);
  rejected_[path].push_back(answer);
}

void RefactorModel::changed(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) indexer_->file_changed(path);
}

void RefactorModel::finish() const {
  if (speed_.n_holes > 0) write_speed(environment_, folder_, speed_);
}

}  // namespace rondo::cli
