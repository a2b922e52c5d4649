#include "bench/completion_bench.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <optional>
#include <random>
#include <thread>

#include "assist/completion.h"
#include "assist/fim_prompt.h"
#include "bench/typing_trace.h"
#include "engine/engine.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/scanner.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMaxFileBytes = 1 << 20;

// A workspace, indexed, and a text of it to type in.
struct Workspace {
  workspace::BlockIndex index;
  std::vector<std::string> paths;
  std::string path;
  workspace::TextSnapshot text;
};

Status read_workspace(const std::string& root, Workspace& workspace) {
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(root));
  workspace::BlockQueries queries;
  workspace::Chunker chunker(queries);
  const auto add = [&](const std::string& path) {
    auto bytes = workspace::read_source(scanner.root(), path, kMaxFileBytes);
    if (!bytes.ok()) return;
    const auto text = std::make_shared<const workspace::Text>(std::move(*bytes));
    const workspace::Language& language = workspace::language_of_file(path, text->bytes());
    auto chunked = chunker.chunk(language, text);
    if (!chunked.ok()) return;
    workspace.paths.push_back(path);
    // Type in the longest file of code that is not huge: it has definitions to use and to be used.
    const bool code = language.chunking == workspace::Chunking::kSyntax;
    const bool better = workspace.text == nullptr || text->size() > workspace.text->size();
    if (code && better && text->size() < 60'000) {
      workspace.path = path;
      workspace.text = text;
    }
    workspace.index.replace(
        {.path = path, .language = &language, .text = text, .blocks = std::move(chunked->blocks)});
  };
  ASSIGN_OR_RETURN(const auto summary, scanner.scan(add, {}));
  if (workspace.text == nullptr) return not_found_error(root + " has no source file to type in");
  return {};
}

// Completes at one state of a document and waits for the answer.
class Typist {
 public:
  Typist(assist::Completer& completer, const Workspace& workspace, int32_t max_tokens)
      : completer_(completer), workspace_(workspace), max_tokens_(max_tokens) {}

  struct Answer {
    double ms = 0;
    assist::CompletionOutcome outcome;
  };
  Answer complete(const std::string& text, int64_t offset) {
    auto document = std::make_shared<workspace::Document>();
    document->path = workspace_.path;
    document->language = &workspace::language_of_file(document->path, text);
    document->text = std::make_shared<const workspace::Text>(text);
    std::promise<assist::CompletionOutcome> promise;
    const auto begin = Clock::now();
    completer_.complete(
        {.document = document, .offset = offset, .client = "bench", .max_tokens = max_tokens_}, {},
        [&](Result<assist::CompletionOutcome> outcome) {
          promise.set_value(std::move(outcome).value());
        });
    auto outcome = promise.get_future().get();
    return {.ms = std::chrono::duration<double, std::milli>(Clock::now() - begin).count(),
            .outcome = std::move(outcome)};
  }

 private:
  assist::Completer& completer_;
  const Workspace& workspace_;
  const int32_t max_tokens_;
};

double percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<size_t>(p * static_cast<double>(values.size())))];
}

Latencies latencies(const std::vector<double>& ms) {
  return {.n = static_cast<int32_t>(ms.size()),
          .p50_ms = percentile(ms, 0.5),
          .p95_ms = percentile(ms, 0.95)};
}

CacheState state_of(const assist::CompletionReport& report) {
  if (report.typed_through) return CacheState::kTypedThrough;
  if (report.n_encoded_tokens > 0) return CacheState::kCold;
  return 2 * report.n_cached_tokens >= report.n_prompt_tokens ? CacheState::kCursorHit
                                                              : CacheState::kSegmentHit;
}

FirstAnswer first_answer(const std::vector<assist::CompletionReport>& reports) {
  const auto median = [&](const auto& value_of) {
    std::vector<double> values;
    for (const assist::CompletionReport& report : reports) values.push_back(value_of(report));
    return percentile(std::move(values), 0.5);
  };
  using Report = const assist::CompletionReport&;
  const auto ms = [](std::chrono::microseconds time) {
    return static_cast<double>(time.count()) / 1e3;
  };
  return {.choose_ms = median([&](Report r) { return ms(r.context + r.tokenize); }),
          .segments_ms = median([&](Report r) { return ms(r.engine.segments); }),
          .prompt_ms = median([&](Report r) { return ms(r.engine.prefill); }),
          .decode_ms = median([&](Report r) { return ms(r.engine.decode); }),
          .encoded_tokens = median([](Report r) { return double(r.n_encoded_tokens); }),
          .prompt_tokens =
              median([](Report r) { return double(r.n_prompt_tokens - r.n_cached_tokens); })};
}

struct TypingRun {
  std::vector<double> ms[kCacheStates];
  std::vector<double> jump_ms;
  std::vector<assist::CompletionReport> jumps;
  std::vector<double> new_tokens;
  std::vector<double> tokenize_us;
  std::vector<double> segment_tokens;

  TypingSummary summary() const {
    TypingSummary summary = {.jumps = latencies(jump_ms),
                             .at_jumps = first_answer(jumps),
                             .median_new_tokens = percentile(new_tokens, 0.5),
                             .p95_new_tokens = percentile(new_tokens, 0.95)};
    for (int32_t i = 0; i < kCacheStates; ++i) summary.states[i] = latencies(ms[i]);
    return summary;
  }
};

TypingRun type(Typist& typist, const Workspace& workspace, const CompletionBenchOptions& options,
               uint32_t seed) {
  TypingRun run;
  const auto act = [&](const TypingState& state) {
    const bool jumps = state.action == Action::kJump;
    std::this_thread::sleep_for(
        std::chrono::milliseconds(jumps ? options.jump_pause_ms : options.pause_ms));
    const auto answer = typist.complete(state.text, state.offset);
    const assist::CompletionReport& report = answer.outcome.report;
    run.ms[static_cast<int32_t>(state_of(report))].push_back(answer.ms);
    if (jumps) {
      run.jump_ms.push_back(answer.ms);
      run.jumps.push_back(report);
      return true;
    }
    if (report.typed_through) return true;
    run.new_tokens.push_back(report.n_prompt_tokens - report.n_cached_tokens);
    run.tokenize_us.push_back(static_cast<double>(report.tokenize.count()));
    run.segment_tokens.push_back(report.n_segment_tokens);
    return true;
  };
  type_trace(workspace.text->bytes(),
             {.n_actions = options.n_actions, .most_keys = options.most_keys, .seed = seed}, act);
  return run;
}

// Keeps the engine and the cores as busy as a fresh index would: Blocks of the workspace are
// encoded in the background and files are parsed, over and over.
class BackgroundWork {
 public:
  BackgroundWork(engine::Engine& engine, const Workspace& workspace, const std::string& root)
      : thread_([&engine, &workspace, root](std::stop_token stop) {
          workspace::BlockQueries queries;
          workspace::Chunker chunker(queries);
          for (int64_t round = 0; !stop.stop_requested(); ++round) {
            for (const std::string& path : workspace.paths) {
              if (stop.stop_requested()) return;
              auto bytes = workspace::read_source(root, path, kMaxFileBytes);
              if (!bytes.ok()) continue;
              const auto text = std::make_shared<const workspace::Text>(std::move(*bytes));
              const auto chunked =
                  chunker.chunk(workspace::language_of_file(path, text->bytes()), text);
              if (!chunked.ok() || chunked->blocks.empty()) continue;
              encode(engine, stop, path + std::to_string(round), text, chunked->blocks);
            }
          }
        }) {}

 private:
  static void encode(engine::Engine& engine, std::stop_token stop, const std::string& path,
                     const workspace::TextSnapshot& text,
                     const std::vector<workspace::Block>& blocks) {
    engine::Request request = {.priority = engine::Priority::kBackground, .cancel = stop};
    for (size_t i = 0; i < std::min<size_t>(blocks.size(), 8); ++i) {
      request.segments.push_back(assist::block_segment(engine.config(), engine.tokenizer(), path,
                                                       text->slice(blocks[i].bytes)));
    }
    request.segment_deadline = std::chrono::seconds(60);
    request.stop.max_tokens = 0;
    std::promise<void> done;
    request.on_done = [&done](Result<engine::Completion>) { done.set_value(); };
    engine.submit(std::move(request));
    done.get_future().wait();
  }

  std::jthread thread_;
};

}  // namespace

Result<CompletionBenchResult> bench_completion(const CompletionBenchOptions& options) {
  Workspace workspace;
  RETURN_IF_ERROR(read_workspace(options.workspace, workspace));
  ASSIGN_OR_RETURN(const auto engine, engine::Engine::load({.model = options.model,
                                                            .device = options.device,
                                                            .kernels = options.kernels,
                                                            .n_threads = options.n_threads}));
  assist::Completer completer(*engine, workspace.index, {.context_tokens = options.context_tokens});
  Typist typist(completer, workspace, options.max_new_tokens);
  CompletionBenchResult result = {.device = engine->stats().device,
                                  .kernels = engine->stats().kernels,
                                  .n_threads = options.n_threads,
                                  .n_files = static_cast<int64_t>(workspace.paths.size())};
  result.first_ms = typist.complete(workspace.text->bytes(), workspace.text->size() / 2).ms;
  const TypingRun quiet = type(typist, workspace, options, options.seed);
  result.quiet = quiet.summary();
  result.median_tokenize_us = percentile(quiet.tokenize_us, 0.5);
  result.n_segment_tokens = static_cast<int32_t>(percentile(quiet.segment_tokens, 0.5));
  const BackgroundWork background(*engine, workspace, options.workspace);
  result.while_indexing = type(typist, workspace, options, options.seed + 1).summary();
  return result;
}

}  // namespace rondo::bench
