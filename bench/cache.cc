#include "bench/cache.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "bench/progress.h"
#include "bench/random.h"
#include "bench/typing_trace.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/edit_history.h"
#include "workspace/languages.h"

namespace rondo::bench {
namespace {

using assist::CompletionReport;

constexpr size_t kLeastBytes = 2000;  // of a file that somebody works in
constexpr size_t kMostBytes = 60'000;
constexpr int kReturnPercent = 60;  // of visits, once there was one

// The work tree as somebody has it who types.
class Desk {
 public:
  static Result<std::unique_ptr<Desk>> open(const Repository& repository) {
    auto desk = std::make_unique<Desk>();
    for (const CorpusFile& file : repository.files)
      RETURN_IF_ERROR(desk->index_file(file.path, file.text));
    return desk;
  }

  const workspace::BlockIndex& index() const { return index_; }

  // A file has this text now; it is open from then on.
  workspace::DocumentSnapshot type(const std::string& path, const std::string& text) {
    auto document = std::make_shared<workspace::Document>();
    document->path = path;
    document->uri = "file:///" + path;
    document->language = &workspace::language_of_file(path, text);
    document->text = std::make_shared<const workspace::Text>(text);
    workspace::DocumentSnapshot& now = open_[path];
    if (now != nullptr) edits_.add(now, document);
    return now = document;
  }
  // What the indexer does when somebody pauses.
  Status index_file(const std::string& path, const std::string& bytes) {
    const auto text = std::make_shared<const workspace::Text>(bytes);
    const workspace::Language& language = workspace::language_of_file(path, bytes);
    ASSIGN_OR_RETURN(workspace::Chunked chunked, chunker_.chunk(language, text));
    index_.replace(
        {.path = path, .language = &language, .text = text, .blocks = std::move(chunked.blocks)});
    return {};
  }

  std::vector<workspace::DocumentSnapshot> open_documents() const {
    std::vector<workspace::DocumentSnapshot> documents;
    for (const auto& [path, document] : open_) documents.push_back(document);
    return documents;
  }
  std::vector<workspace::DocumentEdit> edits() const { return edits_.recent(); }

 private:
  workspace::BlockQueries queries_;
  workspace::Chunker chunker_{queries_};
  workspace::BlockIndex index_;
  workspace::EditHistory edits_;
  std::map<std::string, workspace::DocumentSnapshot> open_;  // by path
};

// Types in a few files, going back and forth between them.
class Typist {
 public:
  Typist(engine::Engine& engine, Desk& desk, assist::ContextMode mode,
         const CacheBenchOptions& options, Progress& progress)
      : engine_(engine),
        desk_(desk),
        completer_(engine, desk.index(), completer_options(options)),
        options_(options),
        progress_(progress) {
    run_.mode = mode;
  }

  Result<CacheRun> work(const std::vector<const CorpusFile*>& files) {
    Random random(options_.seed);
    std::vector<std::string> texts;  // of the files that were visited
    size_t last = files.size();      // none
    while (n_done_ < options_.n_actions) {
      const bool returns =
          texts.size() == files.size() || (texts.size() > 1 && random.percent(kReturnPercent));
      size_t next = returns ? random.below(static_cast<int64_t>(texts.size())) : texts.size();
      if (returns && next == last) next = (next + 1) % texts.size();
      if (!returns) texts.push_back(files[next]->text);
      const std::string& path = files[next]->path;
      texts[next] = visit(path, texts[next], returns, static_cast<uint32_t>(random.next()));
      RETURN_IF_ERROR(desk_.index_file(path, texts[next]));
      last = next;
    }
    return std::move(run_);
  }

 private:
  // Returns the text of the file afterwards.
  std::string visit(const std::string& path, const std::string& text, bool returns, uint32_t seed) {
    int32_t n_here = 0;
    const auto act = [&](const TypingState& state) {
      const bool jumps = state.action == Action::kJump;
      CacheAction kind = jumps ? CacheAction::kJump : CacheAction::kKey;
      if (n_here++ == 0) kind = returns ? CacheAction::kReturn : CacheAction::kFirstVisit;
      pause(jumps);
      run_.actions[static_cast<int32_t>(kind)].add(complete(path, state));
      progress_.done(false);
      return ++n_done_ < options_.n_actions;
    };
    return type_trace(text,
                      {.n_actions = options_.keys_a_visit,
                       .most_keys = std::max(options_.keys_a_visit / 2, 1),
                       .seed = seed},
                      act);
  }

  static assist::CompleterOptions completer_options(const CacheBenchOptions& options) {
    assist::CompleterOptions completer = {.context_tokens = options.context_tokens,
                                          .folder = "/workspace"};
    if (options.pause.count() == 0) completer.first_token_budget = std::chrono::hours(1);
    return completer;
  }

  void pause(bool before_jump) {
    if (options_.pause.count() > 0)
      return std::this_thread::sleep_for(options_.pause * (before_jump ? 6 : 1));
    std::promise<void> idle;  // background work keeps its order
    engine::Request last = {.priority = engine::Priority::kBackground};
    last.on_done = [&](Result<engine::Completion>) { idle.set_value(); };
    engine_.submit(std::move(last));
    idle.get_future().wait();
  }

  CompletionReport complete(const std::string& path, const TypingState& state) {
    std::promise<CompletionReport> promise;
    completer_.complete({.document = desk_.type(path, state.text),
                         .offset = state.offset,
                         .open = desk_.open_documents(),
                         .edits = desk_.edits(),
                         .client = "bench",
                         .context_mode = run_.mode},
                        {}, [&](Result<assist::CompletionOutcome> outcome) {
                          promise.set_value(std::move(outcome).value().report);
                        });
    return promise.get_future().get();
  }

  engine::Engine& engine_;
  Desk& desk_;
  assist::Completer completer_;
  const CacheBenchOptions& options_;
  Progress& progress_;
  CacheRun run_;
  int32_t n_done_ = 0;
};

std::vector<const CorpusFile*> choose_files(const Repository& repository,
                                            const CacheBenchOptions& options) {
  std::vector<const CorpusFile*> files;
  for (const CorpusFile& file : repository.files) {
    if (file.text.size() >= kLeastBytes && file.text.size() <= kMostBytes) files.push_back(&file);
  }
  Random random(options.seed);
  random.shuffle(files);
  files.resize(std::min(files.size(), static_cast<size_t>(options.n_files)));
  return files;
}

}  // namespace

void CacheTokens::add(const CompletionReport& report) {
  ++n_actions;
  if (report.typed_through) {
    ++n_typed_through;
    return;
  }
  const int64_t n_encoded = std::min(report.n_encoded_tokens, report.n_segment_tokens);
  const int64_t n_new = report.n_prompt_tokens - report.n_cached_tokens + n_encoded;
  const int64_t n_all = report.n_prompt_tokens + report.n_segment_tokens;
  n_tokens += n_all;
  n_prefix_pages += report.n_adopted_tokens;
  n_cursor += report.n_cached_tokens - report.n_adopted_tokens;
  n_segments += report.n_segment_tokens - n_encoded;
  n_computed += n_new;
  n_whole_hits += 10 * n_new <= n_all;
  computed.push_back(n_new);
}

int64_t CacheTokens::computed_percentile(double p) const {
  if (computed.empty()) return 0;
  std::vector<int64_t> sorted = computed;
  std::sort(sorted.begin(), sorted.end());
  const auto index = static_cast<size_t>(p * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

CacheTokens CacheRun::all() const {
  CacheTokens sum;
  for (const CacheTokens& some : actions) {
    sum.n_actions += some.n_actions;
    sum.n_typed_through += some.n_typed_through;
    sum.n_tokens += some.n_tokens;
    sum.n_cursor += some.n_cursor;
    sum.n_prefix_pages += some.n_prefix_pages;
    sum.n_segments += some.n_segments;
    sum.n_computed += some.n_computed;
    sum.n_whole_hits += some.n_whole_hits;
    sum.computed.insert(sum.computed.end(), some.computed.begin(), some.computed.end());
  }
  return sum;
}

Result<CacheBenchResult> bench_cache(const Repository& repository,
                                     const std::vector<assist::ContextMode>& modes,
                                     const CacheBenchOptions& options) {
  const std::vector<const CorpusFile*> files = choose_files(repository, options);
  if (files.empty()) return not_found_error("the work tree has no file of code to type in");
  CacheBenchResult result = {.n_files = static_cast<int64_t>(repository.files.size())};
  Progress progress("keys", options.n_actions * static_cast<int64_t>(modes.size()));
  for (const assist::ContextMode mode : modes) {
    ASSIGN_OR_RETURN(const auto engine, engine::Engine::load(options.engine));
    if (!engine->config().fim)
      return invalid_argument_error("the model was not trained to fill in the middle");
    result.device = engine->stats().device;
    result.kernels = engine->stats().kernels;
    ASSIGN_OR_RETURN(const auto desk, Desk::open(repository));
    Typist typist(*engine, *desk, mode, options, progress);
    ASSIGN_OR_RETURN(CacheRun run, typist.work(files));
    result.runs.push_back(std::move(run));
  }
  return result;
}

}  // namespace rondo::bench
