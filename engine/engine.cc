#include "engine/engine.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/choose_device.h"
#include "engine/generation.h"
#include "engine/scheduler.h"
#include "kernels/launch.h"

namespace rondo::engine {
namespace {

// Rows of a step: on the CPU as many as keep a keystroke from waiting, on a GPU as many as fill it.
constexpr int32_t kCpuChunk = 64, kCpuBackgroundChunk = 32;
constexpr int32_t kGpuChunk = 1024, kGpuBackgroundChunk = 512;

EngineOptions with_defaults(EngineOptions options, const Device& device) {
  const bool is_cpu = device.is_cpu();
  if (options.prefill_chunk_tokens <= 0)
    options.prefill_chunk_tokens = is_cpu ? kCpuChunk : kGpuChunk;
  if (options.background_chunk_tokens <= 0)
    options.background_chunk_tokens = is_cpu ? kCpuBackgroundChunk : kGpuBackgroundChunk;
  return options;
}

}  // namespace

struct Engine::Impl {
  Impl(const EngineOptions& asked, Tokenizer tokenizer, ChosenDevice chosen, Model model,
       PagePool pages)
      : device(std::move(chosen.device)),
        options(with_defaults(asked, *device)),
        tokenizer(std::move(tokenizer)),
        vocabulary(this->tokenizer),
        model(std::move(model)),
        pages(std::move(pages)),
        store(this->model.digest()) {
    counters.device = device->name();
    counters.no_gpu = std::move(chosen.no_gpu);
    counters.kernels = device->kernels().name;
    counters.n_threads = device->n_threads();
    counters.weight_bytes = this->model.weights().packed_bytes();
    counters.n_pages = this->pages.n_pages();
    counters.kv_bytes = this->pages.n_pages() * this->pages.page_bytes();
    publish_stats();
    thread = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  void run(std::stop_token stop);
  void take_inbox(std::stop_token stop);
  void work();
  void decode(Priority priority);
  void finish(Generation& generation, bool was_cancelled);
  void publish_stats();

  const std::unique_ptr<Device> device;  // first: goes after all that has its memory
  const EngineOptions options;
  const Tokenizer tokenizer;
  const ByteVocabulary vocabulary;

  // The engine thread's own.
  Model model;
  PagePool pages;
  SegmentStore store;
  CursorTable cursors;
  EngineStats counters;
  EngineParts parts{options, tokenizer, vocabulary, model, pages, store, cursors, counters};
  Scheduler scheduler{pages.n_pages()};
  std::vector<float> logits;  // f32 [T, V] of a decode step

  // Where other threads meet it.
  std::mutex mutex;
  std::condition_variable_any wake;
  std::vector<Request> inbox;          // guarded by mutex
  std::vector<std::string> forgotten;  // prefixes of cursors; guarded by mutex
  EngineStats published;               // guarded by mutex

  std::jthread thread;  // last: stops before anything it uses goes
};

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  ASSIGN_OR_RETURN(ChosenDevice chosen, choose_device(options));
  const bool may_fall_back = options.device.empty() && !chosen.device->is_cpu();
  Result<std::unique_ptr<Engine>> engine = load_on(std::move(chosen), options);
  if (engine.ok() || !may_fall_back) return engine;
  const Code code = engine.status().code();
  if (code != Code::kResourceExhausted && code != Code::kUnavailable) return engine;
  EngineOptions on_cpu = options;
  on_cpu.device = "cpu";
  ASSIGN_OR_RETURN(chosen, choose_device(on_cpu));
  chosen.no_gpu = engine.status().message();
  return load_on(std::move(chosen), options);
}

Result<std::unique_ptr<Engine>> Engine::load_on(ChosenDevice chosen, const EngineOptions& options) {
  ASSIGN_OR_RETURN(ModelConfig config, ModelConfig::load(options.model));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::load(options.model));
  if (const Status status = resolve_special_tokens(config, tokenizer); !status.ok()) {
    return Status(status.code(), options.model + ": " + status.message());
  }
  ASSIGN_OR_RETURN(Model model, Model::load(options.model, config, *chosen.device));
  ASSIGN_OR_RETURN(PagePool pages, PagePool::create(config, *chosen.device, options.kv_bytes));
  return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(
      options, std::move(tokenizer), std::move(chosen), std::move(model), std::move(pages))));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

const ModelConfig& Engine::config() const { return impl_->model.config(); }
const Tokenizer& Engine::tokenizer() const { return impl_->tokenizer; }

void Engine::submit(Request request) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->inbox.push_back(std::move(request));
  }
  impl_->wake.notify_one();
}

void Engine::forget_cursors(std::string prefix) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->forgotten.push_back(std::move(prefix));
  }
  impl_->wake.notify_one();
}

EngineStats Engine::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->published;
}

void Engine::Impl::run(std::stop_token stop) {
  device->attach();
  while (!stop.stop_requested()) {
    take_inbox(stop);
    if (!scheduler.idle()) work();
    publish_stats();
  }
  take_inbox(stop);
  scheduler.fail_all(cancelled_error("the engine is shutting down"));
}

// Moves new requests to the scheduler; sleeps when there is nothing to do at all.
void Engine::Impl::take_inbox(std::stop_token stop) {
  std::vector<Request> arrived;
  std::vector<std::string> prefixes;
  {
    std::unique_lock lock(mutex);
    if (scheduler.idle()) {
      wake.wait(lock, stop, [this] { return !inbox.empty() || !forgotten.empty(); });
    }
    arrived = std::exchange(inbox, {});
    prefixes = std::exchange(forgotten, {});
  }
  for (const std::string& prefix : prefixes) cursors.forget(prefix);
  for (Request& request : arrived)
    scheduler.add(std::make_unique<Generation>(std::move(request), parts));
}

// One step of whoever's turn it is.
void Engine::Impl::work() {
  const int64_t n_dropped = scheduler.drop_cancelled();
  counters.n_cancelled += n_dropped;
  counters.n_requests += n_dropped;
  if (scheduler.idle()) return;
  Generation& generation = scheduler.next();
  if (generation.decoding()) return decode(generation.priority());
  const bool was_cancelled = generation.cancelled();
  if (generation.step()) finish(generation, was_cancelled);
}

// One token for all that decode; as many rows as the kernels of few rows take (kernels.h), so that
// the answer to a request does not depend on the others.
void Engine::Impl::decode(Priority priority) {
  const std::vector<Generation*> batch = scheduler.decoding(priority, kernels::kFewRows);
  Step step;
  for (const Generation* generation : batch) generation->add_row(step);
  const auto v = static_cast<size_t>(model.config().vocab_size);
  const auto wants_logits = [](const Generation* generation) { return generation->wants_logits(); };
  const bool some_want_logits = std::any_of(batch.begin(), batch.end(), wants_logits);
  logits.resize(batch.size() * v);
  const std::vector<Sample> likeliest =
      model.decode(step, pages, some_want_logits ? logits.data() : nullptr);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (batch[i]->take(likeliest[i], std::span(logits).subspan(i * v, v))) finish(*batch[i], false);
  }
}

// Counts one that was answered, and lets it go.
void Engine::Impl::finish(Generation& generation, bool was_cancelled) {
  ++counters.n_requests;
  if (was_cancelled) ++counters.n_cancelled;
  if (auto deferred = generation.take_deferred();
      !deferred.empty() && !was_cancelled && generation.priority() == Priority::kInteractive) {
    Request later = {.priority = Priority::kBackground, .segments = std::move(deferred)};
    scheduler.add(std::make_unique<Generation>(std::move(later), parts));
  }
  scheduler.remove(generation);
}

void Engine::Impl::publish_stats() {
  counters.n_free_pages = pages.n_free();
  counters.n_segments = store.n_segments();
  counters.n_segment_tokens = store.n_tokens();
  counters.n_evicted_segments = store.n_evicted();
  counters.n_queued = scheduler.n_queued();
  const std::lock_guard lock(mutex);
  published = counters;
}

}  // namespace rondo::engine
