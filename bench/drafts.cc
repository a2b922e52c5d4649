#include "bench/drafts.h"

#include <utility>

#include "assist/drafter.h"
#include "bench/cases.h"

namespace rondo::bench {
namespace {

constexpr int32_t kMaxLineTokens = 80;
constexpr int32_t kMaxLinesTokens = 200;

std::string run_name(const engine::Engine& engine, const Corpus& corpus,
                     const DraftsOptions& options) {
  return "drafts, model " + engine.config().digest.to_string() + " on " + engine.stats().kernels +
         ", corpus " + corpus_digest(corpus).to_string() + ", context " +
         std::to_string(options.context_tokens);
}

}  // namespace

Result<std::unique_ptr<Drafts>> Drafts::open(engine::Engine* engine, const Corpus& corpus,
                                             DraftsOptions options) {
  std::unique_ptr<Drafts> drafts(new Drafts(engine, corpus, std::move(options)));
  const std::string& log = drafts->options_.log;
  if (engine != nullptr && log.empty()) return drafts;
  std::string run;
  if (engine != nullptr) {
    run = run_name(*engine, corpus, drafts->options_);
  } else {
    ASSIGN_OR_RETURN(run, ResultLog::last_run(log));
  }
  ASSIGN_OR_RETURN(drafts->log_, ResultLog::open(log, run));
  return drafts;
}

Result<HoleDraft> Drafts::at(const Hole& hole, DraftLength length) {
  const std::string key =
      place_of(corpus_, hole) + (length == DraftLength::kLine ? ", line" : ", lines");
  if (const Json* known = log_ ? log_->find(key) : nullptr) {
    return HoleDraft{
        .text = json_get<std::string>(*known, "text").value_or(""),
        .logprobs = json_get<std::vector<float>>(*known, "logprobs").value_or(std::vector<float>()),
        .known = true};
  }
  if (engine_ == nullptr) return not_found_error(options_.log + " has no draft at " + key);
  const Repository& repository = corpus_.repositories[hole.repository];
  const CorpusFile& file = repository.files[hole.file];
  if (&repository != repository_) {
    ASSIGN_OR_RETURN(workspace_, CorpusWorkspace::make(*engine_, repository));
    repository_ = &repository;
  }
  RETURN_IF_ERROR(workspace_->replace(file.path, cut_text(file.text, hole)));
  ASSIGN_OR_RETURN(HoleDraft draft, ask(file, hole, length));
  RETURN_IF_ERROR(workspace_->replace(file.path, file.text));
  if (log_) RETURN_IF_ERROR(log_->add(key, {{"text", draft.text}, {"logprobs", draft.logprobs}}));
  return draft;
}

Result<HoleDraft> Drafts::ask(const CorpusFile& file, const Hole& hole, DraftLength length) {
  const std::string cut = cut_text(file.text, hole);
  workspace::Document document;
  document.path = file.path;
  document.text = std::make_shared<const workspace::Text>(cut);
  document.language = &workspace::language_of_file(file.path, file.text);
  assist::DrafterOptions drafting = {.context_tokens = options_.context_tokens};
  if (hole.begin != hole.end) drafting.forbidden_lines = forbidden_lines(file.text, hole);
  const assist::DraftPlace place = {cut, hole.begin};
  assist::Drafter drafter(*engine_, workspace_->index(), drafting, document, place, "drafts");
  engine::StopOptions stop = {.max_tokens = kMaxLineTokens, .strings = {"\n"}};
  if (length == DraftLength::kLines) stop = {.max_tokens = kMaxLinesTokens, .strings = {"\n\n"}};
  ASSIGN_OR_RETURN(assist::Draft draft, drafter.draft(place, {.stop = std::move(stop)}, {}));
  return HoleDraft{.text = std::move(draft.text), .logprobs = std::move(draft.logprobs)};
}

std::string place_of(const Corpus& corpus, const Hole& hole) {
  const Repository& repository = corpus.repositories[hole.repository];
  return repository.name + "/" + repository.files[hole.file].path + ":" +
         std::to_string(hole.begin) + "-" + std::to_string(hole.end);
}

}  // namespace rondo::bench
