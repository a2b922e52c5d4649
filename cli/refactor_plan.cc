#include "cli/refactor_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "assist/cursor_window.h"
#include "assist/drafter.h"
#include "cli/model_path.h"
#include "cli/refactor_model.h"
#include "cli/settings.h"

namespace rondo::cli {
namespace {

constexpr int64_t kContextTokens = assist::DrafterOptions().context_tokens;

}  // namespace

Result<RefactorPlan> RefactorPlan::open(const RefactorArguments& arguments,
                                        const RefactorWork& work, const Environment& environment) {
  if (!work.recipe->recipe().needs_model()) return RefactorPlan(std::nullopt);
  ASSIGN_OR_RETURN(const config::Configuration configuration,
                   configuration_of(environment, work.root, arguments.flags));
  ASSIGN_OR_RETURN(const std::string folder, find_model(environment, configuration));
  ASSIGN_OR_RETURN(engine::ModelConfig config, engine::ModelConfig::load(folder));
  ASSIGN_OR_RETURN(engine::Tokenizer tokenizer, engine::Tokenizer::load(folder));
  Model model{.folder = folder, .config = std::move(config), .tokenizer = std::move(tokenizer)};
  if (const auto speed = read_speed(environment, folder)) {
    model.seconds_a_hole = speed->seconds / static_cast<double>(speed->n_holes);
  }
  return RefactorPlan(std::move(model));
}

PlannedFile RefactorPlan::add(const assist::FileOutcome& outcome) {
  PlannedFile file;
  for (const assist::RecipeHole& hole : outcome.rewrite.open) {
    ++file.n_holes;
    file.n_read += model_ ? count_around(hole) : 0;
    file.n_written += hole.choices.empty() ? hole.edit->max_tokens : 0;
  }
  total_.n_holes += file.n_holes;
  total_.n_read += file.n_read;
  total_.n_written += file.n_written;
  return file;
}

// What the model sees of the file around a hole.
int64_t RefactorPlan::count_around(const assist::RecipeHole& hole) const {
  constexpr double kBytesPerToken = 3.4;
  const assist::DrafterOptions options;
  assist::CursorWindow window(
      {.prefix_bytes = static_cast<int64_t>(options.prefix_tokens * kBytesPerToken),
       .prefix_step_bytes = static_cast<int64_t>(options.prefix_tokens / 3 * kBytesPerToken),
       .suffix_bytes = static_cast<int64_t>(options.suffix_tokens * kBytesPerToken)});
  window.place(hole.text, hole.range.begin);
  const auto count = [&](const std::string& text) {
    return static_cast<int64_t>(model_->tokenizer.encode_part(text).size());
  };
  return count(window.prefix()) + count(window.suffix());
}

std::optional<double> RefactorPlan::seconds() const {
  if (!model_) return std::nullopt;
  const auto n_holes = static_cast<double>(total_.n_holes);
  if (model_->seconds_a_hole) return n_holes * *model_->seconds_a_hole;
  // Two operations a weight and token, Segments by the first loop alone.
  constexpr double kCoreFlops = 25e9;  // of a core: a guess, until a run was timed
  const engine::ModelConfig& config = model_->config;
  const double loop_flops = 2.0 * static_cast<double>(config.layer_parameters()) * config.n_layers;
  const double n_context = config.segment ? n_holes * static_cast<double>(kContextTokens) : 0;
  const auto n_own = static_cast<double>(total_.n_read + total_.n_written);
  const double cores = std::max(1u, std::thread::hardware_concurrency());
  return loop_flops * (n_context + config.n_loops * n_own) / (kCoreFlops * cores);
}

std::string RefactorPlan::summary() const {
  if (!model_ || total_.n_holes == 0) return "";
  const char* const by = model_->seconds_a_hole ? "as in the last run" : "on this CPU, at most";
  return fmt::format(
      "{} places for the model {}: {} tokens around them, up to {} of context for each, up to {} "
      "to write; about {:.0f} s, {}",
      total_.n_holes, model_->folder, total_.n_read, model_->config.segment ? kContextTokens : 0,
      total_.n_written, *seconds(), by);
}

}  // namespace rondo::cli
